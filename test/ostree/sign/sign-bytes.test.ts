// SPDX-License-Identifier: Apache-2.0
/** Judged by openssl, which made the keys. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { removeTree } from "../../../src/base/index.ts";
import {
  keySet,
  loadSystemKeys,
  parseSecretKey,
  readPublicKeys,
  readSecretKeys,
  signBytes,
  verifyBytes,
} from "../../../src/ostree/index.ts";

const directory = mkdtempSync(join(tmpdir(), "sign-test-"));
after(() => removeTree(directory));

const data = Buffer.from("what is signed");
const other = Buffer.from("what is not");
writeFileSync(join(directory, "data"), data);

function openssl(...args: string[]): Buffer {
  return execFileSync("openssl", args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
}

/** A key pair in PEM files `NAME.pem` and `NAME.pub`, and the same in DER. */
function newKey(name: string, ...options: string[]): { secret: Buffer; public: Buffer } {
  openssl("genpkey", ...options, "-out", `${name}.pem`);
  openssl("pkey", "-in", `${name}.pem`, "-pubout", "-out", `${name}.pub`);
  const form = ["-in", `${name}.pem`, "-outform", "DER"];
  return { secret: openssl("pkey", ...form), public: openssl("pkey", ...form, "-pubout") };
}

/** The raw keys that libostree takes, in base64. */
function newEd25519(name: string): { secret: string; public: string } {
  const der = newKey(name, "-algorithm", "ed25519");
  const [seed, key] = [der.secret.subarray(-32), der.public.subarray(-32)];
  return { secret: Buffer.concat([seed, key]).toString("base64"), public: key.toString("base64") };
}

function opensslVerifies(name: string, signature: Buffer, digest: string[] = ["-rawin"]): boolean {
  writeFileSync(join(directory, "signature"), signature);
  const files = ["-in", "data", "-sigfile", "signature", "-pubin", "-inkey", `${name}.pub`];
  return openssl("pkeyutl", "-verify", ...digest, ...files).includes("Signature Verified Successfully");
}

function opensslSigns(name: string): Buffer {
  return openssl("pkeyutl", "-sign", "-rawin", "-in", "data", "-inkey", `${name}.pem`);
}

const refused =
  (text: RegExp, code = "ostree-sign-verify") =>
  (error: Error & { code?: string }) => {
    assert.equal(error.code, code);
    assert.match(error.message, text);
    return true;
  };

test("ed25519: openssl verifies what we sign and we verify what it signs", () => {
  const key = newEd25519("ed");
  const signature = signBytes("ed25519", parseSecretKey("ed25519", key.secret), data);
  assert.ok(opensslVerifies("ed", signature));
  const hex = Buffer.from(key.public, "base64").toString("hex");
  const good = `ed25519: Signature verified successfully with key '${hex}'`;
  assert.equal(verifyBytes("ed25519", keySet("ed25519", key.public), data, [opensslSigns("ed")]), good);
});

