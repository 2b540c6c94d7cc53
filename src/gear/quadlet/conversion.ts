// SPDX-License-Identifier: Apache-2.0
import type { Pins } from "../generation/model.ts";
import type { QuadletFile } from "./quadlet-file.ts";
import { resourceName, serviceName } from "./names.ts";

/** What converting one file of a set knows of the others. */
export interface Conversion {
  readonly podman: string;
  /** Whether commands are such as a podman before 4.4 knows, which is the first with a generator. */
  readonly anyPodman: boolean;
  readonly pins: Pins;
  readonly known: ReadonlyMap<string, KnownFile>;
  readonly warn: (message: string) => void;
  /** Whether a device that need not be there (`AddDevice=-/dev/x`) is. */
  readonly deviceExists: (path: string) => boolean;
  /** Where a file that the service reads will be: `path` itself, or its copy in the generation. */
  readonly place: (file: QuadletFile, key: PlacedKey, path: string) => string;
}

/** Keys that name files which are read when the service starts. */
export type PlacedKey = "ConfigMap" | "EnvironmentFile" | "Yaml";

/** podman's UnitInfo. */
export interface KnownFile {
  readonly file: QuadletFile;
  /** `web.service` */
  readonly service: string;
  /** Name in podman of what the service makes, which others refer to; undefined where it cannot be known. */
  readonly resource: string | undefined;
  /** Of a pod: services of the containers that are started with it, filled as those are converted. */
  readonly containers: string[];
}

/** @throws gear-bad-file where its service would have no name */
export function knownFile(file: QuadletFile, pins: Pins): KnownFile {
  return { file, service: `${serviceName(file)}.service`, resource: resourceName(file, pins), containers: [] };
}
