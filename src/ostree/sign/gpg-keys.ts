// SPDX-License-Identifier: Apache-2.0
import type { Key } from "openpgp";
import { ostreeError } from "../errors.ts";

// Loaded when needed: it costs 60 ms of a start-up.
export const loadOpenpgp = () => import("openpgp");

const armorStart = "-----BEGIN PGP";

/** Parses keys, ASCII armored or binary. */
export async function parseKeys(bytes: Uint8Array): Promise<Key[]> {
  const openpgp = await loadOpenpgp();
  const start = Buffer.from(bytes.subarray(0, 4096)).toString("latin1");
  try {
    if (!start.includes(armorStart)) return await openpgp.readKeys({ binaryKeys: new Uint8Array(bytes) });
    // A file may hold several armored blocks; the library reads one.
    const text = Buffer.from(bytes).toString("latin1");
    const blocks = text.split(new RegExp(`(?=${armorStart})`)).filter((block) => block.startsWith(armorStart));
    const keys = await Promise.all(blocks.map((block) => openpgp.readKeys({ armoredKeys: block }) as Promise<Key[]>));
    return keys.flat();
  } catch (error) {
    throw ostreeError("gpg-keys", `cannot read the GPG keys: ${(error as Error).message}`, { cause: error });
  }
}

/** The key that a fingerprint, the end of one, a subkey's, or a part of a user's name stands for. */
export function findKey(keys: readonly Key[], id: string): Key | undefined {
  const wanted = id.replace(/^0x/i, "").replace(/!$/, "").toLowerCase();
  const byId = /^[0-9a-f]{8,64}$/.test(wanted);
  return keys.find((key) => {
    const fingerprints = [key, ...key.subkeys].map((part) => part.getFingerprint());
    if (byId && fingerprints.some((fingerprint) => fingerprint.endsWith(wanted))) return true;
    return key.getUserIDs().some((user) => user.toLowerCase().includes(wanted));
  });
}
