// SPDX-License-Identifier: Apache-2.0
// Two manifests of Fedora CoreOS, as ostree-rs-ext wrote them; the numbers are those of rpm-ostree's own test of them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { diffManifests } from "../../../src/compose/index.ts";
import { decodeManifest, encodeManifest } from "../../../src/formats/index.ts";

const data = join(import.meta.dirname, "../../../../shared/data/fleet/oci");

test("manifests of real hosts are read, and compared as rpm-ostree compares them", () => {
  const [before, after] = [1, 2].map((number) => {
    const name = `ostree-rs-ext-manifest${number}.json`;
    const manifest = decodeManifest(readFileSync(join(data, name)), name);
    assert.deepEqual(decodeManifest(encodeManifest(manifest), name), manifest);
    return manifest;
  });
  assert.deepEqual(diffManifests(before!, after!), {
    layers: 51,
    size: 697035490,
    removed: 4,
    removedSize: 170473141,
    added: 4,
    addedSize: 170472856,
  });
});
