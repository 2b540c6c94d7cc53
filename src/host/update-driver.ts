// SPDX-License-Identifier: Apache-2.0
/**
 * The program that decides about updates of this host, Zincati for one, as it told rpm-ostree or us: the state file is
 * rpm-ostree's (`record_driver_info`), so that either refuses what the other's driver would not want.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeDirectories, readIfExists, run, writeFileAtomic } from "../base/index.ts";
import { readGVariant, type Variant, writeGVariant } from "../formats/index.ts";
import { hostError } from "./errors.ts";
import type { Sysroot } from "./sysroot.ts";

export interface UpdateDriver {
  readonly name: string;
  /** Its systemd unit. */
  readonly unit: string;
}

const statePath = (run: string) => join(run, "rpm-ostree/update-driver.gv");
const [nameKey, unitKey] = ["driver-name", "driver-sd-unit"];

export function readUpdateDriver({ running }: Sysroot): UpdateDriver | undefined {
  const path = running === undefined ? undefined : statePath(running.run);
  const bytes = path === undefined ? undefined : readIfExists(path);
  if (path === undefined || bytes === undefined) return undefined;
  const value = readGVariant("a{sv}", bytes, path) as ReadonlyMap<string, Variant>;
  const [name, unit] = [nameKey, unitKey].map((key) => value.get(key));
  if (name?.type !== "s" || unit?.type !== "s")
    throw hostError("bad-sysroot", `could not find update driver name in ${path}`);
  return { name: String(name.value), unit: String(unit.value) };
}

/** Notes that the unit in which the caller runs drives the updates. */
export function registerUpdateDriver({ running }: Sysroot, name: string, unit = ownUnit()): void {
  if (running === undefined) throw hostError("not-booted", "an update driver belongs to a running host");
  if (unit === undefined) throw hostError("driver", "could not find caller systemd unit");
  const state = new Map<string, Variant>([
    [nameKey, { type: "s", value: name }],
    [unitKey, { type: "s", value: unit }],
  ]);
  makeDirectories(dirname(statePath(running.run)));
  writeFileAtomic(statePath(running.run), writeGVariant("a{sv}", state), { durable: false });
}

/** Throws `host-driver` when another program that is alive drives the updates (`error_if_driver_registered`). */
export async function refuseOtherDriver(sysroot: Sysroot, isActive = unitIsActive): Promise<void> {
  const driver = readUpdateDriver(sysroot);
  if (driver === undefined || driver.unit === ownUnit() || !(await isActive(driver.unit))) return;
  throw hostError("driver", `Updates and deployments are driven by ${driver.name} (${driver.unit})`, {
    hint: `see its documentation, or --bypass-driver to go on without ${driver.name}`,
  });
}

/** A failed driver counts: it crashed, and nobody took back its claim. */
async function unitIsActive(unit: string): Promise<boolean> {
  const { stdout } = await run("systemctl", ["is-active", "--", unit], { accept: [0, 1, 2, 3, 4] });
  return ["active", "activating", "reloading", "failed"].includes(stdout.trim());
}

/** The last unit in the control group's path (cgroup v2: one line). */
function ownUnit(): string | undefined {
  const path = readFileSync("/proc/self/cgroup", "utf8").trim().split("::").at(-1) ?? "";
  return path.split("/").findLast((name) => /\.(service|scope)$/.test(name));
}
