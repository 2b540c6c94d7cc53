// SPDX-License-Identifier: Apache-2.0
// Images of this machine's container engine, in a storage of the test's own. Needs root.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { rebase, status, upgrade } from "../../src/host/index.ts";
import { ostree } from "./fixture.ts";
import { acceptAnything, imageHost, skopeo, usePolicy } from "./image-fixture.ts";

function useStorage(t: TestContext, root: string): void {
  const path = join(root, "storage.conf");
  writeFileSync(path, `[storage]\ndriver = "vfs"\nrunroot = "${root}/storage-run"\ngraphroot = "${root}/storage"\n`);
  const before = process.env["CONTAINERS_STORAGE_CONF"];
  process.env["CONTAINERS_STORAGE_CONF"] = path;
  t.after(() => {
    if (before === undefined) delete process.env["CONTAINERS_STORAGE_CONF"];
    else process.env["CONTAINERS_STORAGE_CONF"] = before;
  });
}

test("an image of the machine's own engine is followed; its layers are packed anew each time", async (t) => {
  const host = await imageHost(t);
  usePolicy(t, host.root, acceptAnything);
  useStorage(t, host.root);
  const image = "containers-storage:localhost/host:13";
  const commit = host.build("14.1");
  await host.encapsulate(commit, image);
  const done = await rebase(host.open(), { refspec: `ostree-unverified-image:${image}`, stage: false });
  assert.equal(done.deployed?.deployment.checksum, commit);
  const { Digest } = JSON.parse(skopeo("inspect", image)) as { Digest: string };
  assert.equal(status(host.open()).deployments[0]?.["container-image-reference-digest"], Digest);
  assert.equal((await upgrade(host.open(), { stage: false })).changed, false);
  const next = host.build("14.2", { base: "1", tool: "2" });
  await host.encapsulate(next, image);
  assert.equal((await upgrade(host.open(), { stage: false })).deployed?.deployment.checksum, next);
  ostree("fsck", `--repo=${host.repo}`);
});
