// SPDX-License-Identifier: Apache-2.0
/** Cuts a scenario short at its calls, one after the other, and looks at what is left each time. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "../../src/base/index.ts";
import { cleanup, rollback, status, Sysroot } from "../../src/host/index.ts";
import { bundleOperation, cutShort, type Fault, recordCalls } from "./cut-short.ts";
import { CrashStates } from "./crash-states.ts";
import { type Call, fillable, takesSpace } from "./record-calls.ts";
import { type Scenario, type ScenarioName, scenarios } from "./scenarios.ts";
import { diskView, listFiles } from "./tree-view.ts";
import { whatBoots } from "./what-boots.ts";

export interface Totals {
  /** Calls of one run. */
  readonly calls: number;
  /** Runs that were cut short, by what happened. */
  readonly runs: Readonly<Record<Fault, number>>;
}

export interface TortureOptions {
  /** Every how many calls each fault happens. */
  readonly every: Readonly<Record<Fault, number>>;
  /** At the same time. */
  readonly jobs: number;
}

export const faults: readonly Fault[] = ["kill", "EIO", "ENOSPC", "full"];

/** A scenario that is ready: what it starts from, and what one undisturbed run does. */
export class Torture implements Disposable {
  readonly #name: ScenarioName;
  readonly #scenario: Scenario;
  readonly #directory: string;
  readonly #program: string;
  readonly calls: readonly Call[];
  readonly #clean: ReadonlySet<string>;

  private constructor(name: ScenarioName, directory: string, program: string, calls: Call[], clean: Set<string>) {
    this.#name = name;
    this.#scenario = scenarios[name];
    this.#directory = directory;
    this.#program = program;
    this.calls = calls;
    this.#clean = clean;
  }

  static async prepare(name: ScenarioName, scratch: string): Promise<Torture> {
    const scenario: Scenario = scenarios[name];
    const directory = mkdtempSync(join(scratch, "scenario-"));
    const base = join(directory, "base");
    mkdirSync(base);
    await scenario.prepare(base);
    const program = await bundleOperation(directory);
    const work = join(directory, "whole");
    copy(base, work);
    const calls = await recordCalls([program, name, work], work, join(directory, "calls"));
    assert.equal(boots(work, scenario), scenario.boots.at(-1));
    assert.ok(calls.length > 20, `${name}: ${calls.length} calls`);
    assert.ok(scenario.threads ?? calls.every(({ main }) => main), `${name}: calls of other threads`);
    await cleanup(Sysroot.open(join(work, "sysroot")), {});
    return new Torture(name, directory, program, calls, inventory(work));
  }

