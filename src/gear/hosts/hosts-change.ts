// SPDX-License-Identifier: Apache-2.0
/**
 * A change on several hosts, which is kept by all of them or by none (two phases, presumed abort). Nobody has to be trusted to
 * live on:
 *
 *     phase     what a host does by itself when the connection breaks
 *     open      nothing was begun
 *     prepare   forgets it: nothing has been touched
 *     switch    goes back
 *     watch     goes back
 *     pledge    waits for as long as it promised, then goes back
 *     keep      stays
 *
 * `keep` is said only when all have promised, and to all at once; a host that it does not reach can be told until its promise has run
 * out, and afterwards that the others have stayed (`settle`). This program writes nothing down: the hosts are what is recorded.
 */
import { randomUUID } from "node:crypto";
import { AtomicError, type ProgressListener, stage, unlessAborted } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import type { Forward } from "../generation/change.ts";
import type { ChangeReport } from "../generation/deploy.ts";
import type { Transaction } from "../generation/model.ts";
import { printable } from "../generation/problem.ts";
import type { Name } from "../name.ts";
import type { Host } from "./host-name.ts";
import type { HostReport, HostsReport } from "./model.ts";
import type { HostSession } from "./session.ts";
import { settleOn } from "./settle-on-hosts.ts";

export interface HostsChangeRequest {
  readonly application: Name;
  readonly kind: HostsReport["kind"];
  readonly sessions: readonly HostSession[];
  /** Names of hosts that are switched one after the other; those of one step at the same time. */
  readonly steps: readonly (readonly string[])[];
  /** Has a host record its part of it. */
  readonly prepare: (session: HostSession, transaction: Transaction) => Promise<unknown>;
  /** Longest that the health of units may be watched, in milliseconds; undefined is not known here. */
  readonly watchLimit?: number;
  /** How long a host that has lost the connection at the very end waits before it goes back, in milliseconds. */
  readonly patience: number;
  readonly progress: ProgressListener;
  /** Takes it back. */
  readonly signal: AbortSignal | undefined;
}

/** For a host to look at its units once more at the deadline of their health, and to read what failed ones wrote. */
const lookMs = 120_000;
/** For `keep` to be answered on a connection that stands. */
const answerMs = 30_000;
/** For a host that was lost to say that it went back. */
const lostMs = 15_000;

export class HostsChange {
  readonly #request: HostsChangeRequest;
  readonly #sessions: readonly HostSession[];
  readonly #id = transactionId();

  constructor(request: HostsChangeRequest) {
    this.#request = request;
    this.#sessions = request.sessions;
  }

  async run(): Promise<HostsReport> {
    const reason = await this.#attempt();
    return reason === undefined ? this.#keep() : this.#back(reason);
  }

  /** @returns why it does not come through; the first trouble ends it on all hosts */
  async #attempt(): Promise<string | undefined> {
    const { progress, signal } = this.#request;
    try {
      const steps = async () => {
        await Promise.all(this.#sessions.map((session) => this.#prepare(session)));
        await stage(progress, "switch", "Units", () => this.#switch());
        await stage(progress, "health", "Health", () => this.#watch());
        signal?.throwIfAborted();
        await this.#pledge();
      };
      await unlessAborted(signal, steps());
      return undefined;
    } catch (error) {
      if (signal?.aborted === true) return "it was interrupted";
      if (error instanceof AtomicError) return error.message;
      throw error;
    }
  }

  async #prepare(session: HostSession): Promise<void> {
    const hosts = this.#sessions.map(({ host }) => host.name);
    await this.#request.prepare(session, { id: this.#id, host: session.host.name, hosts });
  }

  async #switch(): Promise<void> {
    for (const step of this.#request.steps) {
      const sessions = this.#sessions.filter(({ host }) => step.includes(host.name));
      await Promise.all(sessions.map(async (session) => refuseTrouble(session, await session.request("switch", {}))));
    }
  }

  async #watch(): Promise<void> {
    const { watchLimit } = this.#request;
    const limit = watchLimit === undefined ? undefined : watchLimit + lookMs;
    await Promise.all(
      this.#sessions.map(async (session) => refuseTrouble(session, await session.request("watch", {}, limit))),
    );
  }

  /** What took so long that the first promise may have run out is worth nothing. */
  async #pledge(): Promise<void> {
    const { patience } = this.#request;
    const began = performance.now();
    const given = { milliseconds: patience };
    await Promise.all(this.#sessions.map((session) => session.request("pledge", given)));
    if (performance.now() - began > patience / 2) throw gearError("host", "the hosts took too long to promise to wait");
  }

  /** The decision: it is with every connection before any answer is waited for. */
  async #keep(): Promise<HostsReport> {
    const asked = this.#sessions.map((session) => ({ session, answer: session.request("keep", {}) }));
    const hosts = await Promise.all(asked.map(({ session, answer }) => this.#kept(session, answer)));
    const isWhole = hosts.every(({ lost }) => lost === undefined);
    const isSame = hosts.every(({ report }) => report?.outcome === "unchanged");
    const reason = isWhole ? undefined : "not all hosts said that they stayed with it";
    return this.#report(isWhole ? (isSame ? "unchanged" : "done") : "failed", reason, hosts);
  }

  async #kept({ host }: HostSession, answer: Promise<ChangeReport>): Promise<HostReport> {
    try {
      const limit = AbortSignal.timeout(answerMs);
      return { host: host.name, report: await unlessAborted(limit, answer), lost: undefined };
    } catch {
      // Its promise holds for as long as this goes on; later, it is brought to what the others run.
      return this.#settled(host, "keep", this.#request.patience + answerMs);
    }
  }

  async #back(reason: string): Promise<HostsReport> {
    const hosts = await Promise.all(
      this.#sessions.map(async (session): Promise<HostReport> => {
        try {
          const report = await session.request("back", { reason });
          return { host: session.host.name, report, lost: undefined };
        } catch (error) {
          if (!(error instanceof AtomicError)) throw error;
          return this.#settled(session.host, "back", lostMs);
        }
      }),
    );
    const isBack = hosts.every(({ report, lost }) => lost === undefined && report?.outcome !== "failed");
    return this.#report(isBack ? "taken-back" : "failed", reason, hosts);
  }

  async #settled(host: Host, decision: "keep" | "back", within: number): Promise<HostReport> {
    const { application } = this.#request;
    try {
      const { state } = await settleOn(host, { application, transaction: this.#id, decision }, within);
      const isEnded = state === (decision === "keep" ? "kept" : "back") || state === "unknown";
      return { host: host.name, report: undefined, lost: isEnded ? undefined : `its change is ${state}` };
    } catch (error) {
      if (!(error instanceof AtomicError)) throw error;
      return { host: host.name, report: undefined, lost: error.message };
    }
  }

  #report(outcome: HostsReport["outcome"], reason: string | undefined, hosts: readonly HostReport[]): HostsReport {
    const { application, signal, kind } = this.#request;
    const interrupted = outcome !== "done" && signal?.aborted === true;
    return { application, kind, transaction: this.#id, outcome, reason, interrupted, hosts };
  }
}

/** The later one is greater, by this machine's clock. */
const transactionId = () => `${new Date().toISOString()}-${randomUUID().slice(0, 8)}`;

function refuseTrouble({ host }: HostSession, { reason, problems }: Forward): void {
  if (reason === undefined) return;
  const log = problems.flatMap((problem) => problem.log.map((line) => `\n  | ${printable(String(line))}`));
  throw gearError("host", `${host.name}: ${printable(String(reason))}${log.slice(0, 10).join("")}`);
}
