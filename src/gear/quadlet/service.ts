// SPDX-License-Identifier: Apache-2.0
import type { SystemdUnit } from "../../formats/index.ts";
import type { Conversion } from "./conversion.ts";
import { kindOf } from "./kinds.ts";
import type { QuadletFile } from "./quadlet-file.ts";

/** Keys of [Unit] that may name Quadlet files (podman's unitDependencyKeys). */
export const dependencyKeys = [
  "After",
  "Before",
  "BindsTo",
  "Conflicts",
  "OnFailure",
  "OnSuccess",
  "PartOf",
  "PropagatesReloadTo",
  "PropagatesStopTo",
  "ReloadPropagatedFrom",
  "Requires",
  "Requisite",
  "StopPropagatedFrom",
  "Upholds",
  "Wants",
];

/** The service that a file becomes: the file with its own section put out of systemd's sight (initServiceUnitFile). */
export function beginService(file: QuadletFile, conversion: Conversion): SystemdUnit {
  file.checkKeys();
  warnOfServiceKeys(file, conversion);
  const service = file.unit.copy();
  translateDependencies(file, service, conversion);
  // An image that is pulled, or a port that is published, needs the network.
  if (file.boolean("DefaultDependencies", "Quadlet") ?? true) {
    service.prepend("Unit", "After", "network-online.target");
    service.prepend("Unit", "Wants", "network-online.target");
  }
  service.add("Unit", "SourcePath", file.path);
  service.add("Unit", "RequiresMountsFor", "%t/containers");
  service.renameSection(file.section, `X-${file.section}`);
  service.renameSection("Quadlet", "X-Quadlet");
  return service;
}

function warnOfServiceKeys(file: QuadletFile, { warn }: Conversion): void {
  for (const key of ["User", "Group", "DynamicUser"]) {
    if (file.text(key, "Service") !== undefined) {
      warn(`${file.path}: using key ${key} in the Service group is not supported - use at your own risk`);
    }
  }
}

/** Names of Quadlet files become those of their services. */
function translateDependencies(file: QuadletFile, service: SystemdUnit, { known }: Conversion): void {
  for (const key of dependencyKeys) {
    const names = file.words(key, "Unit");
    if (!names.some((name) => kindOf(name) !== undefined)) continue;
    const services = names.map((name) => {
      const found = kindOf(name) === undefined ? name : known.get(name)?.service;
      if (found === undefined) throw file.error(`unable to translate dependency for ${name}`, key, "Unit");
      return found;
    });
    service.remove("Unit", key);
    service.add("Unit", key, services.join(" "));
  }
}

/** The service starts after another one of the set, and with it. */
export function requireService(service: SystemdUnit, name: string, how: "Requires" | "BindsTo" = "Requires"): void {
  service.add("Unit", how, name);
  service.add("Unit", "After", name);
}

export function setUnlessSaid(service: SystemdUnit, key: string, value: string): void {
  if (service.get("Service", key) === undefined) service.set("Service", key, value);
}

/** Only these let conmon do its work. */
export function requireKillMode(file: QuadletFile, service: SystemdUnit): void {
  const mode = file.text("KillMode", "Service");
  if (mode !== undefined && mode !== "mixed" && mode !== "control-group") {
    throw file.error(`invalid KillMode '${mode}'`, "KillMode", "Service");
  }
  setUnlessSaid(service, "KillMode", "mixed");
}

/** Whether the service runs to its end, instead of saying when it is ready. */
export function isOneshot(file: QuadletFile): boolean {
  const type = file.text("Type", "Service");
  if (type !== undefined && type !== "notify" && type !== "oneshot") {
    throw file.error(`invalid service Type '${type}'`, "Type", "Service");
  }
  return type === "oneshot";
}

/** What makes something and ends (defaultOneshotServiceGroup). */
export function makeOneshot(service: SystemdUnit, remainAfterExit = true): void {
  setUnlessSaid(service, "SyslogIdentifier", "%N");
  setUnlessSaid(service, "Type", "oneshot");
  if (remainAfterExit) setUnlessSaid(service, "RemainAfterExit", "yes");
}
