// SPDX-License-Identifier: Apache-2.0
import { stage } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import type { UpdatePolicy } from "../model.ts";
import type { Name } from "../name.ts";
import type { PlacedInstance } from "../plan/model.ts";
import { beginChange, carryOut, type ChangeResult, generationOf, type Who } from "./change.ts";
import { compareImages, compareUnits, type ImageChange, isSameRendering, type UnitChanges } from "./compare.ts";
import { refuseConflicts } from "./conflicts.ts";
import { requireHost } from "./host-binding.ts";
import { editedUnits } from "./installed.ts";
import { takenPorts } from "./listening.ts";
import { lockHost } from "./lock.ts";
import { withApplication } from "./locked.ts";
import { makeGeneration, type RenderedRequest } from "./make-generation.ts";
import type { ChangeKind, Generation, HostDeployment, Pins, Rendered, Source } from "./model.ts";
import { pinImages, type PullPolicy } from "./pin-images.ts";
import { pruneGenerations } from "./prune.ts";
import type { Surroundings } from "./surroundings.ts";
import { stageForHost } from "./stage-for-host.ts";
import { withUpdateUnits } from "./update-units.ts";

export interface DeployRequest extends Who {
  readonly application: Name;
  readonly source: Source;
  readonly policy: UpdatePolicy;
  /** Places its instances. @param previous those of the generation that runs */
  readonly place: (previous: readonly PlacedInstance[]) => Placement;
  readonly pull: PullPolicy;
  /** Version of the host that its file asks for; what has one goes with the host. */
  readonly hostVersion?: string | undefined;
  /** Write it now, and switch to it when the host that is to boot next has booted. */
  readonly withHost?: boolean;
  /** What for. */
  readonly message: string | undefined;
  /** Takes the deployment back. */
  readonly signal?: AbortSignal;
}

/** An application whose instances have their ports. */
export interface Placement {
  readonly placed: readonly PlacedInstance[];
  /** What this host runs of it, with the images that are pinned so far. */
  readonly render: (pins: Pins) => Rendered;
}

/** What a change of an application came to. */
export interface ChangeReport extends Omit<ChangeResult, "outcome"> {
  readonly application: Name;
  readonly kind: ChangeKind;
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** `unchanged`: it is as it should be already; nothing was done. `waiting`: it is written, and waits for `host`. */
  readonly outcome: ChangeResult["outcome"] | "unchanged" | "waiting";
  readonly host?: HostDeployment;
  /** By the signal that was given. */
  readonly interrupted: boolean;
  readonly units: UnitChanges;
  readonly images: readonly ImageChange[];
  /** Generations that are kept no more. */
  readonly pruned: readonly number[];
}

/** Deploys what was read and rendered as a generation. */
export function deploy(surroundings: Surroundings, request: DeployRequest): Promise<ChangeReport> {
  return withApplication(surroundings, request.application, async () => {
    const current = currentGeneration(surroundings, request.application);
    refuseAlone(current);
    const host = requireHost(surroundings, request);
    const { placed, render } = placeRequest(request, current);
    const plain = render(new Map());
    await refuseConflicts(surroundings, plain, current?.rendered, takenPorts());
    const references = plain.images.map(({ reference }) => reference);
    const { pins, pulled } = await pinImages(surroundings, references, request.pull, request.signal);
    const ready = {
      ...request,
      kind: "deploy",
      rendered: render(pins),
      placed,
      pulled,
      withHost: host !== undefined,
    } as const;
    return request.withHost === true ? stageForHost(surroundings, ready, host!) : deployRendered(surroundings, ready);
  });
}

/** What several hosts run as one is changed on all of them, or they would run different versions. */
export function refuseAlone(current: Generation | undefined): void {
  const { hosts = [] } = current?.transaction ?? {};
  if (hosts.length < 2) return;
  const { application } = current!.rendered;
  throw gearError("several-hosts", `${application} is deployed on ${hosts.join(", ")} as one`, {
    hint: `atomic gear deploy FILE ${hosts.join(" ")}`,
  });
}

/** What is asked for, placed where the generation that runs has it, with what updates it. */
export function placeRequest(
  { place, policy }: Pick<DeployRequest, "place" | "policy">,
  current: Generation | undefined,
): Placement {
  const { placed, render } = place(current?.placed ?? []);
  return { placed, render: (pins) => withUpdateUnits(render(pins), policy) };
}

