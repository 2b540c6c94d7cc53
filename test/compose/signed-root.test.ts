// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silent } from "../../src/base/index.ts";
import { writeTreeCommit } from "../../src/compose/commit.ts";
import { composeError, type Treefile } from "../../src/compose/index.ts";
import { isRootSigned, requireRootKeys } from "../../src/compose/signed-root.ts";
import { composefsDigestKey, composefsImage, pull, Repo } from "../../src/ostree/index.ts";
import { makeDirectoryNode, makeFileNode, put } from "../../src/compose/tree.ts";

const config = "usr/lib/ostree/prepare-root.conf";
const keys = "etc/ostree/initramfs-root-binding.key";
const dracut = "usr/lib/dracut/modules.d/99atomic-signed-root/module-setup.sh";

function treeOf(files: Readonly<Record<string, string>>) {
  const tree = makeDirectoryNode();
  for (const [path, text] of Object.entries(files)) put(tree, path, makeFileNode(text));
  return tree;
}

test("a tree says in prepare-root.conf whether its root must be signed; /etc wins, wherever it is", () => {
  assert.equal(isRootSigned(treeOf({})), false);
  assert.equal(isRootSigned(treeOf({ [config]: "[composefs]\nenabled = verity\n" })), false);
  assert.equal(isRootSigned(treeOf({ [config]: "[composefs]\nenabled = signed\n" })), true);
  const own = { "usr/etc/ostree/prepare-root.conf": "[composefs]\nenabled = no\n" };
  assert.equal(isRootSigned(treeOf({ [config]: "[composefs]\nenabled = signed\n", ...own })), false);
});

test("a tree that could verify no signature is not composed", () => {
  const signed = { [config]: "[composefs]\nenabled = signed\n" };
  const refused = (error: unknown) => composeError.is(error, "root-key");
  assert.throws(() => requireRootKeys(treeOf(signed), { format: "deb" }), refused);
  assert.throws(() => requireRootKeys(treeOf({ ...signed, [keys]: "\n" }), { format: "rpm" }), refused);
  requireRootKeys(treeOf({ ...signed, [keys]: "AAAA\n" }), { format: "rpm" });
  assert.throws(() => requireRootKeys(treeOf({ ...signed, [keys]: "AAAA\n" }), { format: "deb" }), refused);
  requireRootKeys(treeOf({ ...signed, [keys]: "AAAA\n", [dracut]: "" }), { format: "deb" });
  requireRootKeys(treeOf({}), { format: "deb" });
});

test("the commit of a tree whose root must be signed has the digest of the image that hosts make of it", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "atomic-signed-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const repo = Repo.init(join(directory, "repo"), "archive");
  const treefile = { selinuxLabelVersion: 0, commitMetadata: new Map() } as Pick<Treefile, never> as Treefile;
  const digestOf = async (enabled: string) => {
    const tree = treeOf({ [config]: `[composefs]\nenabled = ${enabled}\n`, "usr/bin/large": "x".repeat(10_000) });
    const origin = { metadata: new Map(), inputHashKey: "hash", previous: undefined };
    const { commit } = await writeTreeCommit({ repo, treefile }, origin, { tree, layout: {}, timestamp: 1 }, silent);
    return { commit, digest: repo.loadCommit(commit).metadata.get(composefsDigestKey)?.value };
  };
  assert.equal((await digestOf("verity")).digest, undefined);
  const { commit, digest } = await digestOf("signed");
  const hosts = Repo.init(join(directory, "host"), "bare-user");
  await pull(hosts, { source: repo, refs: [commit] });
  assert.deepEqual(digest, await composefsImage(hosts, commit, join(directory, "image")));
});
