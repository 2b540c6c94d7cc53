// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { PlacedInstance } from "../plan/model.ts";
import type { DeployRequest } from "./deploy.ts";
import type { ApplicationRecord, Generation, Rendered, Transaction } from "./model.ts";
import type { Surroundings } from "./surroundings.ts";

export interface RenderedRequest extends Omit<DeployRequest, "place" | "pull"> {
  readonly kind: "deploy" | "update" | "env";
  readonly rendered: Rendered;
  readonly placed: readonly PlacedInstance[];
  readonly pulled: readonly string[];
  /** Given where it is a part of what is deployed on several hosts. */
  readonly transaction?: Transaction;
}

export function makeGeneration(
  { store, clock, engine }: Surroundings,
  request: RenderedRequest,
  record: ApplicationRecord | undefined,
): Generation {
  const {
    application,
    rendered,
    placed,
    source,
    policy,
    by,
    command,
    message,
    hostVersion,
    withHost = false,
    transaction,
  } = request;
  refuseUnpinned(rendered);
  const kept = (record?.generations ?? []).flatMap(({ number }) => store.generation(application, number).pulled);
  const pins = new Set(rendered.images.map(({ pinned }) => pinned));
  const pulled = [...new Set([...kept, ...request.pulled])].filter((pinned) => pins.has(pinned));
  return {
    number: nextNumber(record),
    rendered,
    placed,
    source,
    policy,
    pulled,
    message,
    hostVersion,
    withHost,
    engine: engine.kind,
    deployedAt: clock.date(),
    deployedBy: by,
    command,
    ...(transaction && { transaction }),
  };
}

/** Never one that was, even if it is kept no more: the journal knows it. */
function nextNumber(record: ApplicationRecord | undefined): number {
  const used = [
    ...(record?.generations ?? []).map(({ number }) => number),
    ...(record?.events ?? []).flatMap(({ from = 0, to = 0 }) => [from, to]),
  ];
  return Math.max(0, ...used) + 1;
}

/** A unit that names an image by a tag could run another one tomorrow. */
function refuseUnpinned({ images, application }: Rendered): void {
  const loose = images.find(({ pinned }) => pinned === undefined);
  if (loose !== undefined) throw gearError("no-image", `image ${loose.reference} of ${application} is not pinned`);
}
