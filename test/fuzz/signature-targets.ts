// SPDX-License-Identifier: Apache-2.0
/** Signatures as a server sends them, to the verdict on them. */
import { generateKeyPairSync, sign } from "node:crypto";
import { createMessage, generateKey, type PrivateKey, type PublicKey, sign as signMessage } from "openpgp";
import { readDetached, signaturesIn, verifyBytes, verifySignatures, writeDetached } from "../../src/ostree/index.ts";
import { parseKeys } from "../../src/ostree/sign/gpg-keys.ts";
import type { FuzzTarget } from "./targets.ts";

const data = Buffer.from("what is signed");
const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const key = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
const good = sign(null, data, privateKey);

const detached: FuzzTarget = {
  name: "signatures",
  remote: true,
  seeds: [[good], [Buffer.alloc(64, 7), good]].map((value) =>
    writeDetached(new Map([["ostree.sign.ed25519", { type: "aay", value }]])),
  ),
  run(bytes) {
    const signatures = signaturesIn(readDetached(bytes, "fuzz"), "ed25519") ?? [];
    verifyBytes("ed25519", { trusted: [key], revoked: [] }, data, signatures);
    if (!signatures.some((signature) => good.equals(signature))) throw new TypeError("a signature that was not made");
  },
};

interface GpgKey {
  readonly publicKey: PublicKey;
  readonly privateKey: PrivateKey;
}

const gpgKeys: GpgKey[] = [];
for (const type of ["curve25519", "rsa"] as const) {
  gpgKeys.push(await generateKey({ type, rsaBits: 2048, userIDs: { name: type }, format: "object" }));
}
const trusted = gpgKeys.map(({ publicKey }) => publicKey);

async function gpgSignature({ privateKey }: GpgKey): Promise<Buffer> {
  const message = await createMessage({ binary: new Uint8Array(data) });
  return Buffer.from(
    (await signMessage({ message, signingKeys: privateKey, detached: true, format: "binary" })) as Uint8Array,
  );
}

const gpgSignatures = await Promise.all(gpgKeys.map(gpgSignature));
const madeAt = trusted.map((key) => key.getFingerprint().toUpperCase());

const gpg: FuzzTarget = {
  name: "gpg-signatures",
  remote: true,
  seeds: gpgSignatures,
  async run(bytes) {
    for (const result of await verifySignatures(data, [bytes], { keys: () => Promise.resolve(trusted) })) {
      if (result.valid && !madeAt.includes(result.fingerprint)) throw new TypeError("a signature that was not made");
    }
  },
};

const keyring: FuzzTarget = {
  name: "gpg-keys",
  remote: false,
  seeds: trusted.map((key) => Buffer.from(key.write())),
  run: async (bytes) => void (await parseKeys(bytes)),
};

export const signatureTargets: readonly FuzzTarget[] = [detached, gpg, keyring];
