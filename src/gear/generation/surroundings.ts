// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { type ProgressListener, run, unlessAborted, writeJournal } from "../../base/index.ts";
import type { Engine } from "../engine/model.ts";
import type { ServiceManager } from "../systemd/model.ts";
import type { HostDeployments } from "./model.ts";
import type { GenerationStore } from "./store.ts";

/** What deploying works on, and whom it tells. */
export interface Surroundings {
  readonly store: GenerationStore;
  readonly services: ServiceManager;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly progress: ProgressListener;
  /** Undefined where it is not known: then what goes with which host stays as it is recorded. */
  readonly host?: HostDeployments | undefined;
}

export interface Clock {
  /** Milliseconds since the epoch, for people. */
  date(): number;
  /** Milliseconds that only ever grow, for waiting. */
  now(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Comes after that time, until it is disposed of. */
  limit(milliseconds: number): TimeLimit;
}

export interface TimeLimit extends Disposable {
  readonly signal: AbortSignal;
}

export interface Journal {
  write(fields: Readonly<Record<string, string | number>>): Promise<void>;
  /** The last lines of one run of a unit. */
  tail(invocation: string, lines: number): Promise<readonly string[]>;
}

export const systemClock: Clock = {
  date: () => Date.now(),
  now: () => performance.now(),
  sleep: (milliseconds, signal) => unlessAborted(signal, sleep(milliseconds)),
  limit(milliseconds) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), milliseconds);
    return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

const journalSeconds = 10;

export const systemJournal: Journal = {
  async write(fields) {
    await writeJournal(fields);
  },
  async tail(invocation, lines) {
    const match = `_SYSTEMD_INVOCATION_ID=${invocation}`;
    // A tenant's units write to a namespace of the journal that is its own.
    const args = ["--quiet", "--no-pager", "--output=cat", "--namespace=*", `--lines=${lines}`, match];
    try {
      const { stdout } = await run("journalctl", args, { signal: AbortSignal.timeout(journalSeconds * 1000) });
      return stdout.split("\n").filter((line) => line.trim() !== "");
    } catch {
      // It is a help for who reads the reason, which is told without it as well.
      return [];
    }
  },
};
