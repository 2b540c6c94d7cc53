// SPDX-License-Identifier: Apache-2.0
// Which packages share a layer, and what an update of some changes.
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import type { Component } from "../../../src/compose/container/components.ts";
import { packLayers } from "../../../src/compose/container/pack-layers.ts";
import { asOciDigest, type OciManifest, ociTypes } from "../../../src/formats/index.ts";
import { asChecksum, type LayerPlan } from "../../../src/ostree/index.ts";

const component = (name: string, size: number, version = "1", source = name): Component => ({
  name,
  source,
  size,
  objects: [asChecksum(hash("sha256", `${name} ${version}`))],
  alwaysChanges: name === "initramfs" || name === "rpmostree-unpackaged-content",
});

/** As a distribution has them: a few large, many small. */
const packages = (changed: ReadonlySet<string> = new Set()): Component[] =>
  Array.from({ length: 300 }, (_, at) => {
    const name = `package-${at}`;
    return component(
      name,
      Math.floor(50_000_000 / (at + 1) ** 1.3),
      changed.has(name) ? "2" : "1",
      `source-${at >> 1}`,
    );
  });

const all = (changed?: ReadonlySet<string>) => [
  ...packages(changed),
  component("initramfs", 60_000_000, changed === undefined ? "1" : "2"),
  component("rpmostree-unpackaged-content", 5_000_000, changed === undefined ? "1" : "2"),
];

const content = (layer: LayerPlan) => layer.objects.toSorted().join();

function manifestOf(layers: readonly LayerPlan[]): OciManifest {
  const digest = asOciDigest(`sha256:${"0".repeat(64)}`, "test");
  const descriptor = { mediaType: ociTypes.layer, digest, size: 1 };
  const chunks = layers.map(({ components }) => ({
    ...descriptor,
    annotations: new Map([["ostree.components", components.toSorted().join(",")]]),
  }));
  return { mediaType: ociTypes.manifest, config: descriptor, layers: [descriptor, ...chunks], annotations: new Map() };
}

test("every package is in one layer; there are no more than wanted, and one is free", () => {
  for (const max of [4, 5, 16, 64, 127, 301, 302, 303, 500]) {
    const layers = packLayers(all(), max);
    assert.ok(layers.length <= max, `${layers.length} of ${max}`);
    assert.deepEqual(
      layers.flatMap(({ components }) => components).toSorted(),
      all()
        .map(({ name }) => name)
        .toSorted(),
    );
    assert.deepEqual(layers.at(-1)?.components, []);
    assert.equal(layers.at(-1)?.name, "Reserved for new packages");
  }
  assert.deepEqual(packLayers([], 64), []);
});

test("the largest are alone, what always changes is apart, those of one source are together", () => {
  const layers = packLayers(all(), 64);
  const of = (name: string) => layers.find(({ components }) => components.includes(name))!;
  for (let at = 0; at < 37; at++) assert.deepEqual(of(`package-${at}`).components, [`package-${at}`]);
  assert.deepEqual(of("initramfs").components, ["initramfs", "rpmostree-unpackaged-content"]);
  for (let at = 40; at < 300; at += 2) assert.equal(of(`package-${at}`), of(`package-${at + 1}`));
});

test("an update changes the layers of what it updates, and no others", () => {
  const changed = new Set(["package-2", "package-100", "package-101", "package-250"]);
  const [before, after] = [packLayers(all(), 64), packLayers(all(changed), 64)];
  const known = new Set(before.map(content));
  const fresh = after.filter((layer) => !known.has(content(layer)));
  assert.ok(fresh.length <= 4, String(fresh.length));
  for (const { components } of fresh)
    assert.ok(
      components.some((name) => changed.has(name) || name === "initramfs"),
      components.join(),
    );
});

test("with the last manifest packages stay where they are, also when they grow; new ones go to the free layer", () => {
  const before = packLayers(all(), 64);
  const grown = all(new Set(["package-200"]))
    .map((one) => (one.name === "package-200" ? { ...one, size: 90_000_000 } : one))
    .filter(({ name }) => name !== "package-5");
  const after = packLayers([...grown, component("fresh", 10)], 64, manifestOf(before));
  const company = (layers: readonly LayerPlan[], name: string) =>
    layers.find(({ components }) => components.includes(name))?.components.toSorted();
  for (const name of ["package-0", "package-200", "package-299", "initramfs"])
    assert.deepEqual(company(after, name), company(before, name));
  assert.deepEqual(company(after, "fresh"), ["fresh"]);
  assert.equal(company(after, "package-5"), undefined);
  const unlike = {
    ...manifestOf(before),
    layers: manifestOf(before).layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  };
  assert.deepEqual(packLayers(all(), 64, unlike), before, "a manifest that does not tell is passed over");
  assert.ok(packLayers(all(), 8, manifestOf(before)).length <= 8, "so is one with more layers than wanted");
});
