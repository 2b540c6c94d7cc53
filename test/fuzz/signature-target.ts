// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync, sign } from "node:crypto";
import { readDetached, signaturesIn, verifyBytes, writeDetached } from "../../src/ostree/index.ts";
import type { FuzzTarget } from "./targets.ts";

const data = Buffer.from("what is signed");
const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const key = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
const good = sign(null, data, privateKey);

/** Detached metadata from a server, to the verdict on its signatures. */
export const signatureTarget: FuzzTarget = {
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
