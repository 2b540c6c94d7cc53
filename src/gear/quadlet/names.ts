// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { Pins } from "../generation/model.ts";
import { kinds } from "./kinds.ts";
import type { QuadletFile } from "./quadlet-file.ts";

/**
 * Name of the service without `.service` (podman's getServiceName).
 * @throws gear-bad-file for what systemd takes for no unit's name: files are written by it, so it must not lead anywhere
 */
export function serviceName(file: QuadletFile): string {
  const { suffix } = kinds[file.kind];
  const name =
    file.text("ServiceName") ?? (file.stem.endsWith("@") ? `${file.stem.slice(0, -1)}${suffix}@` : file.stem + suffix);
  // unit_name_is_valid() of systemd: UNIT_NAME_MAX is 255 with ".service".
  if (!/^[A-Za-z0-9:_.\\-]+(?:@[A-Za-z0-9:_.\\-]*)?$/.test(name) || name.length > 247) {
    throw gearError("bad-file", `${file.path}: ${JSON.stringify(name.slice(0, 300))} is no name of a service`);
  }
  return name;
}

/** Name of a container as the unit has it, specifiers not replaced (podman's getContainerName). */
export function containerName(file: QuadletFile): string {
  return file.filled("ContainerName") ?? (file.name.includes("@") ? "systemd-%p_%i" : "systemd-%N");
}

/** Name of a network, volume or pod: what the file says, else the file's own (podman's getResourceName). */
export function ownName(file: QuadletFile, key: string): string {
  const { name, instance } = file.parts;
  return file.filled(key) ?? (instance === undefined ? `systemd-${file.stem}` : `systemd-${name}-%i`);
}

/** What others name to use what the file describes; undefined where only systemd could tell it. */
export function resourceName(file: QuadletFile, pins: Pins): string | undefined {
  switch (file.kind) {
    case "container": {
      // podman's GetContainerResourceName replaces no other specifier either.
      const name = containerName(file).replaceAll("%N", serviceName(file));
      return name.includes("%") ? undefined : name;
    }
    case "network":
      return ownName(file, "NetworkName");
    case "volume":
      return ownName(file, "VolumeName");
    case "pod":
      return file.filled("PodName") ?? `systemd-${file.stem}`;
    case "build":
      return file.all("ImageTag")[0];
    case "image":
      return pinOf(file, pins) ?? (file.filled("ImageTag") || file.filled("Image"));
    case "artifact":
      return file.filled("Artifact");
    case "kube":
      return undefined;
  }
}

/** What the image of an `.image` file is pinned to. */
export const pinOf = (file: QuadletFile, pins: Pins): string | undefined => pins.get(file.filled("Image") ?? "");
