// SPDX-License-Identifier: Apache-2.0
// Images in a registry (Debian's docker-registry): written there, followed by tag and by digest. Needs root.
import assert from "node:assert/strict";
import { test } from "node:test";
import { previewUpgrade, rebase, rollback, status, upgrade } from "../../src/host/index.ts";
import { ostree } from "./fixture.ts";
import { acceptAnything, imageHost, skopeo, usePolicy } from "./image-fixture.ts";
import { startRegistry } from "./registry.ts";

test("a host follows a tag, and fetches of each version the layers that it has not", async (t) => {
  const host = await imageHost(t);
  usePolicy(t, host.root, acceptAnything);
  const registry = await startRegistry(t, host.root);
  const image = `docker://${registry.host}/example/host:13`;
  const packages = { alpha: "1", beta: "1", gamma: "1" };
  const first = host.build("14.1", packages, { kernel: "k" });
  const before = await host.encapsulate(first, image);
  assert.equal((JSON.parse(skopeo("inspect", image)) as { Digest: string }).Digest, before.digest);

  const words = `ostree-unverified-registry:${registry.host}/example/host:13`;
  registry.fetched();
  await rebase(host.open(), { refspec: words, stage: false });
  const layersOf = (digests: string[], written: typeof before) =>
    written.layers.map(({ digest }) => digest).filter((digest) => digests.includes(digest));
  assert.equal(layersOf(registry.fetched(), before).length, before.layers.length);
  assert.equal((await upgrade(host.open(), { stage: false })).changed, false);
  assert.deepEqual(registry.fetched(), [], "nothing but the manifest is asked for");

  const second = host.build("14.2", { ...packages, gamma: "2" }, { kernel: "k" });
  const after = await host.encapsulate(second, image);
  registry.fetched();
  assert.equal((await previewUpgrade(host.open())).to.checksum, second);
  assert.deepEqual(layersOf(registry.fetched(), after), [after.layers[0]?.digest], "a preview takes the first layer");
  const done = await upgrade(host.open(), { stage: false });
  assert.equal(done.deployed?.deployment.checksum, second);
  const known = new Set(before.layers.map(({ digest }) => digest));
  const changed = after.layers.slice(1).filter(({ digest }) => !known.has(digest));
  assert.deepEqual(
    layersOf(registry.fetched(), after),
    changed.map(({ digest }) => digest),
  );

  await rollback(host.open());
  assert.equal(status(host.open()).deployments[0]?.["container-image-reference-digest"], before.digest);
  const pinned = `ostree-unverified-registry:${registry.host}/example/host@${before.digest}`;
  const back = await rebase(host.open(), { refspec: pinned, stage: false });
  assert.equal(back.deployed?.deployment.checksum, first);
  assert.deepEqual(layersOf(registry.fetched(), before), [], "its layers are kept as long as it is deployed");
  assert.equal((await upgrade(host.open(), { stage: false })).changed, false);
  ostree("fsck", `--repo=${host.repo}`);
});

test("a registry that is gone, or lacks the image, is told by its name, and nothing changes", async (t) => {
  const host = await imageHost(t);
  usePolicy(t, host.root, acceptAnything);
  const registry = await startRegistry(t, host.root);
  const from = (name: string) => rebase(host.open(), { refspec: `ostree-unverified-registry:${name}`, stage: false });
  await assert.rejects(from(`${registry.host}/no/such:1`), {
    code: "ostree-image-fetch",
    message: /no\/such:1: .*manifest unknown/,
  });
  await assert.rejects(from("127.0.0.1:1/x:1"), { code: "ostree-image-fetch", message: /connection refused/ });
  assert.equal(host.open().deployments.length, 1);
});
