// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { readLockfiles } from "../../../src/compose/index.ts";

const data = resolve(import.meta.dirname, "../../../../shared/data/treefiles/fedora-coreos-f40-2024");

/** `name version architecture` of every package, taken out of the file by jq. */
function byJq(path: string): string[] {
  const program = '.packages | to_entries[] | .key + " " + (.value.evra | sub("\\\\.(?<a>[^.]*)$"; " \\(.a)"))';
  return execFileSync("jq", ["-r", program, path], { encoding: "utf8" }).trim().split("\n");
}

test("Fedora CoreOS's lockfiles are read as jq reads them, with the overrides on top", () => {
  const override = join(data, "manifest-lock.overrides.yaml");
  for (const architecture of ["x86_64", "aarch64", "ppc64le", "s390x"]) {
    const path = join(data, `manifest-lock.${architecture}.json`);
    const own = readLockfiles([path]).packages;
    const lines = [...own].map(([name, one]) => `${name} ${one.version} ${one.architecture}`);
    assert.deepEqual(lines.toSorted(), byJq(path).toSorted());
    assert.ok(lines.length > 300);
    const { packages } = readLockfiles([path, override]);
    assert.equal(packages.get("podman")?.version, "5:5.2.5-1.fc40");
    assert.equal(packages.get("podman")?.architecture, undefined);
    assert.deepEqual(packages.get("NetworkManager"), own.get("NetworkManager"));
  }
});
