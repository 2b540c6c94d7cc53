// SPDX-License-Identifier: Apache-2.0
/**
 * What a Lua scriptlet works upon: the tree as the thread's root directory, and a process that is not there. Its fork(2)
 * is done by running the script again: the results of all calls are written down, the first run goes on as the child
 * until that ends, and the second one, which is given the same results up to the fork, goes on as the parent.
 */
import { changeDirectory, setThreadUmask } from "../../../base/index.ts";
import { Arguments, type HostFunction, type HostLibrary, LuaError } from "./arguments.ts";
import { errnoResult } from "./system-errors.ts";
import { type Bytecode, compile, Interpreter, type Limits } from "./interpreter.ts";
import { prelude } from "./prelude.ts";
import { luaTable, type LuaValue } from "./value.ts";

/** What a process has of its own, and its children get a copy of. */
export interface ProcessState {
  cwd: string;
  umask: number;
  readonly env: Map<string, string>;
  /** Standard output and error that go to /dev/null. */
  readonly silenced: Set<number>;
}

/** How a program ended: by itself, or by a signal. */
export interface ProgramEnd {
  readonly code: number;
  readonly signal?: number;
}

/** A script that forks without end must not run for ever. */
const forkLimit = 64;

let compiled: Bytecode | undefined;

/** Compiled once in each thread: it is longer than most scripts. */
export function compiledPrelude(): Bytecode {
  return (compiled ??= compile(prelude, "prelude"));
}

/** Ends a run, of which only the effects stay. */
class RunEnded extends Error {}

export class LuaHost {
  process: ProcessState;
  /** The message and number of the last system call that failed. */
  lastError: readonly [string, number] = ["Success", 0];
  readonly #limits: Limits;
  readonly #functions = new Map<string, HostFunction>();
  readonly #names: Record<string, string[]> = {};
  #results: (readonly LuaValue[])[] = [];
  #replayed = 0;
  #child: { readonly parent: ProcessState } | undefined;
  #forks = 0;
  #ended = false;
  #failure: unknown;

  constructor(process: ProcessState, limits: Limits) {
    this.process = process;
    this.#limits = limits;
    this.add("posix", {
      fork: () => this.#fork(),
      wait: (args) => [args.number(1, this.#forks + pidBase)],
    });
  }

  add(library: string, functions: HostLibrary): void {
    for (const [name, action] of Object.entries(functions)) {
      this.#functions.set(`${library}.${name}`, action);
      (this.#names[library] ??= []).push(name);
    }
  }

  setUmask(mode: number): void {
    this.process.umask = mode;
    setThreadUmask(mode);
  }

  get inChild(): boolean {
    return this.#child !== undefined;
  }

  /** @returns the message of an error that the script did not catch */
  run(script: string, name: string, args: readonly string[]): string | undefined {
    const table = luaTable(args.map((text, index) => (index === 0 ? text : numberOrText(text))));
    for (;;) {
      this.#replayed = 0;
      this.#ended = false;
      const interpreter = new Interpreter((called, values) => this.#call(called, values), this.#limits);
      const names = Object.entries(this.#names).map(([library, list]) => [library, luaTable(list)]);
      const broken = interpreter.run(compiledPrelude(), "prelude", [luaTable([], Object.fromEntries(names))]);
      if (broken !== undefined) throw new Error(broken);
      // As rpm starts scripts (rpmluaRunScript).
      const message = interpreter.run(`local opt, arg = ...; ${script}`, name, [luaTable([]), table]);
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#child !== undefined && !this.#ended) this.#endChild();
      else if (!this.#ended) return message;
    }
  }

  /** Ends the child that runs: the next run is its parent. */
  endChild(): never {
    this.#endChild();
    throw new RunEnded();
  }

  #endChild(): void {
    if (this.#child === undefined) throw new Error("no child is running");
    this.process = this.#child.parent;
    setThreadUmask(this.process.umask);
    changeDirectory(this.process.cwd);
    this.#child = undefined;
    this.#results.push([this.#forks + pidBase]);
    this.#ended = true;
  }

  #fork(): readonly LuaValue[] {
    if (this.#child) throw new LuaError("fork not permitted in this context");
    if (++this.#forks > forkLimit) throw new LuaError(`more than ${forkLimit} forks`);
    const { cwd, umask, env, silenced } = this.process;
    this.#child = { parent: this.process };
    this.process = { cwd, umask, env: new Map(env), silenced: new Set(silenced) };
    return [0];
  }

  #call(name: string, values: readonly LuaValue[]): readonly LuaValue[] {
    // A script that catches errors could go on.
    if (this.#ended) throw new RunEnded();
    const known = this.#results[this.#replayed];
    if (known !== undefined && this.#child === undefined) {
      this.#replayed++;
      return known;
    }
    const results = this.#perform(name, values);
    if (this.#child === undefined) {
      this.#results.push(results);
      this.#replayed++;
    }
    return results;
  }

  #perform(name: string, values: readonly LuaValue[]): readonly LuaValue[] {
    const action = this.#functions.get(name);
    if (!action) throw new LuaError(`${name} is not available`);
    try {
      return action(new Arguments(name.slice(name.indexOf(".") + 1), values));
    } catch (error) {
      if (error instanceof LuaError || error instanceof RunEnded) throw error;
      const result = errnoResult(error);
      if (result === undefined) {
        this.#failure = error;
        this.#ended = true;
        throw error;
      }
      this.lastError = [result.text, result.errno];
      return [undefined, result.message, result.errno];
    }
  }
}

const pidBase = 1000;

/** rpm gives the counts of packages as numbers. */
function numberOrText(text: string): LuaValue {
  return /^\d+$/.test(text) ? Number(text) : text;
}