test("spki: the same for each algorithm", () => {
  const algorithms = {
    ed448: ["-algorithm", "ed448"],
    ed: ["-algorithm", "ed25519"],
    rsa: ["-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:2048"],
    ec: ["-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
  };
  for (const [name, options] of Object.entries(algorithms)) {
    const key = newKey(`spki-${name}`, ...options);
    const keys = keySet("spki", key.public.toString("base64"));
    const signature = signBytes("spki", parseSecretKey("spki", key.secret.toString("base64")), data);
    assert.ok(opensslVerifies(`spki-${name}`, signature), name);
    assert.match(verifyBytes("spki", keys, data, [opensslSigns(`spki-${name}`)]), /^spki: Signature verified success/);
    assert.throws(() => verifyBytes("spki", keys, other, [signature]), refused(/couldn't be verified with: key '/));
    assert.throws(() => verifyBytes("spki", keys, data, [signature.subarray(1)]), refused(/couldn't be verified/));
    // OpenSSL tells bytes that are no signature at all from a wrong one by a negative result, which is no success.
    for (const noise of [Buffer.alloc(0), Buffer.from("noise"), Buffer.alloc(signature.length, 1)]) {
      assert.throws(() => verifyBytes("spki", keys, data, [noise]), refused(/couldn't be verified/));
    }
  }
});

test("ed25519 refuses other bytes, another key, a revoked key, no signature, a cut one, and too many", () => {
  const [key, stranger] = [newEd25519("key"), newEd25519("stranger")];
  const signature = signBytes("ed25519", parseSecretKey("ed25519", key.secret), data);
  const keys = keySet("ed25519", key.public);
  const check = (signatures: Buffer[], bytes = data, trust = keys) => verifyBytes("ed25519", trust, bytes, signatures);
  assert.throws(() => check([signature], other), refused(/couldn't be verified with: key '/));
  assert.throws(() => check([signature], data, keySet("ed25519", stranger.public)), refused(/couldn't be verified/));
  assert.throws(
    () => check([signature], data, { trusted: keys.trusted, revoked: keys.trusted }),
    refused(/no signatures/),
  );
  assert.throws(() => check([]), refused(/ed25519: no signatures found/));
  assert.throws(() => check([signature.subarray(0, 63)]), refused(/expected 64 bytes, got 63 bytes/));
  assert.throws(() => check(Array<Buffer>(5000).fill(signature)), refused(/more than 256 signatures/));
  assert.throws(() => check(Array<Buffer>(4).fill(signature), other), refused(/tried 4 keys/));
  for (let bit = 0; bit < 512; bit++) {
    const flipped = Buffer.from(signature);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    assert.throws(() => check([flipped]), refused(/couldn't be verified/));
  }
  check([signBytes("ed25519", parseSecretKey("ed25519", stranger.secret), data), signature]);
});

test("key files: lines of base64, PEM blocks; what is none is refused or passed over", () => {
  const key = newEd25519("file");
  const path = join(directory, "keys");
  writeFileSync(path, `${Buffer.alloc(31).toString("base64")}\n${key.public}\n`);
  assert.deepEqual(readPublicKeys("ed25519", path), [Buffer.from(key.public, "base64")]);
  const bad: [string, RegExp][] = [
    ["", /no valid keys in file/],
    ["garbage\n", /no valid keys in file/],
    [`${key.public}\n\n`, /Invalid base64 blob format/],
  ];
  for (const [text, message] of bad) {
    writeFileSync(path, text);
    assert.throws(() => readPublicKeys("ed25519", path), refused(message, "ostree-sign-keys"));
  }
  assert.throws(() => readPublicKeys("ed25519", directory), refused(/is not a regular file/, "ostree-sign-keys"));
  assert.throws(
    () => readSecretKeys("ed25519", join(directory, "file.pub")),
    refused(/expected 64/, "ostree-sign-keys"),
  );
});

test("PEM: text around the blocks is passed over; an open or mislabelled block is refused", () => {
  const key = newKey("pem", "-algorithm", "ed448");
  const path = join(directory, "pems");
  const pem = openssl("pkey", "-in", "pem.pem", "-pubout").toString();
  writeFileSync(path, `a comment\n${pem}\n${pem}`);
  assert.deepEqual(readPublicKeys("spki", path), [key.public, key.public]);
  assert.deepEqual(readSecretKeys("spki", join(directory, "pem.pem")), [key.secret]);
  const bad: [string, RegExp][] = [
    [pem.replace(/-----END.*\n/, ""), /PEM trailer not found/],
    [pem.replace("END PUBLIC", "END PRIVATE"), /Unmatched PEM header/],
    [openssl("pkey", "-in", "pem.pem").toString(), /Unexpected label "PRIVATE KEY"/],
  ];
  for (const [text, message] of bad) {
    writeFileSync(path, text);
    assert.throws(() => readPublicKeys("spki", path), refused(message, "ostree-sign-keys"));
  }
});

test("keys of the wrong kind or size are refused", () => {
  assert.throws(() => keySet("ed25519", "c29tZXRoaW5n"), refused(/expected 32 bytes, got 9/, "ostree-sign-keys"));
  const garbage = keySet("spki", "AAAA");
  assert.throws(() => verifyBytes("spki", garbage, data, [data]), refused(/initialize spki key/, "ostree-sign-keys"));
  const huge = Buffer.alloc(1 << 20).toString("base64");
  assert.throws(() => keySet("spki", huge), refused(/more than 65536 bytes/, "ostree-sign-keys"));
});

test("the system's directories: files and directories of keys, and revoked ones", () => {
  const [key, lost] = [newEd25519("system"), newEd25519("lost")];
  const system = join(directory, "system");
  for (const name of ["trusted.ed25519.d", "revoked.ed25519.d"]) mkdirSync(join(system, name), { recursive: true });
  assert.throws(() => loadSystemKeys("ed25519", system), refused(/ed25519: no keys loaded/, "ostree-sign-keys"));
  writeFileSync(join(system, "trusted.ed25519"), `${lost.public}\n`);
  writeFileSync(join(system, "trusted.ed25519.d/site"), `${key.public}\n`);
  writeFileSync(join(system, "trusted.ed25519.d/README"), "not a key\n");
  const made = (secret: string) => signBytes("ed25519", parseSecretKey("ed25519", secret), data);
  const check = (secret: string) => verifyBytes("ed25519", loadSystemKeys("ed25519", system), data, [made(secret)]);
  check(key.secret);
  check(lost.secret);
  writeFileSync(join(system, "revoked.ed25519.d/lost"), `${lost.public}\n`);
  check(key.secret);
  assert.throws(() => check(lost.secret), refused(/couldn't be verified/));
});