  /** Looks at what boots in each state that a power cut may leave. @returns how many there are */
  cutPower(): number {
    const before = join(this.#directory, "base/sysroot");
    const states = new CrashStates(before, this.calls, join(this.#directory, "whole/sysroot"));
    const { boots: allowed } = this.#scenario;
    let count = 0;
    for (const { view, what } of states.views()) {
      count++;
      try {
        const version = whatBoots(view, allowed[0] !== undefined);
        assert.ok(allowed.includes(version), `${version} boots`);
      } catch (error) {
        throw new Error(`${this.#name}: ${what}`, { cause: error });
      }
    }
    return count;
  }

  async run({ every, jobs }: TortureOptions): Promise<Totals> {
    const runs: Record<Fault, number> = { kill: 0, EIO: 0, ENOSPC: 0, full: 0 };
    const queue = faults.flatMap((fault) => this.#points(fault, every[fault]).map((at) => ({ fault, at })));
    const worker = async (number: number): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        if (await this.#cut(next.at, next.fault, join(this.#directory, `work${number}`))) runs[next.fault]++;
      }
    };
    await Promise.all(Array.from({ length: jobs }, (_, number) => worker(number)));
    return { calls: this.calls.length, runs };
  }

  /** The last call is always among them. */
  #points(fault: Fault, step: number): number[] {
    // From which call on the disk is full has no meaning where threads take turns as they like.
    if (this.#scenario.threads === true && fault === "full") return [];
    const fitting = [...this.calls.keys()].filter(
      (at) =>
        fault === "kill" || fault === "EIO" || (fault === "full" ? fillable : takesSpace).test(this.calls[at]!.name),
    );
    return fitting.filter((_, index) => (fitting.length - 1 - index) % step === 0);
  }

  /** False: the call was not met. What is left must be whole all the same. */
  async #cut(at: number, fault: Fault, work: string): Promise<boolean> {
    const { name, occurrence, paths } = this.calls[at]!;
    copy(join(this.#directory, "base"), work);
    const directories = { recorded: join(this.#directory, "whole"), work };
    const cut = { calls: this.calls, at, fault, byPath: this.#scenario.threads === true, directories };
    const ended = await cutShort([this.#program, this.#name, work], cut);
    try {
      assert.ok(!ended.hit || isExpected(ended, fault), `it ended with ${ended.signal ?? ended.code}`);
      await this.#judge(work, ended.code === 0);
    } catch (error) {
      const what = `${this.#name}: ${fault} at call ${at}, ${name} ${occurrence} of ${paths.join(" ")}`;
      throw new Error(`${what}\n${ended.errors}`, { cause: error });
    }
    return ended.hit;
  }

  /** What must hold however it was cut short. */
  async #judge(work: string, done: boolean): Promise<void> {
    const { boots: allowed, change } = this.#scenario;
    const version = boots(work, this.#scenario);
    const after = allowed.at(-1);
    assert.ok(done ? version === after : allowed.includes(version), `${version} boots`);
    const path = join(work, "sysroot");
    const known = status(Sysroot.open(path)).deployments.filter(({ staged }) => !staged);
    assert.equal(known[0]?.version, version, "what the status says");
    if (known.length > 1) await this.#turnBack(path);
    await change(work);
    assert.equal(boots(work, this.#scenario), after, "what boots after the next run");
    await cleanup(Sysroot.open(path), {});
    const left = inventory(work);
    const difference = { more: [...left].filter((name) => !this.#clean.has(name)), less: this.#clean.difference(left) };
    assert.deepEqual(difference, { more: [], less: new Set() }, "what is left in the end");
    execFileSync("ostree", ["fsck", "-q", `--repo=${path}/ostree/repo`], { stdio: ["ignore", "ignore", "pipe"] });
  }

  /** A rollback works, and so does the one that takes it back. */
  async #turnBack(path: string): Promise<void> {
    const before = whatBoots(diskView(path), true);
    await rollback(Sysroot.open(path));
    assert.notEqual(whatBoots(diskView(path), true), before, "rollback");
    await rollback(Sysroot.open(path));
    assert.equal(whatBoots(diskView(path), true), before, "second rollback");
  }

  [Symbol.dispose](): void {
    removeTree(this.#directory);
  }
}

function isExpected({ code, signal }: { code: number | null; signal: string | null }, fault: Fault): boolean {
  if (fault === "kill") return signal === "SIGKILL" || code === 137;
  return code === 0 || code === 3 || (code === 4 && fault === "EIO");
}

function boots(work: string, scenario: Scenario): string | undefined {
  return whatBoots(diskView(join(work, "sysroot")), scenario.boots[0] !== undefined);
}

/** With hard links, which deployments share with the repository, and the immutable flag left behind. */
function copy(from: string, to: string): void {
  removeTree(to);
  execFileSync("cp", ["-a", from, to]);
}

/** Tells why an update failed until another one succeeds. */
const failureNote = "boot/ostree/finalize-failure.stamp";

/** Every name in the system root, but for which of two boot versions and which serial it is. */
function inventory(work: string): Set<string> {
  const names = [...listFiles(diskView(join(work, "sysroot")), "").keys()].filter((name) => name !== failureNote);
  const plain = names.map((name) =>
    name
      .replace(/(loader|boot)\.[01](\.[01])?/, "$1.N")
      .replace(/\/heads\/ostree\/[01]\/[01]\//, "/heads/ostree/N/N/")
      .replace(/([0-9a-f]{64})\.[0-9]+(?=[./]|$)/, "$1.N"),
  );
  return new Set(plain);
}
