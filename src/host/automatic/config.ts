// SPDX-License-Identifier: Apache-2.0
/** What a host does about updates by itself: `/etc/atomic/updates.conf`, else what `/etc/rpm-ostreed.conf` says. */
import { join } from "node:path";
import { readTextIfExists } from "../../base/index.ts";
import { Keyfile } from "../../formats/index.ts";
import { hostError } from "../errors.ts";
import { checkTimeZone, type MaintenanceWindow, parseWindows } from "./window.ts";

export const updatePolicies = ["none", "check", "download", "stage", "apply"] as const;
/**
 * `none`: nothing; `check`: look for a newer version; `download`: fetch it; `stage`: it boots next; `apply`: and reboot into
 * it, in a maintenance window.
 */
export type UpdatePolicy = (typeof updatePolicies)[number];

export interface UpdateConfig {
  readonly policy: UpdatePolicy;
  /** When the host may reboot by itself; none: at any time. */
  readonly windows: readonly MaintenanceWindow[];
  readonly timeZone: string;
  /** How long one program may take that is asked before a reboot. */
  readonly hookSeconds: number;
  /** How long to wait after a program said no, as long as the window is open. */
  readonly retrySeconds: number;
}

export const noUpdates: UpdateConfig = {
  policy: "none",
  windows: [],
  timeZone: "UTC",
  hookSeconds: 60,
  retrySeconds: 300,
};

export const updateConfigPath = "etc/atomic/updates.conf";
const compatiblePath = "etc/rpm-ostreed.conf";

const known = ["Policy", "Windows", "TimeZone", "HookTimeoutSec", "RetrySec"];

/** @param root directory that has `etc` */
export function readUpdateConfig(root = "/"): UpdateConfig {
  const own = readKeyfile(join(root, updateConfigPath));
  const compatible = readKeyfile(join(root, compatiblePath));
  const unknown = own?.keys("Updates").find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw hostError("bad-config", `${updateConfigPath}: no such key: ${unknown}`, { hint: known.join(", ") });
  const get = (key: string) => own?.get("Updates", key);
  const policy = get("Policy") ?? compatiblePolicy(compatible?.get("Daemon", "AutomaticUpdatePolicy")) ?? "none";
  return {
    policy: parsePolicy(policy),
    windows: parseWindows(get("Windows") ?? ""),
    timeZone: checkTimeZone(get("TimeZone") ?? Temporal.Now.timeZoneId()),
    hookSeconds: seconds("HookTimeoutSec", get("HookTimeoutSec") ?? "60"),
    retrySeconds: seconds("RetrySec", get("RetrySec") ?? "300"),
  };
}

function readKeyfile(path: string): Keyfile | undefined {
  const text = readTextIfExists(path);
  return text === undefined ? undefined : Keyfile.parse(text, path);
}

/** `ex-stage` was the name of `stage` while it was new (`rpmostree_str_to_auto_update_policy`). */
function compatiblePolicy(text: string | undefined): string | undefined {
  return text === "ex-stage" ? "stage" : text === "off" ? "none" : text;
}

export function parsePolicy(text: string): UpdatePolicy {
  const found = updatePolicies.find((policy) => policy === text);
  if (found !== undefined) return found;
  throw hostError("bad-config", `${JSON.stringify(text)} is no policy for updates`, {
    hint: updatePolicies.join(", "),
  });
}

function seconds(key: string, text: string): number {
  if (/^[0-9]{1,6}$/.test(text) && Number(text) > 0) return Number(text);
  throw hostError("bad-config", `${updateConfigPath}: ${key}=${text} is no number of seconds`);
}
