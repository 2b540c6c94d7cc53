// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadKeyring, readRpm, type ReadRpmOptions } from "../../../src/packages/index.ts";
import { SigningKey, temporaryDirectory } from "../fixture.ts";
import { buildRpm } from "./fixture.ts";

let directory: string;
let key: SigningKey;
let other: SigningKey;
let unsigned: string;
before(() => {
  directory = temporaryDirectory();
  key = new SigningKey(directory, "packager");
  other = new SigningKey(directory, "other");
  const recipe = { name: "signed", install: ["mkdir usr", "seq 20000 > usr/numbers"], files: ["/usr/numbers"] };
  unsigned = buildRpm(recipe, join(directory, "build"));
});
after(() => {
  key.close();
  other.close();
  rmSync(directory, { recursive: true, force: true });
});

let copies = 0;

/** Signs a copy with the installed rpmsign and gives its path. */
function sign(by: SigningKey, ...gpgOptions: string[]): string {
  const path = join(directory, `signed-${copies++}.rpm`);
  copyFileSync(unsigned, path);
  const defines = [
    `_gpg_name @example.org`,
    `_gpg_sign_cmd_extra_args --batch ${gpgOptions.join(" ")}`,
    "__gpg /usr/bin/gpg",
  ];
  const options = defines.flatMap((one) => ["--define", one]);
  execFileSync("rpmsign", ["--addsign", ...options, path], {
    env: { ...process.env, GNUPGHOME: by.home },
    stdio: "pipe",
  });
  return path;
}

async function readAll(path: string, options: ReadRpmOptions): Promise<void> {
  using rpm = await readRpm(path, options);
  for (const entry of rpm.files()) for (const piece of entry.pieces()) void piece;
}

test("a package signed by a key of the keyring is read, and the signature told", async () => {
  const keyring = await loadKeyring(key.keyring);
  using rpm = await readRpm(sign(key), { keyring });
  const [header] = rpm.signatures;
  assert.equal(header?.status, "good");
  assert.equal(header?.range, "header");
  assert.match(header?.userId ?? "", /packager/);
  for (const entry of rpm.files()) void entry;
});

test("what nobody of ours vouches for is refused with its reason", async () => {
  const keyring = await loadKeyring(key.keyring);
  const foreign = sign(other);
  await assert.rejects(readRpm(unsigned, { keyring }), { code: "packages-unsigned" });
  await assert.rejects(readRpm(unsigned, {}), { code: "packages-unsigned" });
  await assert.rejects(readRpm(foreign, { keyring }), { code: "packages-unknown-key" });
  await assert.rejects(readRpm(sign(key, "--digest-algo=SHA1"), { keyring }), { code: "packages-untrusted-signature" });
  for (const path of [unsigned, foreign]) await readAll(path, { keyring, allowUnsigned: true });
});

test("the signature of a key that has expired is refused", async () => {
  const old = new SigningKey(directory, "old", "20200201T000000", "20200101T000000");
  const keyring = await loadKeyring(old.keyring);
  const path = sign(old, "--faked-system-time=20200110T000000");
  await assert.rejects(readRpm(path, { keyring }), { code: "packages-expired-key", message: /2020-02-01/ });
  await readAll(path, { keyring, now: Date.UTC(2020, 0, 20) / 1000 });
  old.close();
});

test("RSA signatures are verified", async () => {
  const one = new SigningKey(directory, "rsa", "never", undefined, "rsa2048");
  const keyring = await loadKeyring(one.keyring);
  await readAll(sign(one), { keyring });
  one.close();
});

function replace(bytes: Buffer, from: string, to: string): void {
  const at = bytes.indexOf(from);
  assert.ok(at > 0 && bytes.write(to, at, "latin1") === from.length);
}

test("a header that was changed after it was signed is refused, with and without fitting digests", async () => {
  const keyring = await loadKeyring(key.keyring);
  const path = sign(key);
  using rpm = await readRpm(path, { keyring });
  const whole = readFileSync(path);
  const start = rpm.payloadOffset - rpm.header.bytes.length - 8;
  const header = whole.subarray(start, rpm.payloadOffset);
  const digests = (["sha1", "sha256"] as const).map((name) => createHash(name).update(header).digest("hex"));
  replace(header, "A package for tests", "B package for tests");
  writeFileSync(path, whole);
  await assert.rejects(readRpm(path, { keyring }), { code: "packages-bad-digest" });
  // Who changes a header changes its digests too: they stand in the part that is not signed.
  for (const [at, name] of (["sha1", "sha256"] as const).entries()) {
    replace(whole, digests[at]!, createHash(name).update(header).digest("hex"));
  }
  writeFileSync(path, whole);
  await assert.rejects(readRpm(path, { keyring }), { code: "packages-bad-signature" });
  await assert.rejects(readRpm(path, { keyring, allowUnsigned: true }), { code: "packages-bad-signature" });
});

test("a payload that was changed or cut off after it was signed is refused", async () => {
  const keyring = await loadKeyring(key.keyring);
  const path = sign(key);
  const whole = readFileSync(path);
  const changed = Buffer.from(whole);
  changed[whole.length - 30]! ^= 1;
  for (const bytes of [changed, whole.subarray(0, -10)]) {
    writeFileSync(path, bytes);
    await assert.rejects(readAll(path, { keyring }), { code: /^(packages-bad-digest|base-damaged|packages-rpm)$/ });
  }
});
