// SPDX-License-Identifier: Apache-2.0
import { baseError, run, runBytes } from "../../base/index.ts";
import { ostreeError } from "../errors.ts";

/** GnuPG holds the secret keys; its agent asks for what protects them. */
function gpgArguments(homedir: string | undefined, ...args: string[]): string[] {
  return [...(homedir === undefined ? [] : ["--homedir", homedir]), "--batch", "--quiet", ...args];
}

/** A binary detached signature. */
export async function gpgSign(data: Uint8Array, keyId: string, homedir?: string): Promise<Buffer> {
  const args = gpgArguments(homedir, "--no-armor", "--local-user", keyId, "--detach-sign", "--output", "-");
  try {
    return await runBytes("gpg", args, { input: data });
  } catch (error) {
    // GnuPG's own words do not tell a key that is missing from one that cannot be used.
    if (baseError.is(error, "process-failed")) await gpgSecretKeyIds(keyId, homedir);
    throw error;
  }
}

/** IDs of the secret key that `keyId` means, and of its subkeys; throws when GnuPG has none or cannot tell. */
export async function gpgSecretKeyIds(keyId: string, homedir?: string): Promise<string[]> {
  const args = gpgArguments(homedir, "--with-colons", "--list-secret-keys", "--", keyId);
  const { code, stdout } = await run("gpg", args, { accept: [0, 2] });
  const where = `(homedir: ${homedir ?? "<default>"})`;
  const lines = code === 0 ? stdout.split("\n").map((line) => line.split(":")) : [];
  const primary = lines.filter(([type]) => type === "sec");
  if (primary.length === 0) throw ostreeError("gpg-keys", `No gpg key found with ID ${keyId} ${where}`);
  if (primary.length > 1) {
    throw ostreeError("gpg-keys", `gpg key id ${keyId} ambiguous ${where}. Try the fingerprint instead`);
  }
  return lines.flatMap(([type, , , , id]) => ((type === "sec" || type === "ssb") && id !== undefined ? [id] : []));
}
