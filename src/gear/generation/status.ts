// SPDX-License-Identifier: Apache-2.0
import type { Name } from "../name.ts";
import type { Health } from "../engine/model.ts";
import type { ActiveState } from "../systemd/model.ts";
import { currentGeneration } from "./deploy.ts";
import { editedUnits } from "./installed.ts";
import type { Change, GenerationState, HostPort, RenderedInstance } from "./model.ts";
import type { Surroundings } from "./surroundings.ts";

export interface ApplicationStatus {
  readonly application: Name;
  readonly tenant: Name | undefined;
  /** Undefined: nothing of it runs. */
  readonly generation: number | undefined;
  readonly state: GenerationState | undefined;
  readonly deployedAt: number | undefined;
  readonly deployedBy: string | undefined;
  readonly message: string | undefined;
  /** Under way, or ended in the middle. */
  readonly change: Change | undefined;
  /** Why the last change did not come through. */
  readonly failure: string | undefined;
  readonly instances: readonly InstanceStatus[];
  /** Unit files that are not as they were deployed. */
  readonly edited: readonly string[];
}

export interface InstanceStatus {
  readonly id: Name;
  readonly unit: string;
  readonly container: string;
  readonly image: string;
  readonly pinned: string | undefined;
  readonly state: ActiveState;
  readonly subState: string;
  readonly since: number | undefined;
  readonly restarts: number;
  readonly memoryBytes: number | undefined;
  /** Undefined where it has no health check, or the engine does not answer. */
  readonly health: Health["status"] | undefined;
  readonly ports: readonly HostPort[];
}

/** @param engine undefined: it does not answer, and health is not known */
export async function applicationStatus(
  surroundings: Pick<Surroundings, "store" | "services"> & { readonly engine: Surroundings["engine"] | undefined },
  application: Name,
): Promise<ApplicationStatus> {
  const { store } = surroundings;
  const record = store.requireRecord(application);
  const current = currentGeneration(surroundings, application);
  const last = record.events.at(-1);
  return {
    application,
    tenant: current?.rendered.tenant,
    generation: record.current,
    state: record.generations.find(({ number }) => number === record.current)?.state,
    deployedAt: current?.deployedAt,
    deployedBy: current?.deployedBy,
    message: current?.message,
    change: record.change,
    failure: last?.outcome === "done" ? undefined : last?.reason,
    instances: await Promise.all(
      (current?.rendered.instances ?? []).map((instance) => {
        const ports = current!.rendered.ports.filter(({ unit }) => unit === instance.unit);
        const pinned = current!.rendered.images.find(({ reference }) => reference === instance.image)?.pinned;
        return instanceStatus(surroundings, instance, pinned, ports);
      }),
    ),
    edited: record.change === undefined ? editedUnits(store, current) : [],
  };
}

async function instanceStatus(
  { services, engine }: Pick<Surroundings, "services"> & { readonly engine: Surroundings["engine"] | undefined },
  { id, unit, container, image, hasHealthCheck }: RenderedInstance,
  pinned: string | undefined,
  ports: readonly HostPort[],
): Promise<InstanceStatus> {
  const status = await services.unit(unit);
  const isUp = status.activeState === "active" || status.activeState === "activating";
  const health = hasHealthCheck && isUp ? (await engine?.container(container))?.health?.status : undefined;
  return {
    id,
    unit,
    container,
    image,
    pinned,
    state: status.activeState,
    subState: status.subState,
    since: status.activeSince,
    restarts: status.service?.restarts ?? 0,
    memoryBytes: status.service?.memoryBytes,
    health,
    ports,
  };
}