/** Deploys what is rendered with all its pins. The caller holds the application's lock. */
export async function deployRendered(surroundings: Surroundings, request: RenderedRequest): Promise<ChangeReport> {
  const { application, kind, signal } = request;
  const { current, generation, hasBegun } = await beginDeployment(surroundings, request);
  if (!hasBegun) return unchanged(application, kind, current);
  return conductChange(surroundings, application, current, generation, kind, signal);
}

export interface BegunDeployment {
  readonly current: Generation | undefined;
  readonly generation: Generation;
  readonly hasBegun: boolean;
}

/**
 * Writes what is to be deployed as a generation and records that the change to it begins; what runs is not touched.
 * @returns the one that runs, and that which shall: the same, and nothing has begun, where nothing has to be done
 */
export async function beginDeployment(surroundings: Surroundings, request: RenderedRequest): Promise<BegunDeployment> {
  const { application, rendered, kind, transaction } = request;
  const { store } = surroundings;
  const record = store.record(application);
  const current = currentGeneration(surroundings, application);
  if (current !== undefined && isSame(current, request) && (await allRun(surroundings, current))) {
    return { current, generation: current, hasBegun: false };
  }
  const generation = makeGeneration(surroundings, request, record);
  // Another application is not deployed between the look at what is free and the record that it is taken.
  {
    using _host = await lockHost(store.root);
    await refuseConflicts(surroundings, rendered, current?.rendered, takenPorts());
    store.writeGeneration(generation);
    const change = { kind, from: current?.number, to: generation.number, ...(transaction && { transaction }) };
    await beginChange(surroundings, application, { ...change, by: request.by, command: request.command });
  }
  return { current, generation, hasBegun: true };
}

/** Carries out the change that is recorded and reports. */
export async function conductChange(
  surroundings: Surroundings,
  application: Name,
  from: Generation | undefined,
  to: Generation | undefined,
  kind: ChangeKind,
  signal: AbortSignal | undefined,
): Promise<ChangeReport> {
  const text = to === undefined ? "Units" : "Health";
  const work = () => carryOut(surroundings, application, signal);
  const result = await stage(surroundings.progress, "health", text, work, (done) => done.reason ?? "as it should be");
  return reportChange(surroundings, application, from, to, kind, result, signal?.aborted === true);
}

/** What a change that has ended came to; generations that are kept no more are removed. */
export async function reportChange(
  surroundings: Surroundings,
  application: Name,
  from: Generation | undefined,
  to: Generation | undefined,
  kind: ChangeKind,
  result: ChangeResult,
  signalled: boolean,
): Promise<ChangeReport> {
  const units = compareUnits(from?.rendered, to?.rendered);
  const pruned = result.outcome === "done" && to !== undefined ? await pruneGenerations(surroundings, application) : [];
  const images = compareImages(from?.rendered, to?.rendered);
  const interrupted = result.outcome !== "done" && signalled;
  return { application, kind, from: from?.number, to: to?.number, ...result, interrupted, units, images, pruned };
}

export function currentGeneration(
  surroundings: Pick<Surroundings, "store">,
  application: Name,
): Generation | undefined {
  return generationOf(surroundings, application, surroundings.store.record(application)?.current);
}

const isSame = ({ rendered, hostVersion, withHost }: Generation, request: RenderedRequest) =>
  isSameRendering(rendered, request.rendered) &&
  hostVersion === request.hostVersion &&
  withHost === (request.withHost ?? false);

/** Whether it is as it was deployed: not edited, not put back by a rollback of the host, and up. */
async function allRun({ services, store }: Surroundings, generation: Generation): Promise<boolean> {
  const { rendered, number } = generation;
  const state = store.record(rendered.application)?.generations.find((one) => one.number === number)?.state;
  if (state !== "running" || editedUnits(store, generation).length > 0) return false;
  return (await services.summaries(rendered.start)).every(({ activeState }) => activeState === "active");
}

/** @param generation undefined: this host has nothing of it to run */
export function unchanged(application: Name, kind: ChangeKind, generation: Generation | undefined): ChangeReport {
  const [number, rendered] = [generation?.number, generation?.rendered];
  const units = compareUnits(rendered, rendered);
  const nothing = { interrupted: false, reason: undefined, problems: [], missing: [], images: [], pruned: [] };
  return { application, kind, from: number, to: number, current: number, outcome: "unchanged", units, ...nothing };
}
