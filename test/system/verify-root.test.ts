// SPDX-License-Identifier: Apache-2.0
// The initramfs's script, with openssl as the judge of signatures; only the kernel's measure of the image is made up.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { keySigner, Repo, signCommit, type Checksum } from "../../src/ostree/index.ts";
import { ostree } from "../host/fixture.ts";
import { type Key, makeKey } from "./key.ts";

const script = join(import.meta.dirname, "../../system/dracut/99atomic-signed-root/verify-root");

/** A physical root with one deployment, whose commit speaks of an image with the digest. */
function makeRoot(t: TestContext, digest: Buffer) {
  const directory = mkdtempSync(join(tmpdir(), "atomic-verify-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "sysroot");
  mkdirSync(join(path, "ostree"), { recursive: true });
  const repo = Repo.init(join(path, "ostree/repo"), "bare-user");
  mkdirSync(join(directory, "tree"));
  const bytes = [...digest].map((byte) => `byte 0x${byte.toString(16)}`).join(",");
  const metadata = ["--add-metadata-string=version=1", `--add-metadata=ostree.composefs.digest.v0=[${bytes}]`];
  const args = ["--orphan", ...metadata, `--tree=dir=${join(directory, "tree")}`];
  const commit = ostree("commit", `--repo=${repo.path}`, ...args).trim() as Checksum;
  const deployment = `ostree/deploy/debian/deploy/${commit}.0`;
  mkdirSync(join(path, deployment), { recursive: true });
  mkdirSync(join(path, "ostree/boot.1.1/debian/abc"), { recursive: true });
  symlinkSync("boot.1.1", join(path, "ostree/boot.1"));
  symlinkSync(`../../../deploy/debian/deploy/${commit}.0`, join(path, "ostree/boot.1.1/debian/abc/0"));
  writeFileSync(join(directory, "cmdline"), "rw ostree=/ostree/boot.1/debian/abc/0 quiet\n");
  const bin = join(directory, "bin");
  mkdirSync(bin);
  /** @param trusted the keys of the initramfs; `measured` is what the kernel says of the image */
  const verify = (trusted: readonly Key[], measured: Buffer | "none" = digest) => {
    writeFileSync(join(directory, "keys"), trusted.map(({ text }) => `${text}\n`).join(""));
    const says = measured === "none" ? "exit 1" : `echo sha256:${measured.toString("hex")} "$2"`;
    writeFileSync(join(bin, "fsverity"), `#!/bin/sh\n${says}\n`);
    chmodSync(join(bin, "fsverity"), 0o755);
    const words = [script, path, join(directory, "cmdline"), join(directory, "keys")];
    const env = { PATH: `${bin}:/usr/bin:/bin`, TMPDIR: directory };
    const { status, stderr } = spawnSync("sh", words, { encoding: "utf8", env });
    return status === 0 ? "boots" : stderr.trim().replace("atomic-verify-root: ", "").replaceAll(commit, "COMMIT");
  };
  return { repo, commit, verify };
}

test("a root boots when a key of the initramfs has signed its commit, and the image is the commit's", async (t) => {
  const digest = randomBytes(32);
  const [ours, other] = [makeKey(), makeKey()];
  const { repo, commit, verify } = makeRoot(t, digest);
  assert.equal(verify([ours]), "commit COMMIT is not signed");
  await signCommit(repo, commit, keySigner("ed25519", other.secret));
  assert.equal(verify([ours]), "no signature of commit COMMIT is by a key of this system");
  await signCommit(repo, commit, keySigner("ed25519", ours.secret));
  assert.equal(verify([ours]), "boots");
  assert.equal(verify([makeKey(), ours]), "boots");
  assert.equal(verify([]), "no signature of commit COMMIT is by a key of this system");
});

test("an image that is another, or that the kernel does not hold to its digest, does not boot", async (t) => {
  const digest = randomBytes(32);
  const key = makeKey();
  const { repo, commit, verify } = makeRoot(t, digest);
  await signCommit(repo, commit, keySigner("ed25519", key.secret));
  assert.equal(verify([key], randomBytes(32)), "the image of commit COMMIT is not the one that was signed");
  assert.equal(verify([key], "none"), "the image of commit COMMIT has no fs-verity");
});

test("a commit that was changed after it was signed does not boot", async (t) => {
  const key = makeKey();
  const { repo, commit, verify } = makeRoot(t, randomBytes(32));
  await signCommit(repo, commit, keySigner("ed25519", key.secret));
  const object = repo.objectPath(commit, "commit");
  const bytes = Buffer.from(repo.loadMetadata(commit, "commit"));
  bytes[bytes.length - 40]! ^= 1;
  rmSync(object);
  writeFileSync(object, bytes);
  assert.equal(verify([key]), "no signature of commit COMMIT is by a key of this system");
});
