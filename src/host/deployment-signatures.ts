// SPDX-License-Identifier: Apache-2.0
import {
  commitSignatures,
  commitTrust,
  describeSignature,
  isTrustNeeded,
  openKeyring,
  parseRefSpec,
  type Repo,
  tryFindRemote,
  verifyCommitTrust,
} from "../ostree/index.ts";
import { hostError } from "./errors.ts";
import type { Deployment } from "./model.ts";
import { originRefspec } from "./origin.ts";

/** Lines about the GPG signatures of a deployment's commit, where its remote asks for them (`deployment_print_status`). */
export async function deploymentSignatures(repo: Repo, { origin, checksum }: Deployment): Promise<string[]> {
  const refspec = originRefspec(origin);
  const remote = refspec === undefined ? undefined : parseRefSpec(refspec).remote;
  if (remote === undefined || tryFindRemote(repo, remote)?.gpgVerify !== true) return [];
  if (!repo.has(checksum, "commit")) return [];
  const results = await commitSignatures(repo, checksum, openKeyring(repo, { remote }));
  return results.flatMap(describeSignature).map((line) => `    GPG: ${line}`);
}

/**
 * As `deploymentSignatures`, but the commit must be signed by all that its remote asks for, and the remote must ask
 * (`ostree admin status --verify`, `ostree_repo_signature_verify_commit_data`).
 */
export async function verifiedSignatures(repo: Repo, { origin, checksum }: Deployment): Promise<string[]> {
  const refused = (reason: string) => hostError("no-origin", reason);
  if (!repo.has(checksum, "commit")) throw refused("Cannot verify, failed to load commit");
  const refspec = originRefspec(origin);
  if (refspec === undefined) throw refused("No origin/refspec, cannot verify");
  const { remote } = parseRefSpec(refspec);
  if (remote === undefined) throw refused("Cannot verify deployment without remote");
  if (!repo.has(checksum, "commitmeta")) throw refused("Can't verify commit without detached metadata");
  const trust = commitTrust(repo, remote);
  if (!isTrustNeeded(trust))
    throw refused(
      `Cannot verify commit for remote ${remote}; GPG verification disabled, and no signapi verifiers configured`,
    );
  const [data, detached] = [repo.loadMetadata(checksum, "commit"), repo.loadMetadata(checksum, "commitmeta")];
  const { gpg = [], sign } = await verifyCommitTrust(trust, checksum, data, detached);
  return [...gpg.flatMap(describeSignature).map((line) => `GPG: ${line}`), ...(sign === undefined ? [] : [sign])];
}
