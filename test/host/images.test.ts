// SPDX-License-Identifier: Apache-2.0
// Hosts that follow container images: rebase, upgrade, status, what is kept. Judged by skopeo, umoci and stock ostree. Needs root.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cleanup, deployedDigest, previewUpgrade, rebase, status, upgrade } from "../../src/host/index.ts";
import { listImages, Repo } from "../../src/ostree/index.ts";
import { ostree, ref } from "./fixture.ts";
import { acceptAnything, imageHost, skopeo, usePolicy } from "./image-fixture.ts";

const refs = (repo: string, prefix: string) =>
  ostree("refs", `--repo=${repo}`, "--list", prefix)
    .split("\n")
    .filter((line) => line !== "");

test("a commit that was written as an image is deployed from it, the same to the last byte", async (t) => {
  const host = await imageHost(t);
  usePolicy(t, host.root, acceptAnything);
  const commit = host.build("14.1");
  const image = `oci:${join(host.root, "image")}`;
  const written = await host.encapsulate(commit, image);
  const inspected = JSON.parse(skopeo("inspect", image)) as {
    Digest: string;
    Labels: Record<string, string>;
    Layers: string[];
  };
  assert.equal(inspected.Digest, written.digest);
  assert.equal(inspected.Labels["ostree.commit"], commit);
  assert.equal(inspected.Labels["org.opencontainers.image.version"], "14.1");
  assert.equal(inspected.Layers.length, written.layers.length);
  assert.equal((await host.encapsulate(commit, `oci:${join(host.root, "again")}`)).digest, written.digest);

  const words = `ostree-unverified-image:${image}`;
  const done = await rebase(host.open(), { refspec: words, stage: false });
  assert.equal(done.deployed?.deployment.checksum, commit);
  ostree("fsck", `--repo=${host.repo}`);
  const [deployment] = status(host.open()).deployments;
  assert.equal(deployment?.["container-image-reference"], words);
  assert.equal(deployment?.["container-image-reference-digest"], written.digest);
  assert.equal(deployment?.version, "14.1");
  assert.equal(deployment?.origin, undefined);
  assert.match(ostree("show", `--repo=${host.repo}`, commit), /14\.1/);
  assert.ok(!existsSync(join(host.repo, "tmp/container-download")));
  await assert.rejects(rebase(host.open(), { refspec: words }), /Old and new refs are equal/);
});

test("an engine sees the same image as a root file system", async (t) => {
  const host = await imageHost(t);
  const image = `oci:${join(host.root, "image")}:13`;
  await host.encapsulate(host.build("14.1"), image);
  const bundle = join(host.root, "bundle");
  execFileSync("umoci", ["unpack", "--image", image.slice("oci:".length), bundle], { stdio: "pipe" });
  const names = readdirSync(join(bundle, "rootfs"));
  for (const name of ["usr", "etc", "bin", "ostree", "sysroot", "var"]) assert.ok(names.includes(name), name);
  assert.ok(existsSync(join(bundle, "rootfs/etc/motd")) && !existsSync(join(bundle, "rootfs/usr/etc")));
  const repo = join(bundle, "rootfs/sysroot/ostree/repo");
  assert.match(ostree("fsck", `--repo=${repo}`), /fsck|object/);
});

