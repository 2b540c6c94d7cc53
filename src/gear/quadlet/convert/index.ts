// SPDX-License-Identifier: Apache-2.0
/** A set of Quadlet files becomes services, as podman's generator makes them (cmd/quadlet/main.go, process). */
import { existsSync } from "node:fs";
import type { AtomicError } from "../../../base/index.ts";
import type { SystemdUnit } from "../../../formats/index.ts";
import { gearError } from "../../errors.ts";
import type { Pins } from "../../generation/model.ts";
import { type Conversion, knownFile, type KnownFile } from "../conversion.ts";
import { kinds, type QuadletKind } from "../kinds.ts";
import type { QuadletFile } from "../quadlet-file.ts";
import { convertArtifact } from "./artifact.ts";
import { convertBuild } from "./build.ts";
import { convertContainer } from "./container.ts";
import { convertImage } from "./image.ts";
import { convertKube } from "./kube.ts";
import { convertNetwork } from "./network.ts";
import { convertPod } from "./pod.ts";
import { convertVolume } from "./volume.ts";

export interface ConvertOptions {
  /** Program of the commands; podman's generator takes it from $PODMAN. */
  readonly podman?: string;
  /** Default: commands are those of podman's generator. */
  readonly anyPodman?: boolean;
  readonly pins?: Pins;
  readonly deviceExists?: (path: string) => boolean;
  /** Default: files stay where they are, beside the Quadlet file. */
  readonly place?: Conversion["place"];
}

export interface QuadletService extends KnownFile {
  readonly unit: SystemdUnit;
}

export interface ConvertedQuadlets {
  readonly services: readonly QuadletService[];
  /** One of each file that could not be converted. */
  readonly failures: readonly AtomicError[];
  readonly warnings: readonly string[];
}

const converters: Readonly<Record<QuadletKind, (file: QuadletFile, conversion: Conversion) => SystemdUnit>> = {
  artifact: convertArtifact,
  build: convertBuild,
  container: convertContainer,
  image: convertImage,
  kube: convertKube,
  network: convertNetwork,
  pod: convertPod,
  volume: convertVolume,
};

/** @param files of which no two have the same name */
export function convertQuadlets(files: readonly QuadletFile[], options: ConvertOptions = {}): ConvertedQuadlets {
  const failures: AtomicError[] = [];
  const warnings = new Set<string>();
  const pins = options.pins ?? new Map<string, string>();
  const known = new Map(files.flatMap((file) => attempt(failures, () => [file.name, knownFile(file, pins)] as const)));
  const conversion: Conversion = {
    podman: options.podman ?? "/usr/bin/podman",
    anyPodman: options.anyPodman ?? false,
    pins,
    known,
    warn: (message) => warnings.add(message),
    deviceExists: options.deviceExists ?? existsSync,
    place: options.place ?? ((file, _, path) => file.resolve(path)),
  };
  const services = new Map<string, QuadletService>();
  const ordered = [...known.values()].toSorted((a, b) => kinds[a.file.kind].order - kinds[b.file.kind].order);
  for (const one of ordered) {
    for (const unit of attempt(failures, () => converters[one.file.kind](one.file, conversion))) {
      const other = services.get(one.service);
      if (other === undefined) services.set(one.service, { ...one, unit });
      else failures.push(one.file.error(`${one.service} is the service of ${other.file.path} as well`));
    }
  }
  return { services: [...services.values()], failures, warnings: [...warnings] };
}

/** What `action` gives, or nothing and its refusal among the failures. */
function attempt<T>(failures: AtomicError[], action: () => T): T[] {
  try {
    return [action()];
  } catch (error) {
    if (!gearError.is(error, "bad-file")) throw error;
    failures.push(error);
    return [];
  }
}
