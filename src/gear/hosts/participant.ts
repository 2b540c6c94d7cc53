// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../../base/index.ts";
import type { EngineKind } from "../engine/model.ts";
import { gearError } from "../errors.ts";
import {
  type ChangeResult,
  comeThrough,
  conclude,
  type Forward,
  switchForward,
  takeBack,
  watchForward,
} from "../generation/change.ts";
import { portsInUse, refuseConflicts } from "../generation/conflicts.ts";
import {
  beginDeployment,
  type ChangeReport,
  currentGeneration,
  reportChange,
  unchanged,
} from "../generation/deploy.ts";
import { takenPorts } from "../generation/listening.ts";
import { lockApplication } from "../generation/lock.ts";
import { recoverHeld } from "../generation/locked.ts";
import type { Generation } from "../generation/model.ts";
import { type PinnedImages, pinImages } from "../generation/pin-images.ts";
import { pledge, pledgedFor } from "../generation/pledge.ts";
import { beginRollback } from "../generation/rollback.ts";
import { GenerationStore } from "../generation/store.ts";
import type { Surroundings } from "../generation/surroundings.ts";
import type { Name } from "../name.ts";
import { tenantSettings, TenantStore } from "../tenant/index.ts";
import type { HostFacts, OpenRequest, PrepareRequest, Prepared, Requests } from "./requests.ts";

export type Connect = (engine: EngineKind, progress: ProgressListener) => Promise<Surroundings & Disposable>;

/** What a host was asked to change, from `prepare` on. */
interface Begun {
  readonly kind: "deploy" | "rollback";
  readonly from: Generation | undefined;
  /** Undefined: it has nothing of the application to run, now or before. */
  readonly to: Generation | undefined;
  readonly unchanged: boolean;
  /** When its units were started. */
  startedAt: number;
}

/**
 * A host's part of what is deployed on several. Until it has promised to wait (`pledge`) it goes back as soon as the connection
 * breaks; from then on, when the promise has run out and nobody has told it to stay, which what runs after it sees to.
 */
