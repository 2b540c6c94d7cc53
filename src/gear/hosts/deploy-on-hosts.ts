// SPDX-License-Identifier: Apache-2.0
/**
 * A deployment on several hosts, which is kept by all of them or by none (two phases, presumed abort). Nobody has to be trusted to
 * live on:
 *
 *     phase     what a host does by itself when the connection breaks
 *     open      nothing was begun
 *     prepare   takes its generation back, which has not run
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
import type { EngineKind } from "../engine/model.ts";
import { gearError } from "../errors.ts";
import type { Forward, Who } from "../generation/change.ts";
import type { ChangeReport } from "../generation/deploy.ts";
import type { Source, Transaction } from "../generation/model.ts";
import type { PullPolicy } from "../generation/pin-images.ts";
import { printable } from "../generation/problem.ts";
import type { UpdatePolicy } from "../model.ts";
import type { Name } from "../name.ts";
import { checkFacts } from "./check-answers.ts";
import { everyHost } from "./each-host.ts";
import type { Host } from "./host-name.ts";
import type { HostReport, HostsReport } from "./model.ts";
import { type PinnedOnHosts, pinOnHosts } from "./pin-on-hosts.ts";
import type { HostsPlacement } from "./place-on-hosts.ts";
import type { HostFacts } from "./requests.ts";
import { type HostSession, openSessions } from "./session.ts";
import { settleOn } from "./settle-on-hosts.ts";

export interface HostsRequest extends Who {
  readonly application: Name;
  readonly hosts: readonly Host[];
  readonly tenant: Name | undefined;
  readonly engine: EngineKind;
  readonly source: Source;
  readonly policy: UpdatePolicy;
  /** Places its instances on the hosts, by what they say of themselves. */
  readonly place: (facts: ReadonlyMap<string, HostFacts>) => HostsPlacement;
  readonly pull: PullPolicy;
  readonly message: string | undefined;
  /** How long a host that has lost the connection at the very end waits before it goes back, in milliseconds. */
  readonly patience: number;
  readonly progress: ProgressListener;
  /** Takes the deployment back. */
  readonly signal?: AbortSignal;
}

/** @throws what hinders before anything was begun */
export async function deployOnHosts(request: HostsRequest): Promise<HostsReport> {
  const { hosts, progress, signal, policy, application } = request;
  if (!policy.autoRevert) {
    throw gearError(
      "unsupported",
      `${application}: auto-revert is off, which would leave hosts with different versions`,
    );
  }
  using sessions = await openSessions(hosts, "atomic gear agent --change", { progress });
  const { all } = sessions;
  const began = () =>
    stage(
      progress,
      "check",
      "Hosts",
      () => openAll(request, all),
      () => `${all.length} ready`,
    );
  const facts = await unlessAborted(signal, began());
  warnOfOthers(request, facts);
  const placement = request.place(facts);
  const plain = new Map(all.map(({ host }) => [host.name, placement.render(host.name, new Map())]));
  const check = everyHost(all, (session) => session.request("check", { rendered: plain.get(session.host.name)! }));
  await unlessAborted(signal, check);
  const wanted = new Map([...plain].map(([host, { images }]) => [host, images.map(({ reference }) => reference)]));
  const pin = () => pinOnHosts(all, wanted, request.pull);
  const images = await unlessAborted(
    signal,
    stage(progress, "pull", "Images", pin, ({ pins }) => `${pins.size} pinned`),
  );
  return await new HostsDeployment(request, all, placement, images).run();
}

async function openAll(request: HostsRequest, sessions: readonly HostSession[]): Promise<Map<string, HostFacts>> {
  const { application, tenant, engine, patience } = request;
  const opened = await everyHost(sessions, async (session) => {
    const { name } = session.host;
    return [
      name,
      checkFacts(name, await session.request("open", { application, tenant, engine, silence: patience })),
    ] as const;
  });
  return new Map(opened);
}

/** Instances on a host that is not named any more are made anew elsewhere; that host is not asked. */
function warnOfOthers({ application, progress }: HostsRequest, facts: ReadonlyMap<string, HostFacts>): void {
  const then = new Set([...facts.values()].flatMap(({ hostsThen }) => hostsThen.map(String)));
  for (const { calledThen } of facts.values()) then.delete(calledThen);
  for (const host of [...then].filter((name) => !facts.has(name)).map(printable)) {
    const text = `${host} ran it as well and was not named: atomic gear delete ${application} --host=${host}`;
    progress({ type: "warning", text });
  }
}

/** For `keep` to be answered on a connection that stands. */
const answerMs = 30_000;
/** For a host that was lost to say that it went back. */
const lostMs = 15_000;

class HostsDeployment {
  readonly #request: HostsRequest;
  readonly #sessions: readonly HostSession[];
  readonly #placement: HostsPlacement;
  readonly #images: PinnedOnHosts;
  readonly #id = randomUUID();

  constructor(
    request: HostsRequest,
    sessions: readonly HostSession[],
    placement: HostsPlacement,
    images: PinnedOnHosts,
  ) {
    this.#request = request;
    this.#sessions = sessions;
    this.#placement = placement;
    this.#images = images;
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
    const { source, policy, message, by, command } = this.#request;
    const { name } = session.host;
    const transaction: Transaction = { id: this.#id, host: name, hosts: this.#sessions.map(({ host }) => host.name) };
    await session.request("prepare", {
      source,
      policy,
      message,
      by,
      command,
      transaction,
      rendered: this.#placement.render(name, this.#images.pins),
      placed: this.#placement.placedOn(name),
      pulled: this.#images.pulled.get(name) ?? [],
    });
  }

  async #switch(): Promise<void> {
    for (const step of this.#placement.steps) {
      const sessions = this.#sessions.filter(({ host }) => step.includes(host.name));
      await Promise.all(sessions.map(async (session) => refuseTrouble(session, await session.request("switch", {}))));
    }
  }

  async #watch(): Promise<void> {
    await Promise.all(
      this.#sessions.map(async (session) => refuseTrouble(session, await session.request("watch", {}))),
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
    const { application, signal } = this.#request;
    const interrupted = outcome !== "done" && signal?.aborted === true;
    return { application, transaction: this.#id, outcome, reason, interrupted, hosts };
  }
}

function refuseTrouble({ host }: HostSession, { reason, problems }: Forward): void {
  if (reason === undefined) return;
  const log = problems.flatMap((problem) => problem.log.map((line) => `\n  | ${printable(String(line))}`));
  throw gearError("host", `${host.name}: ${printable(String(reason))}${log.slice(0, 10).join("")}`);
}
