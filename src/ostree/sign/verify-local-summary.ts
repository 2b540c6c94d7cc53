// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readIfExists } from "../../base/index.ts";
import type { Repo } from "../repo.ts";
import { readDetached, signaturesIn } from "./detached.ts";
import { systemKeyring } from "./gpg-keyring.ts";
import { type SignatureResult, verifySignatures } from "./gpg-verify.ts";

/**
 * What the GPG signatures of the repository's own summary are worth by the system's keys and those of a GnuPG home
 * directory (ostree_repo_verify_local_summary).
 * @returns undefined when the summary has no signature file
 */
export async function verifyLocalSummary(repo: Repo, homedir?: string): Promise<SignatureResult[] | undefined> {
  const file = join(repo.path, "summary.sig");
  const bytes = readIfExists(file);
  if (!bytes) return undefined;
  const signatures = signaturesIn(readDetached(bytes, file), "gpg") ?? [];
  return verifySignatures(readFileSync(join(repo.path, "summary")), signatures, systemKeyring(homedir));
}
