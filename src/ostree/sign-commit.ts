// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { writeFileAtomic } from "../base/index.ts";
import { loadKeyrings, signDetached, type SignatureResult, verifySignatures } from "./gpg.ts";
import type { Checksum } from "./model.ts";
import { tryFindRemote } from "./remotes.ts";
import type { Repo } from "./repo.ts";
import { appendSignature, decodeSignatures } from "./summary.ts";

/** Adds a GPG signature of the commit to its detached metadata (ostree_repo_sign_commit). */
export async function signCommit(repo: Repo, commit: Checksum, keyId: string, homedir?: string): Promise<void> {
  const signature = await signDetached(repo.loadMetadata(commit, "commit"), keyId, homedir);
  const existing = repo.has(commit, "commitmeta") ? repo.loadMetadata(commit, "commitmeta") : undefined;
  const path = repo.objectPath(commit, "commitmeta");
  mkdirSync(dirname(path), { recursive: true });
  const bytes = appendSignature(existing, signature, `${commit}.commitmeta`);
  writeFileAtomic(path, bytes, { durable: repo.settings.fsync });
}

/** The signatures of a commit, checked by a remote's keys or the global ones. */
export async function commitSignatures(repo: Repo, commit: Checksum, remote?: string): Promise<SignatureResult[]> {
  if (!repo.has(commit, "commitmeta")) return [];
  const signatures = decodeSignatures(repo.loadMetadata(commit, "commitmeta"), `${commit}.commitmeta`);
  if (signatures.length === 0) return [];
  const extra = remote === undefined ? [] : (tryFindRemote(repo, remote)?.gpgKeyPath ?? []);
  const keyrings = loadKeyrings({ repo: repo.path, remote, extra });
  return verifySignatures(repo.loadMetadata(commit, "commit"), signatures, keyrings);
}
