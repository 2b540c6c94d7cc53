// SPDX-License-Identifier: Apache-2.0
import type { Name } from "../name.ts";
import type { Health } from "../engine/model.ts";
import type { ActiveState } from "../systemd/model.ts";
import { currentGeneration } from "./deploy.ts";
import { editedUnits } from "./installed.ts";
import type { Change, GenerationState, HostBindings, HostPort, Rendered } from "./model.ts";
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
  /** Undefined where it does not go with the host. */
  readonly hosts: HostBindings | undefined;
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
    hosts: record.hosts,
    failure: last?.outcome === "done" ? undefined : last?.reason,
    instances: current === undefined ? [] : await instanceStatuses(surroundings, current.rendered),
    edited: record.change === undefined ? editedUnits(store, current) : [],
  };
}

type Asked = Pick<Surroundings, "services"> & { readonly engine: Surroundings["engine"] | undefined };

/** All of them are asked about together, however many they are. */
async function instanceStatuses({ services, engine }: Asked, rendered: Rendered): Promise<InstanceStatus[]> {
  const { instances, ports, images } = rendered;
  const units = instances.map(({ unit }) => unit);
  const [summaries, usage] = await Promise.all([services.summaries(units), services.usage(units)]);
  const health = instances.some(({ hasHealthCheck }) => hasHealthCheck) ? await healthByContainer(engine) : new Map();
  return instances.map(({ id, unit, container, image, hasHealthCheck }, index) => {
    const { activeState, subState } = summaries[index]!;
    const { activeSince, restarts, memoryBytes } = usage[index]!;
    return {
      id,
      unit,
      container,
      image,
      pinned: images.find(({ reference }) => reference === image)?.pinned,
      state: activeState,
      subState,
      since: activeState === "active" ? activeSince : undefined,
      restarts,
      memoryBytes,
      health: hasHealthCheck ? health.get(container) : undefined,
      ports: ports.filter((port) => port.unit === unit),
    };
  });
}

async function healthByContainer(
  engine: Surroundings["engine"] | undefined,
): Promise<ReadonlyMap<string, Health["status"]>> {
  const statuses = ["starting", "healthy", "unhealthy"] as const;
  const found = await Promise.all(
    statuses.map(async (status) => {
      const names = (await engine?.containersByHealth(status)) ?? [];
      return names.map((name) => [name, status] as const);
    }),
  );
  return new Map(found.flat());
}
