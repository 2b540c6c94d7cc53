// SPDX-License-Identifier: Apache-2.0
// Images that are damaged, lie, or want to exhaust us: each is refused by name, and nothing is deployed. Needs root.
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import {
  decodeImageConfig,
  decodeManifest,
  encodeImageConfig,
  encodeManifest,
  type OciImageConfig,
  ociDigest,
  ociTypes,
} from "../../src/formats/index.ts";
import { rebase } from "../../src/host/index.ts";
import { OciLayout } from "../../src/ostree/index.ts";
import { ostree } from "./fixture.ts";
import { acceptAnything, imageHost, usePolicy } from "./image-fixture.ts";

/** Rewrites an image: each layer's archive, then its configuration. */
function rewrite(
  path: string,
  layer: (archive: Buffer, index: number) => Buffer,
  change: (config: OciImageConfig) => OciImageConfig = (config) => config,
): void {
  const layout = new OciLayout(path);
  const manifest = decodeManifest(layout.readDocument(layout.entries()[0]!), "manifest");
  const archives = manifest.layers.map((one, index) =>
    layer(gunzipSync(readFileSync(layout.blobPath(one.digest))), index),
  );
  const config = decodeImageConfig(layout.readDocument(manifest.config), "config");
  const diffIds = archives.map(ociDigest);
  const labels = new Map(config.labels).set("ostree.final-diffid", diffIds.at(-1)!);
  const changed = change({ ...config, diffIds, labels });
  const layers = archives.map((archive) => layout.writeDocument(gzipSync(archive), ociTypes.layer));
  const written = encodeManifest({
    ...manifest,
    config: layout.writeDocument(encodeImageConfig(changed), ociTypes.config),
    layers,
  });
  layout.setManifest(layout.writeDocument(written, ociTypes.manifest), undefined);
}

/** The header block of the first entry whose name ends so. */
function entryAt(archive: Buffer, end: string): number {
  for (let at = 0; at < archive.length; at += 512) {
    const name = archive.toString("latin1", at, at + 100).replace(/\0.*$/s, "");
    if (name.endsWith(end) && archive.toString("latin1", at + 257, at + 262) === "ustar") return at;
  }
  throw new Error(`no entry ${end}`);
}

const edited = (archive: Buffer, edit: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.from(archive);
  edit(bytes);
  return bytes;
};

const seal = (bytes: Buffer, at: number): void => {
  bytes.fill(0x20, at + 148, at + 156);
  const sum = bytes.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
};

test("what an image lies about is found, and nothing of it is deployed", async (t) => {
  const host = await imageHost(t);
  usePolicy(t, host.root, acceptAnything);
  const commit = host.build("14.1", { one: "1", two: "1" });
  const path = join(host.root, "image");
  const refspec = `ostree-unverified-image:oci:${path}`;
  const refused = async (how: string, wanted: RegExp) => {
    await assert.rejects(rebase(host.open(), { refspec, stage: false }), wanted, how);
    assert.equal(host.open().deployments.length, 1, how);
    ostree("fsck", `--repo=${host.repo}`);
  };
  const make = () => host.encapsulate(commit, `oci:${path}`);
  const keep = (archive: Buffer) => archive;

  await make();
  rewrite(path, (archive, index) => {
    if (index !== 1) return archive;
    return edited(archive, (bytes) => {
      const at = entryAt(bytes, ".file");
      bytes[at + 512]! ^= 1;
    });
  });
  await refused("a changed byte of content", /Corrupted file object|is not what|attributes/);

  await make();
  rewrite(path, (archive, index) => {
    if (index !== 1) return archive;
    return edited(archive, (bytes) => {
      const at = entryAt(bytes, ".file");
      bytes.write("0004755\0", at + 100, "latin1");
      seal(bytes, at);
    });
  });
  await refused("a setuid bit", /Corrupted file object/);

  await make();
  rewrite(path, (archive, index) => (index === 1 ? Buffer.alloc(1024) : archive));
  await refused("an empty layer", /lacks [0-9a-f]{64}\.file/);

  await make();
  rewrite(path, keep, (config) => ({ ...config, labels: new Map(config.labels).set("ostree.commit", "0".repeat(64)) }));
  await refused("another commit", /announces commit 0+, but has/);

  await make();
  rewrite(path, keep, (config) => ({
    ...config,
    labels: new Map(config.labels).set("ostree.final-diffid", "sha256:1"),
  }));
  await refused("an end that is not there", /has no layer sha256:1/);

  await make();
  rewrite(path, keep, (config) => ({ ...config, labels: new Map() }));
  await refused("an application", /has no label ostree\.bootable or containers\.bootc/);

  await make();
  rewrite(path, keep, (config) => ({ ...config, architecture: "vax" }));
  await refused("another machine", /is for vax, not/);

  await make();
  rewrite(path, keep, (config) => ({ ...config, diffIds: config.diffIds.slice(1), history: config.history.slice(1) }));
  await refused("too few diff_ids", /layers, but diff_ids of/);
});

