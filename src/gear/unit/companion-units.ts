// SPDX-License-Identifier: Apache-2.0
/** Units beside the services: what starts them, holds them together and limits them. */
import { escapeSpecifiers } from "../../formats/index.ts";
import type { Resources } from "../model.ts";
import type { Name } from "../name.ts";
import type { Instance } from "../plan/model.ts";
import { hostMountEntries } from "./host-mounts.ts";
import { longestUntilHealthy, waitUntilHealthy } from "./health.ts";
import { sliceEntries } from "./resources.ts";
import { wholeSeconds } from "./run-command.ts";
import type { Scene } from "./settings.ts";
import { type Entry, logEntries, unitFile } from "./unit-file.ts";
import { instanceName, serviceUnit, sliceUnit, targetUnit, tenantSliceUnit } from "./unit-names.ts";

/** Starts, stops and restarts the application as a whole (systemd.target(5)). Its members say that they are. */
export function applicationTarget({ application }: Scene): string {
  return unitFile({
    Unit: [["Description", `Application ${application.name}`]],
    Install: [["WantedBy", "multi-user.target"]],
  });
}

/**
 * For who waits for the health of an instance that is started before. While that is not healthy it tries again, and then has
 * those start that it kept waiting.
 */
export function healthyService(scene: Scene, { id, container }: Instance): string {
  const { application, engine } = scene;
  const instance = serviceUnit(application, id);
  return unitFile({
    Unit: [
      ["Description", `${application.name}: ${id} is healthy`],
      ["PartOf", targetUnit(application)],
      ["Requires", instance],
      ["After", instance],
      ["StartLimitIntervalSec", "0"],
    ],
    Service: [
      ["Type", "oneshot"],
      ["RemainAfterExit", "yes"],
      ...hostMountEntries(scene, [["ExecStart", waitUntilHealthy(engine, instanceName(application, id))]]),
      ["Restart", "on-failure"],
      ["RestartSec", "5"],
      ["TimeoutStartSec", String(wholeSeconds(longestUntilHealthy(container.health)) + 60)],
      ["Slice", sliceUnit(application)],
      ...logEntries(scene, { ATOMIC_COMPONENT: container.name, ATOMIC_INSTANCE: instanceName(application, id) }),
    ],
    Install: [["WantedBy", instance]],
  });
}

/** The service starts when somebody connects, and is passed the sockets (sd_listen_fds(3)). */
export function instanceSocket({ application }: Scene, { id, container }: Instance): string {
  return unitFile({
    Unit: [
      ["Description", `${application.name}: sockets of ${id}`],
      ["PartOf", targetUnit(application)],
    ],
    Socket: container.sockets.map(({ listen, protocol }): Entry => [
      protocol === "stream" ? "ListenStream" : "ListenDatagram",
      escapeSpecifiers(listen),
    ]),
    Install: [["WantedBy", targetUnit(application)]],
  });
}

/** A run that the host slept through is made up for. */
export function instanceTimer({ application }: Scene, { id, container }: Instance): string {
  return unitFile({
    Unit: [
      ["Description", `${application.name}: schedule of ${id}`],
      ["PartOf", targetUnit(application)],
    ],
    Timer: [
      ["OnCalendar", escapeSpecifiers(container.schedule ?? "")],
      ["Persistent", "yes"],
    ],
    Install: [["WantedBy", targetUnit(application)]],
  });
}

export function applicationSlice({ application }: Scene): string {
  return unitFile({ Unit: [["Description", `Slice of application ${application.name}`]], Slice: accounting });
}

/** A tenant's slice holds those of its applications, and belongs to none of them. */
export function renderTenantSlice(
  tenant: Name,
  resources: Resources,
): { readonly name: string; readonly text: string } {
  const text = unitFile({
    Unit: [["Description", `Slice of tenant ${tenant}`]],
    Slice: [...accounting, ...sliceEntries(resources)],
  });
  return { name: tenantSliceUnit(tenant), text };
}

/**
 * So that what an application or tenant uses can be read from its slice, whether it is limited or not. The kernel counts
 * processor time anyway, and systemd 262 has no CPUAccounting= any more.
 */
const accounting: readonly Entry[] = [
  ["MemoryAccounting", "yes"],
  ["TasksAccounting", "yes"],
  ["IOAccounting", "yes"],
];
