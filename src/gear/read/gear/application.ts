// SPDX-License-Identifier: Apache-2.0
import { defaultUpdate } from "../../defaults.ts";
import { hostVersionPattern } from "../../host-version.ts";
import type { Application, UpdatePolicy } from "../../model.ts";
import {
  choice,
  type Definition,
  type Definitions,
  duration,
  entries,
  flag,
  type JsonSchema,
  mapped,
  optional,
  record,
  required,
  type Shape,
  whole,
  written,
} from "../shape/index.ts";
import { calendar, container } from "./container.ts";
import { logRateLimit } from "./run.ts";
import { named, secrets, volumes } from "./storage.ts";
import { networks } from "./surroundings.ts";
import { name } from "./words.ts";

const longUpdate = record("update", {
  images: optional(
    choice(["none", "registry", "local"]),
    "Where newer images are looked for: nowhere, in their registry, in the engine",
    defaultUpdate.images,
  ),
  window: optional(calendar(), "When updates begin, an expression of systemd.time(7); at any time without it"),
  "min-healthy-time": optional(duration, "Time that every container must be healthy for", defaultUpdate.minHealthyTime),
  "healthy-deadline": optional(duration, "Time within which it must have been", defaultUpdate.healthyDeadline),
  "auto-revert": optional(flag, "Whether a deployment that fails is taken back", defaultUpdate.autoRevert),
  keep: optional(whole(1, 100), "Generations kept, the running one among them", defaultUpdate.keep),
});

const update: Shape<UpdatePolicy> = mapped(longUpdate, (value): UpdatePolicy => ({
  images: value.images,
  window: value.window,
  minHealthyTime: value["min-healthy-time"],
  healthyDeadline: value["healthy-deadline"],
  autoRevert: value["auto-revert"],
  keep: value.keep,
}));

const declaration = record("application", {
  application: required(name, "Name of the application"),
  tenant: optional(name, "Whose it is: its slice, labels, users and journal"),
  "host-version": optional(
    written("a version, or conditions as >=13.4 <14", hostVersionPattern),
    "Version of the host that it is for (`13.4`, `>=13.4 <14`); both are then gone back from as one",
  ),
  "log-rate-limit": optional(logRateLimit, "Messages that the journal takes of each container that says nothing else"),
  containers: required(entries(name, container, "a map of names to containers"), "Containers, by name"),
  volumes: optional(volumes, "Directories that outlive containers, by name", []),
  networks: optional(networks, "Networks of containers of one host that find each other by name", []),
  secrets: optional(secrets, "Secrets, by name: where their values are", []),
  update: optional(update, "How it is updated, and when a deployment has come through", defaultUpdate),
});

export const application: Shape<Application> = mapped(declaration, (value): Application => ({
  name: value.application,
  tenant: value.tenant,
  hostVersion: value["host-version"],
  containers: named(value.containers).map((one) => ({
    ...one,
    logRateLimit: one.logRateLimit ?? value["log-rate-limit"],
  })),
  volumes: value.volumes,
  networks: value.networks,
  secrets: value.secrets,
  update: value.update,
}));

/** JSON Schema of the gear file, for editors and other programs; names that lead nowhere are found by the reader only. */
export function gearSchema(): JsonSchema {
  const definitions: Definitions = new Map();
  const root = application.schema(definitions);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Gear file: containers that are deployed, updated and rolled back together",
    ...root,
    $defs: Object.fromEntries([...definitions].map(([key, { schema }]) => [key, schema])),
  };
}

/** The keys of each of its maps, for the reference: the outermost map first, the others by name. */
export function gearKeys(): ReadonlyMap<string, Definition["keys"]> {
  const definitions: Definitions = new Map();
  application.schema(definitions);
  const [[outermost], ...others] = [...definitions] as [[string, Definition], ...[string, Definition][]];
  const names = [outermost, ...others.map(([key]) => key).toSorted()];
  return new Map(names.map((key) => [key, definitions.get(key)!.keys]));
}
