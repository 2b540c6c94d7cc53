// SPDX-License-Identifier: Apache-2.0
import { Keyfile } from "../formats/index.ts";
import { commitVersion } from "./commit-metadata.ts";
import { hostError } from "./errors.ts";
import { type Deployment, deploymentId, sameDeployment } from "./model.ts";
import { isPinned, writeOrigin } from "./origin.ts";
import type { Sysroot } from "./sysroot.ts";

/**
 * Pins a deployment so that no clean-up removes it, or unpins it (`ostree_sysroot_deployment_set_pinned`).
 * @param name to call it by from now on, in `rollback` for one
 * @returns false: it was so already
 */
export async function setPinned(
  sysroot: Sysroot,
  wanted: Deployment,
  pinned: boolean,
  name?: string,
): Promise<boolean> {
  using _lock = await sysroot.lock();
  const deployment = sysroot.find(wanted);
  if (deployment.staged) throw hostError("in-use", "a staged deployment cannot be pinned", { hint: "reboot first" });
  if (deployment.pinned === pinned && (name === undefined || pinnedName(deployment.origin) === name)) return false;
  const origin = deployment.origin ?? Keyfile.empty();
  if (pinned) origin.set(group, "pinned", true);
  else origin.removeKey(group, "pinned");
  if (!pinned) origin.removeKey(group, nameKey);
  if (pinned && name !== undefined) origin.set(group, nameKey, checkName(sysroot, deployment, name));
  writeOrigin(sysroot.path, deployment, origin, true);
  sysroot.touch();
  sysroot.reload();
  return true;
}

/** libostree leaves out this group when a new deployment takes over an origin, and so the name with the pin. */
const group = "libostree-transient";
const nameKey = "atomic-name";

/** What the deployment was pinned by; `ostree admin pin -u` leaves the name behind. */
export function pinnedName(origin: Keyfile | undefined): string | undefined {
  return isPinned(origin) ? origin?.get(group, nameKey) : undefined;
}

/** A name must not be taken for an index, a checksum or one of the words that mean a deployment. */
function checkName(sysroot: Sysroot, deployment: Deployment, name: string): string {
  const taken = sysroot.deployments.find((other) => pinnedName(other.origin) === name);
  if (taken !== undefined && !sameDeployment(taken, deployment))
    throw hostError("exists", `deployment ${deploymentId(taken)} is pinned by the name ${name}`);
  const meansElse = ["booted", "pending", "rollback"].includes(name) || /^([0-9]+|[0-9a-f]{4,64})$/.test(name);
  if (!meansElse && /^[A-Za-z0-9_][\w.-]{0,63}$/.test(name)) return name;
  throw hostError("bad-name", `${JSON.stringify(name)} cannot be the name of a deployment`);
}

/**
 * The deployment that words on a command line mean: an index of the status, `booted`, `pending`, `rollback`, the name
 * that it was pinned by, its version, or the beginning of its checksum.
 */
export function chooseDeployment(sysroot: Sysroot, words: string): Deployment {
  const found = namedDeployment(sysroot, words);
  if (found !== undefined) return found;
  throw hostError("no-deployment", `no deployment ${words}`, { hint: "atomic host status  lists them" });
}

function namedDeployment(sysroot: Sysroot, words: string): Deployment | undefined {
  const { deployments, booted } = sysroot;
  const slots = sysroot.pendingAndRollback(booted?.stateroot ?? deployments[0]?.stateroot ?? "");
  if (words === "booted") return booted;
  if (words === "pending") return slots.pending;
  if (words === "rollback") return slots.rollback;
  if (/^[0-9]{1,3}$/.test(words)) return deployments[Number(words)];
  const named = deployments.find(({ origin }) => pinnedName(origin) === words);
  const versions = deployments.filter(({ checksum }) => commitVersion(sysroot.repo, checksum) === words);
  // Of one version deployed several times, with other kernel arguments perhaps, the first is the newest.
  if (named !== undefined || versions.length > 0) return named ?? versions[0];
  const matches = deployments.filter(({ checksum }) => words.length >= 4 && checksum.startsWith(words));
  return matches.length === 1 ? matches[0] : undefined;
}
