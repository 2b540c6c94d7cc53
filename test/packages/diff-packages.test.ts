// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { diffPackages, isEmptyDiff, type PackageList } from "../../src/packages/index.ts";

const ids = (list: string[], native: string) =>
  list.map((line) => {
    const [name, version, architecture = native] = line.split(" ") as [string, string, string?];
    return { name, version, architecture };
  });

const packages = (...list: string[]): PackageList => {
  return { format: "deb", packages: ids(["dpkg 1.22", ...list], "amd64") };
};

const rpms = (...list: string[]): PackageList => {
  return { format: "rpm", packages: ids(["glibc 2.39-1", ...list], "x86_64") };
};

test("changes are told by Debian's version order", () => {
  const diff = diffPackages(
    packages("b 1.9", "a 2:1", "gone 1", "same 1~rc1"),
    packages("a 1:9", "b 1.10", "same 1~rc1", "new 1"),
  );
  assert.deepEqual(diff.upgraded, [{ name: "b", architecture: "amd64", from: "1.9", to: "1.10" }]);
  assert.deepEqual(
    diff.downgraded.map(({ name }) => name),
    ["a"],
  );
  assert.deepEqual(
    diff.added.map(({ name }) => name),
    ["new"],
  );
  assert.deepEqual(
    diff.removed.map(({ name }) => name),
    ["gone"],
  );
});

test("a move between all and the own architecture is an upgrade; a foreign one is another package", () => {
  const diff = diffPackages(packages("x 1 all", "libc6 1 i386"), packages("x 2", "libc6 1"));
  assert.deepEqual([diff.upgraded.length, diff.added.length, diff.removed.length], [1, 1, 1]);
  assert.ok(isEmptyDiff(diffPackages(packages("x 1 all"), packages("x 1"))));
});

test("RPM's versions have its own order; kernels are paired, and multilib packages are packages of their own", () => {
  const diff = diffPackages(
    rpms("kernel 6.8-1", "kernel 6.9-1", "podman 5:5.2-1", "libgcc 13-1", "libgcc 13-1 i686", "tzdata 2024a-1 noarch"),
    rpms("kernel 6.9-1", "kernel 6.10-1", "podman 6.0-1", "libgcc 14-1", "libgcc 14-1 i686", "tzdata 2024b-1"),
  );
  assert.deepEqual(
    diff.upgraded.map(({ name, architecture, from, to }) => `${name}.${architecture} ${from} ${to}`),
    ["kernel.x86_64 6.8-1 6.10-1", "libgcc.x86_64 13-1 14-1", "libgcc.i686 13-1 14-1", "tzdata.x86_64 2024a-1 2024b-1"],
  );
  assert.deepEqual(
    diff.downgraded.map(({ name }) => name),
    ["podman"],
  );
  assert.deepEqual([diff.added, diff.removed], [[], []]);
});

test("from Debian to Fedora everything is another package", () => {
  const diff = diffPackages(packages("bash 5.2-1"), rpms("bash 5.2-1"));
  assert.deepEqual([diff.upgraded.length, diff.added.length, diff.removed.length], [0, 2, 2]);
});