export class Participant {
  /** By which others may reach its ports. */
  readonly #address: string;
  readonly #connect: Connect;
  readonly #progress: ProgressListener;
  readonly #held = new DisposableStack();
  readonly #interrupt = new AbortController();
  #surroundings: Surroundings | undefined;
  #application: Name | undefined;
  #begun: Begun | undefined;
  #ended = false;
  /** The step that is under way, or was. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(address: string, connect: Connect, progress: ProgressListener) {
    this.#address = address;
    this.#connect = connect;
    this.#progress = progress;
  }

  async open({ application, tenant, engine }: OpenRequest): Promise<HostFacts> {
    if (this.#application !== undefined) throw gearError("host-answer", "an application is open already");
    this.#application = application;
    const store = new GenerationStore();
    const kind = engine ?? currentGeneration({ store }, application)?.engine ?? "podman";
    const surroundings = this.#held.use(await this.#connect(kind, this.#progress));
    this.#held.use(await lockApplication(store.root, application));
    this.#surroundings = surroundings;
    await recoverHeld(surroundings, application);
    const current = currentGeneration(surroundings, application);
    return {
      placed: current?.placed ?? [],
      transaction: current?.transaction?.id,
      calledThen: current?.transaction?.host ?? "localhost",
      hostsThen: current?.transaction?.hosts ?? [],
      portsInUse: portsInUse(store, application),
      tenant: tenant === undefined ? undefined : tenantSettings(new TenantStore(store.root).tenant(tenant)),
      address: this.#address,
    };
  }

  async check({ rendered }: Requests["check"]["given"]): Promise<object> {
    const { surroundings, application } = this.#opened();
    const current = currentGeneration(surroundings, application);
    await refuseConflicts(surroundings, rendered, current?.rendered, takenPorts());
    return {};
  }

  pin({ references, pull }: Requests["pin"]["given"]): Promise<PinnedImages> {
    const { surroundings } = this.#opened();
    return this.#step(() => pinImages(surroundings, references, pull, this.#interrupt.signal));
  }

  prepare(request: PrepareRequest): Promise<Prepared> {
    const { surroundings, application } = this.#opened();
    return this.#step(async () => {
      const from = currentGeneration(surroundings, application);
      if (from === undefined && request.rendered.units.size === 0) {
        this.#begun = { kind: "deploy", from, to: undefined, unchanged: true, startedAt: 0 };
      } else {
        const wanted = { ...request, application, kind: "deploy" } as const;
        const { generation, hasBegun } = await beginDeployment(surroundings, wanted);
        this.#begun = { kind: "deploy", from, to: generation, unchanged: !hasBegun, startedAt: 0 };
      }
      return { unchanged: this.#begun.unchanged };
    });
  }

  prepareRollback({ isConcerned, ...asked }: Requests["prepareRollback"]["given"]): Promise<Prepared> {
    const { surroundings, application } = this.#opened();
    return this.#step(async () => {
      const from = currentGeneration(surroundings, application);
      const wanted = { ...asked, application, generation: undefined, signal: this.#interrupt.signal };
      const to = isConcerned ? (await beginRollback(surroundings, wanted)).target : from;
      this.#begun = { kind: "rollback", from, to, unchanged: !isConcerned, startedAt: 0 };
      return { unchanged: !isConcerned };
    });
  }

  switch(): Promise<Forward> {
    return this.#step(async () => {
      const { surroundings, application, begun } = this.#underWay();
      if (begun.unchanged) return well;
      const { startedAt, ...outcome } = await switchForward(surroundings, application, this.#interrupt.signal);
      begun.startedAt = startedAt;
      return outcome;
    });
  }

  watch(): Promise<Forward> {
    return this.#step(async () => {
      const { surroundings, application, begun } = this.#underWay();
      if (begun.unchanged) return well;
      return watchForward(surroundings, application, begun.startedAt, this.#interrupt.signal);
    });
  }

  async pledge({ milliseconds }: Requests["pledge"]["given"]): Promise<object> {
    const { surroundings, application, begun } = this.#underWay();
    if (!begun.unchanged) pledge(surroundings.store, application, milliseconds);
    return {};
  }

  async keep(): Promise<ChangeReport> {
    const { surroundings, application, begun } = this.#underWay();
    this.#ended = true;
    if (begun.unchanged) return this.#unchanged(begun);
    return this.#report(begun, await conclude(surroundings, application, comeThrough));
  }

  /** What is under way ends first. */
  async back({ reason }: Requests["back"]["given"]): Promise<ChangeReport | undefined> {
    this.#interrupt.abort(gearError("interrupted", "interrupted; nothing was changed"));
    await this.#last.catch(() => {});
    if (this.#begun === undefined || this.#ended) return undefined;
    const { surroundings, application, begun } = this.#underWay();
    this.#ended = true;
    if (begun.unchanged) return this.#unchanged(begun);
    return this.#report(begun, await takeBack(surroundings, application, reason));
  }

  /** The connection has ended, whatever was to be done. */
  async leave(reason: string): Promise<void> {
    try {
      if (!this.#isPledged()) await this.back({ reason });
    } finally {
      this.#held.dispose();
    }
  }

  #isPledged(): boolean {
    if (this.#begun === undefined || this.#begun.unchanged || this.#ended) return false;
    const { surroundings, application } = this.#opened();
    const change = surroundings.store.record(application)?.change;
    return change !== undefined && pledgedFor(change) > 0;
  }

  #opened() {
    const [surroundings, application] = [this.#surroundings, this.#application];
    if (surroundings === undefined || application === undefined) throw gearError("host-answer", "nothing is open");
    return { surroundings, application };
  }

  #underWay() {
    if (this.#begun === undefined || this.#ended) throw gearError("host-answer", "nothing is under way");
    return { ...this.#opened(), begun: this.#begun };
  }

  /** Steps are taken one after the other; none after the host was told to go back. */
  #step<T>(work: () => Promise<T>): Promise<T> {
    const step = this.#last
      .catch(() => {})
      .then(() => {
        this.#interrupt.signal.throwIfAborted();
        return work();
      });
    this.#last = step;
    return step;
  }

  #report({ kind, from, to }: Begun, result: ChangeResult): Promise<ChangeReport> {
    const { surroundings, application } = this.#opened();
    return reportChange(surroundings, application, from, to, kind, result, false);
  }

  #unchanged({ kind, to }: Begun): ChangeReport {
    return unchanged(this.#opened().application, kind, to);
  }
}

const well: Forward = { problems: [], reason: undefined };
