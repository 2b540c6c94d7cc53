// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";

/** The file of GPG keys that a remote is trusted by. */
export function remoteKeyringPath(repo: string, remote: string): string {
  return join(repo, `${remote}.trustedkeys.gpg`);
}
