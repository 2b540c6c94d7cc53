// SPDX-License-Identifier: Apache-2.0
import { Keyfile } from "../formats/index.ts";
import { hostError } from "./errors.ts";
import type { Deployment } from "./model.ts";
import { writeOrigin } from "./origin.ts";
import type { Sysroot } from "./sysroot.ts";

/** Pins a deployment so that no clean-up removes it, or unpins it (`ostree_sysroot_deployment_set_pinned`). False: it was so already. */
export async function setPinned(sysroot: Sysroot, wanted: Deployment, pinned: boolean): Promise<boolean> {
  using _lock = await sysroot.lock();
  const deployment = sysroot.find(wanted);
  if (deployment.staged) throw hostError("in-use", "a staged deployment cannot be pinned", { hint: "reboot first" });
  if (deployment.pinned === pinned) return false;
  const origin = deployment.origin ?? Keyfile.empty();
  if (pinned) origin.set("libostree-transient", "pinned", true);
  else origin.removeKey("libostree-transient", "pinned");
  writeOrigin(sysroot.path, deployment, origin, true);
  sysroot.touch();
  sysroot.reload();
  return true;
}

/**
 * The deployment that words on a command line mean: an index of the status, `booted`, `pending`, `rollback`, or the
 * beginning of a checksum.
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
  const matches = deployments.filter(({ checksum }) => words.length >= 4 && checksum.startsWith(words));
  return matches.length === 1 ? matches[0] : undefined;
}
