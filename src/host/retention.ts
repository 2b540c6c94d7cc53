// SPDX-License-Identifier: Apache-2.0
/** How many versions a host keeps to go back to, as its owner wants: /etc/atomic/host.conf, group Deployments. */
import { statfsSync } from "node:fs";
import { join } from "node:path";
import { lstatIfExists, readTextIfExists } from "../base/index.ts";
import { Keyfile } from "../formats/index.ts";
import { hostError } from "./errors.ts";
import { type Deployment, originPath } from "./model.ts";
import type { RetainOptions } from "./retain.ts";
import type { Sysroot } from "./sysroot.ts";

export interface Retention {
  /** Deployments of the stateroot that are kept, the new one counted; what libostree keeps is kept anyway. */
  readonly keep: number;
  /** Those whose deployment is older go, all the same. */
  readonly keepDays: number | undefined;
  /** Percent of the file system that must be free for more than libostree keeps. */
  readonly minFreePercent: number;
}

export const configPath = "etc/atomic/host.conf";
const group = "Deployments";
const most = 100;

const defaults: Retention = { keep: 2, keepDays: undefined, minFreePercent: 10 };

/** @param root of the deployment whose owner is asked */
export function readRetention(root: string): Retention {
  const path = join(root, configPath);
  const text = readTextIfExists(path);
  if (text === undefined) return defaults;
  const config = Keyfile.parse(text, path);
  const number = (key: string, least: number, greatest: number): number | undefined => {
    const given = config.get(group, key);
    if (given === undefined) return undefined;
    const value = /^\d{1,6}$/.test(given) ? Number(given) : -1;
    if (value >= least && value <= greatest) return value;
    throw hostError("bad-config", `${path}: ${key}=${given} is not a number from ${least} to ${greatest}`);
  };
  return {
    keep: number("Keep", 1, most) ?? defaults.keep,
    keepDays: number("KeepDays", 1, 36_500),
    minFreePercent: number("MinFreePercent", 0, 99) ?? defaults.minFreePercent,
  };
}

/** What the owner of the host wants kept when a deployment is added to a stateroot. */
export function retainPolicy(sysroot: Sysroot, stateroot: string, now = Date.now()): RetainOptions {
  const owner = sysroot.mergeDeployment(stateroot);
  if (owner === undefined) return {};
  const { keep, keepDays, minFreePercent } = readRetention(sysroot.directory(owner));
  if (keep <= defaults.keep || isShort(sysroot, minFreePercent)) return {};
  const own = sysroot.deployments.filter((deployment) => !deployment.staged && deployment.stateroot === stateroot);
  const oldest = keepDays === undefined ? 0 : now - keepDays * 86_400_000;
  const kept = own.slice(0, keep - 1).filter((deployment) => deployedAt(sysroot, deployment) >= oldest);
  return { also: kept };
}

/** Old versions must not be what fills the disk. */
function isShort({ path }: Sysroot, percent: number): boolean {
  const { bavail, blocks } = statfsSync(join(path, "ostree/repo"));
  return bavail * 100 < blocks * percent;
}

/** When its origin was written; milliseconds since 1970. */
function deployedAt({ path }: Sysroot, deployment: Deployment): number {
  return lstatIfExists(join(path, originPath(deployment)))?.mtimeMs ?? 0;
}
