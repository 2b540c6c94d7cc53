// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { deploy, hostError } from "../../src/host/index.ts";
import { type Checksum, composefsImage, keySigner, Repo, signCommit } from "../../src/ostree/index.ts";
import { makeKey } from "../system/key.ts";
import { newSysroot, ostree, ref, scratch, writeTree } from "./fixture.ts";

test("a version that its own initramfs would refuse is not deployed", async (t) => {
  const key = makeKey();
  const { sysroot, repo: path } = newSysroot(t);
  const tree = scratch(t);
  writeTree(tree, {
    version: "13.2",
    files: {
      "usr/lib/ostree/prepare-root.conf": "[composefs]\nenabled = signed\n",
      "usr/etc/ostree/initramfs-root-binding.key": `${key.text}\n`,
    },
  });
  const commitWith = (...metadata: string[]) =>
    ostree("commit", `--repo=${path}`, `--branch=${ref}`, ...metadata, `--tree=dir=${tree}`).trim() as Checksum;
  const refused = (reason: RegExp) =>
    assert.rejects(
      deploy(sysroot, { rev: ref, stateroot: "debian" }),
      (error: Error) => hostError.is(error, "unsigned-root") && reason.test(error.message),
    );

  commitWith();
  await refused(/has no ostree\.composefs\.digest\.v0/);
  const digest = await composefsImage(Repo.open(path), ref, join(scratch(t), "image"));
  const bytes = [...digest].map((byte) => `byte 0x${byte.toString(16)}`).join(",");
  const commit = commitWith(`--add-metadata=ostree.composefs.digest.v0=[${bytes}]`);
  await refused(/no signatures/);
  const repo = Repo.open(path);
  await signCommit(repo, commit, keySigner("ed25519", makeKey().secret));
  await refused(/no valid signatures|signature/i);
  await signCommit(repo, commit, keySigner("ed25519", key.secret));
  const { deployment } = await deploy(sysroot, { rev: ref, stateroot: "debian" });
  assert.equal(deployment.checksum, commit);
});
