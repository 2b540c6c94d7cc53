// SPDX-License-Identifier: Apache-2.0
import {
  asChecksum,
  commitSignatures,
  describeSignature,
  openKeyring,
  parseRefSpec,
  type Repo,
  tryFindRemote,
  verifyForRemote,
} from "../ostree/index.ts";
import { hostError } from "./errors.ts";
import type { Deployment } from "./model.ts";
import { originRefspec } from "./origin.ts";

/** Lines about the GPG signatures of a deployment's commit, where its remote asks for them (`deployment_print_status`). */
export async function deploymentSignatures(repo: Repo, { origin, checksum }: Deployment): Promise<string[]> {
  const refspec = originRefspec(origin);
  const remote = refspec === undefined ? undefined : parseRefSpec(refspec).remote;
  if (remote === undefined || tryFindRemote(repo, remote)?.gpgVerify !== true) return [];
  const signatures = await commitSignatures(repo, asChecksum(checksum), openKeyring(repo, { remote }));
  return signatures.flatMap(describeSignature).map((line) => `    GPG: ${line}`);
}

/** As `deploymentSignatures`, but the deployment must have a remote and signatures that it trusts (`status --verify`). */
export async function verifiedSignatures(repo: Repo, deployment: Deployment): Promise<string[]> {
  const refspec = originRefspec(deployment.origin);
  if (refspec === undefined) throw hostError("no-origin", "No origin/refspec, cannot verify");
  const { remote } = parseRefSpec(refspec);
  if (remote === undefined) throw hostError("no-origin", "Cannot verify deployment without remote");
  const { gpg = [], sign } = await verifyForRemote(repo, asChecksum(deployment.checksum), remote);
  return [...gpg.flatMap(describeSignature).map((line) => `GPG: ${line}`), ...(sign === undefined ? [] : [sign])];
}
