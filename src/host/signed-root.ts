// SPDX-License-Identifier: Apache-2.0
/**
 * Trees that want their root signed (`composefs.enabled=signed` of ostree-prepare-root.conf): the initramfs boots a commit
 * only when a key in it has signed it, and its composefs image is the one that the commit speaks of.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type Checksum,
  composefsDigestKey,
  ostreeError,
  type Repo,
  readPublicKeys,
  verifyCommit,
} from "../ostree/index.ts";
import { readPrepareRoot } from "./composefs.ts";
import { hostError } from "./errors.ts";

/** Where the keys are, in the tree as in its initramfs, unless `composefs.keypath` says otherwise (BINDING_KEYPATH). */
const bindingKeys = "/etc/ostree/initramfs-root-binding.key";

/**
 * Refuses a tree that its own initramfs would not boot: nothing but a rollback by hand would help then.
 * @param tree where the commit is checked out
 */
export function requireSignedRoot(repo: Repo, checksum: Checksum, tree: string): void {
  const config = readPrepareRoot(tree);
  if (config.get("composefs", "enabled") !== "signed") return;
  const refused = (reason: string, cause?: unknown) =>
    hostError("unsigned-root", `commit ${checksum} would not boot: ${reason}`, { cause });
  if (repo.loadCommit(checksum).metadata.get(composefsDigestKey)?.type !== "ay")
    throw refused(`its metadata has no ${composefsDigestKey}`);
  const path = config.get("composefs", "keypath") ?? bindingKeys;
  // The one that the tree shipped is what its initramfs has.
  const places = [path.replace(/^\/etc\//, "/usr/etc/"), path].map((place) => join(tree, place));
  const file = places.find((place) => existsSync(place));
  if (file === undefined) throw refused(`the tree has no keys at ${path}`);
  try {
    verifyCommit(repo, checksum, "ed25519", { trusted: readPublicKeys("ed25519", file), revoked: [] });
  } catch (error) {
    if (!ostreeError.is(error, "sign-verify", "sign-keys")) throw error;
    throw refused(error.message, error);
  }
}