test("a blob that is not what its digest says is found, and a new download mends it", async (t) => {
  const host = await imageHost(t);
  usePolicy(t, host.root, acceptAnything);
  const commit = host.build("14.1");
  const path = join(host.root, "image");
  const refspec = `ostree-unverified-image:oci:${path}`;
  const { layers } = await host.encapsulate(commit, `oci:${path}`);
  const blob = new OciLayout(path).blobPath(layers[1]!.digest);
  const good = readFileSync(blob);
  writeFileSync(
    blob,
    edited(good, (bytes) => (bytes[bytes.length - 9]! ^= 1)),
  );
  await assert.rejects(rebase(host.open(), { refspec, stage: false }), { name: "AtomicError" });
  assert.equal(host.open().deployments.length, 1);
  writeFileSync(blob, good);
  const done = await rebase(host.open(), { refspec, stage: false });
  assert.equal(done.deployed?.deployment.checksum, commit);
});

test("a download that was cut short leaves nothing that counts, and is gone on with", async (t) => {
  const host = await imageHost(t);
  usePolicy(t, host.root, acceptAnything);
  const commit = host.build("14.1");
  const path = join(host.root, "image");
  const refspec = `ostree-unverified-image:oci:${path}`;
  const { layers } = await host.encapsulate(commit, `oci:${path}`);
  const left = OciLayout.ensure(join(host.repo, "tmp/container-download"));
  // Of another image, half of one of this, a whole one of this that is damaged.
  writeFileSync(join(left.blobs, "0".repeat(64)), "x");
  writeFileSync(
    left.blobPath(layers[0]!.digest),
    readFileSync(new OciLayout(path).blobPath(layers[0]!.digest)).subarray(9),
  );
  const damaged = Buffer.alloc(statSync(new OciLayout(path).blobPath(layers[1]!.digest)).size, 1);
  writeFileSync(left.blobPath(layers[1]!.digest), damaged);
  await assert.rejects(rebase(host.open(), { refspec, stage: false }), /is not what its digest says/);
  const done = await rebase(host.open(), { refspec, stage: false });
  assert.equal(done.deployed?.deployment.checksum, commit);
  assert.ok(!readdirSync(join(host.repo, "tmp")).includes("container-download"));
});

test("a layer that was fetched as objects is not taken for files, nor the other way round", async (t) => {
  const host = await imageHost(t);
  usePolicy(t, host.root, acceptAnything);
  const commit = host.build("14.1");
  const path = join(host.root, "image");
  const refspec = `ostree-unverified-image:oci:${path}`;
  await host.encapsulate(commit, `oci:${path}`);
  const asFiles = join(host.root, "files");
  cpSync(path, asFiles, { recursive: true });
  const layout = new OciLayout(asFiles);
  const manifest = decodeManifest(layout.readDocument(layout.entries()[0]!), "manifest");
  const config = decodeImageConfig(layout.readDocument(manifest.config), "config");
  const labels = new Map([["containers.bootc", "1"]]);
  const plain = layout.writeDocument(encodeImageConfig({ ...config, labels }), ociTypes.config);
  layout.setManifest(
    layout.writeDocument(encodeManifest({ ...manifest, config: plain }), ociTypes.manifest),
    undefined,
  );
  const flat = await rebase(host.open(), { refspec: `ostree-unverified-image:oci:${asFiles}`, stage: false });
  const files = flat.deployed!.deployment.checksum;
  assert.notEqual(files, commit);
  assert.match(ostree("cat", `--repo=${host.repo}`, files, "/usr/bin/tool"), /14\.1/);
  const done = await rebase(host.open(), { refspec, stage: false });
  assert.equal(done.deployed?.deployment.checksum, commit);
  ostree("fsck", `--repo=${host.repo}`);
});