test("an upgrade fetches the layers that changed, and what nobody needs any more is forgotten", async (t) => {
  const host = await imageHost(t);
  usePolicy(t, host.root, acceptAnything);
  const image = `oci:${join(host.root, "image")}:13`;
  const words = `ostree-unverified-image:${image}`;
  const packages = { alpha: "1", beta: "1", gamma: "1", delta: "1" };
  const before = await host.encapsulate(host.build("14.1", packages, { kernel: "k" }), image);
  await rebase(host.open(), { refspec: words, skipPurge: true, stage: false });
  assert.equal((await upgrade(host.open(), { stage: false })).changed, false);

  const next = host.build("14.2", { ...packages, beta: "2" }, { kernel: "k" });
  const after = await host.encapsulate(next, image);
  const kept = after.layers.filter(({ digest }) => before.layers.some((layer) => layer.digest === digest));
  const components = after.layers.filter((layer) => !kept.includes(layer)).flatMap((layer) => layer.components);
  assert.deepEqual(components.toSorted(), ["beta", "rpmostree-unpackaged-content"]);

  const preview = await previewUpgrade(host.open());
  assert.deepEqual([preview.changed, preview.to.checksum, preview.to.version], [true, next, "14.2"]);
  const bytes = after.layers.filter((layer) => !kept.includes(layer)).reduce((sum, { size }) => sum + size, 0);
  assert.equal(preview.download, bytes);

  assert.deepEqual(
    [status(host.open())["cached-update"]?.version, status(host.open())["cached-update"]?.origin],
    ["14.2", words],
  );

  const done = await upgrade(host.open(), { stage: false });
  assert.deepEqual([done.changed, done.deployed?.deployment.checksum], [true, next]);
  assert.deepEqual(
    done.packages?.upgraded.map(({ name, from, to }) => [name, from, to]),
    [["beta", "1", "2"]],
  );
  assert.equal(deployedDigest(Repo.open(host.repo), host.open().deployments[0]!), after.digest);
  assert.equal(deployedDigest(Repo.open(host.repo), host.open().deployments[1]!), before.digest);
  assert.deepEqual(listImages(Repo.open(host.repo)), [image]);
  const layers = new Set([...before.layers, ...after.layers].map(({ digest }) => digest));
  assert.equal(refs(host.repo, "ostree/container/blob").length, layers.size);

  await rebase(host.open(), { refspec: `:${ref}`, stage: false });
  assert.equal(host.open().deployments[0]?.origin?.toString().includes("container-image"), false);
  await cleanup(host.open(), { rollback: true });
  assert.deepEqual(refs(host.repo, "ostree/container"), []);
  ostree("fsck", `--repo=${host.repo}`);
});

test("what the disk has damaged is brought anew from the image before it is deployed", async (t) => {
  const host = await imageHost(t);
  usePolicy(t, host.root, acceptAnything);
  const image = `oci:${join(host.root, "image")}:13`;
  const commit = host.build("14.1");
  await host.encapsulate(commit, image);
  await rebase(host.open(), { refspec: `ostree-unverified-image:${image}`, stage: false });
  const next = host.build("14.2", { base: "1", tool: "2" });
  await host.encapsulate(next, image);
  const checksum = ostree("ls", `--repo=${join(host.root, "builder")}`, "-C", next, "/usr/share/base/data").split(
    /\s+/,
  )[4]!;
  const object = join(host.repo, "objects", checksum.slice(0, 2), `${checksum.slice(2)}.file`);
  const damaged = readFileSync(object);
  damaged[7]! ^= 1;
  writeFileSync(object, damaged);
  const done = await upgrade(host.open(), { stage: false });
  assert.equal(done.deployed?.deployment.checksum, next);
  ostree("fsck", `--repo=${host.repo}`);
});

test("an origin of an image that is not understood is told all the same, and refused only by what would follow it", async (t) => {
  const host = await imageHost(t);
  const { origin, checksum } = host.open().deployments[0]!;
  origin!.removeKey("origin", "refspec");
  origin!.set("origin", "container-image-reference", "ostree-unverified-image:docker-daemon:x");
  origin!.set("origin", "container-image-reference-digest", "md5:1");
  const path = join(host.root, `sysroot/ostree/deploy/debian/deploy/${checksum}.0.origin`);
  writeFileSync(path, origin!.toString());
  const [deployment] = status(host.open()).deployments;
  assert.match(deployment?.["container-image-reference"] ?? "", /docker-daemon:x/);
  assert.equal(deployment?.["container-image-reference-digest"], undefined);
  await cleanup(host.open(), { rollback: true });
  await assert.rejects(upgrade(host.open(), { stage: false }), { code: "ostree-bad-image" });
});
