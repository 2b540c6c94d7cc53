// SPDX-License-Identifier: Apache-2.0
import { parseRefSpec, type Repo, tryFindRemote } from "../ostree/index.ts";
import { hostError } from "./errors.ts";
import type { Deployment } from "./model.ts";
import { originRefspec } from "./origin.ts";
import { commitSignatures } from "./signatures.ts";

/** Lines about the GPG signatures of a deployment's commit, where its remote asks for them (`deployment_print_status`). */
export async function deploymentSignatures(repo: Repo, { origin, checksum }: Deployment): Promise<string[]> {
  const refspec = originRefspec(origin);
  const remote = refspec === undefined ? undefined : parseRefSpec(refspec).remote;
  if (remote === undefined || tryFindRemote(repo, remote)?.gpgVerify !== true) return [];
  const signatures = await commitSignatures(repo, remote, checksum);
  return signatures.flatMap(describe).map((line) => `    GPG: ${line}`);
}

/** As `deploymentSignatures`, but every deployment must have a remote and valid signatures (`status --verify`). */
export async function verifiedSignatures(repo: Repo, deployment: Deployment): Promise<string[]> {
  const refspec = originRefspec(deployment.origin);
  if (refspec === undefined) throw hostError("no-origin", "No origin/refspec, cannot verify");
  const { remote } = parseRefSpec(refspec);
  if (remote === undefined) throw hostError("no-origin", "Cannot verify deployment without remote");
  const signatures = await commitSignatures(repo, remote, deployment.checksum);
  return signatures.flatMap(describe).map((line) => `GPG: ${line}`);
}

function describe(signature: Awaited<ReturnType<typeof commitSignatures>>[number]): string[] {
  const [valid, , , , missing, fingerprint, timestamp, , algorithm, , name, email] = signature;
  const made = new Date(timestamp * 1000).toUTCString();
  const verdict = valid
    ? `Good signature from "${name} <${email}>"`
    : missing
      ? "Can't check signature: public key not found"
      : `BAD signature from "${name} <${email}>"`;
  return [`Signature made ${made} using ${algorithm} key ID ${fingerprint.slice(-16)}`, verdict];
}
