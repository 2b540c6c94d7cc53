// SPDX-License-Identifier: Apache-2.0
import { fileLibrary, OpenFiles, systemLibrary } from "./files.ts";
import { LuaHost, type ProgramEnd } from "./host.ts";
import { Macros } from "./macros.ts";
import { posixLibrary } from "./posix.ts";
import { programLibraries, type Redirection, rpmLibrary } from "./rpm.ts";

export interface LuaScript {
  /** One character for each byte. */
  readonly script: string;
  /** For messages. */
  readonly name: string;
  /** The counts of packages that other scriptlets have as $1 and $2. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Macros beside those of the tree's files. */
  readonly macros: Readonly<Record<string, string>>;
  /** Paths for a file trigger. */
  readonly lines?: readonly string[];
  /** Seconds that it may take. */
  readonly timeLimit: number;
  /** Instructions that it may take. */
  readonly instructions?: number;
}

/** Some minutes; scripts of distributions take thousands. */
const instructionLimit = 2_000_000_000;

/** What a program that the script starts takes over. */
export interface ProcessView {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly silenced: ReadonlySet<number>;
}

/**
 * Runs a scriptlet in Lua upon the thread's root directory.
 * @param run called within that root
 * @returns the message of the error that ended it
 */
export function runLua(
  { script, name, args, env, macros: defined, lines, timeLimit, instructions = instructionLimit }: LuaScript,
  print: (text: string) => void,
  run: (
    command: readonly string[],
    redirection: Redirection,
    view: ProcessView,
  ) => ProgramEnd & { readonly output: Buffer },
): string | undefined {
  using files = new OpenFiles();
  const limits = { instructions, deadline: performance.now() + timeLimit * 1000 };
  const host = new LuaHost({ cwd: "/", umask: 0o022, env: new Map(Object.entries(env)), silenced: new Set() }, limits);
  const runProgram = (command: readonly string[], redirection: Redirection) => {
    const { cwd, env: now, silenced } = host.process;
    return run(command, redirection, { cwd, env: Object.fromEntries(now), silenced });
  };
  const programs = programLibraries(files, host, runProgram);
  host.add("posix", { ...posixLibrary(host), ...programs.posix });
  const macros = Macros.ofTree();
  for (const [macro, body] of Object.entries(defined)) macros.define(`${macro} ${body}`);
  host.add("rpm", rpmLibrary(files, macros, runProgram, lines));
  host.add("os", { ...systemLibrary(host), ...programs.os });
  host.add("io", { ...fileLibrary(files, host, print), ...programs.io });
  return host.run(script, name, ["<lua>", ...args]);
}
