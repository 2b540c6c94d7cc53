// SPDX-License-Identifier: Apache-2.0
import { emptyRecord, generationOf } from "./change.ts";
import { compareImages, compareUnits } from "./compare.ts";
import { refuseConflicts } from "./conflicts.ts";
import type { ChangeReport } from "./deploy.ts";
import { bind, noBindings } from "./host-binding.ts";
import { takenPorts } from "./listening.ts";
import { lockHost } from "./lock.ts";
import { makeGeneration, type RenderedRequest } from "./make-generation.ts";
import type { ApplicationRecord, Generation, HostDeployment } from "./model.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * Writes a generation that waits for a host; what runs is not touched. It takes the place of one that waited before. The caller
 * holds the application's lock.
 */
export async function stageForHost(
  surroundings: Surroundings,
  request: RenderedRequest,
  host: HostDeployment,
): Promise<ChangeReport> {
  const { store } = surroundings;
  const { application, rendered } = request;
  const record = store.record(application) ?? emptyRecord;
  const current = generationOf(surroundings, application, record.current);
  const generation = makeGeneration(surroundings, request, record);
  using _host = await lockHost(store.root);
  await refuseConflicts(surroundings, rendered, current?.rendered, takenPorts());
  store.writeGeneration(generation);
  store.writeRecord(application, withWaiting(record, generation, host, surroundings.host?.booted));
  const [from, to] = [current?.number, generation.number];
  return {
    application,
    kind: request.kind,
    from,
    to,
    current: from,
    outcome: "waiting",
    host,
    interrupted: false,
    reason: undefined,
    problems: [],
    missing: [],
    units: compareUnits(current?.rendered, rendered),
    images: compareImages(current?.rendered, rendered),
    pruned: [],
  };
}

function withWaiting(
  record: ApplicationRecord,
  { number }: Generation,
  host: HostDeployment,
  booted: HostDeployment | undefined,
): ApplicationRecord {
  const { current } = record;
  const before = record.hosts ?? noBindings;
  // What runs goes with the host that runs, from now on: there it is gone back to.
  const isFirst = record.hosts === undefined && booted !== undefined && current !== undefined;
  const hosts = isFirst
    ? bind(before, { host: booted, generation: current, proven: true, failure: undefined })
    : before;
  const others = record.generations.map((one) =>
    one.state === "waiting" ? { ...one, state: "replaced" as const } : one,
  );
  const generations = [...others, { number, state: "waiting" as const }];
  return { ...record, generations, hosts: { ...hosts, waiting: { generation: number, host } } };
}
