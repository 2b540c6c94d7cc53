// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { deltaPath, parseDeltaName } from "../delta-names.ts";
import { ostreeError } from "../errors.ts";
import type { Repo } from "../repo.ts";
import { type KeySet, signaturesIn, signaturesKey, type SignType, verifyBytes } from "../sign/index.ts";
import { type OpenedDelta, openSuperblock } from "./read-delta.ts";

/** Keys of one kind by which a delta must be signed. */
export interface DeltaKeys {
  readonly type: SignType;
  readonly keys: KeySet;
}

/**
 * Checks the signature of a delta (_ostree_repo_static_delta_verify_signature).
 * @returns what is said of the good signature; throws `ostree-sign-verify` when there is none
 */
export function verifyOpenedDelta({ signatures, superblockBytes }: OpenedDelta, { type, keys }: DeltaKeys): string {
  if (!signatures || ![...signatures.keys()].some((key) => key.startsWith("ostree.sign."))) {
    throw ostreeError("sign-verify", "no signatures in static-delta");
  }
  const found = signaturesIn(signatures, type);
  if (!found) {
    throw ostreeError("sign-verify", `no signature for '${signaturesKey(type)}' in static-delta superblock`);
  }
  return verifyBytes(type, keys, superblockBytes, found);
}

/** Where a delta is that the user names: by its commits, or by a path, which has a slash. */
export function superblockPath(repo: Repo, name: string): string {
  return name.includes("/") ? name : join(repo.path, deltaPath(parseDeltaName(name), "superblock"));
}

/** ostree_repo_static_delta_verify_signature */
export function verifyDelta(repo: Repo, name: string, keys: DeltaKeys): string {
  using delta = openSuperblock(superblockPath(repo, name));
  return verifyOpenedDelta(delta, keys);
}
