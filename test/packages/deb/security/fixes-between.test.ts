// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { parseDeb822 } from "../../../../src/formats/index.ts";
import {
  decodeSourceSecurity,
  encodeSourceSecurity,
  fixesBetween,
  type SourceSecurity,
  sourcesOf,
} from "../../../../src/packages/index.ts";
import { fixLimit } from "../../../../src/packages/deb/security/source-security.ts";

function source(version: string, more: Partial<SourceSecurity> = {}): SourceSecurity {
  return { source: "one", release: "trixie", version, packages: [`one-${version}.amd64`], fixes: [], ...more };
}

const fix = (version: string, ...cves: string[]) => ({ version, severity: "unknown" as const, cves });

/** The CVEs that are told, by version. */
const told = (before: readonly SourceSecurity[], after: readonly SourceSecurity[]) =>
  fixesBetween(before, after).map(({ version, cves }) => [version, ...cves]);

function dpkgSaysOlder(a: string, b: string): boolean {
  return spawnSync("dpkg", ["--compare-versions", a, "lt", b]).status === 0;
}

test("CVEs are mended by an update where dpkg says that their version lies between", () => {
  const versions = ["1.0-1", "1.0-1+deb13u1", "1.0-1+deb13u10", "1.0-2~bpo13+1", "1:0.9-1", "1.0~rc1-1", "1.0+dfsg-1"];
  const fixes = versions.map((version, at) => fix(version, `CVE-2026-${1000 + at}`));
  const older = new Map(versions.map((a) => [a, new Set(versions.filter((b) => dpkgSaysOlder(a, b)))]));
  for (const old of versions) {
    for (const now of versions) {
      const found = told([source(old)], [source(now, { fixes })]).map(([version]) => version);
      const expected = versions.filter((one) => older.get(old)!.has(one) && !older.get(now)!.has(one));
      assert.deepEqual(found, expected, `${old} to ${now}`);
    }
  }
});

test("what a tree did not have, it had no holes in; what became older has nothing mended", () => {
  const fixes = [fix("1-1", "CVE-2026-1000")];
  assert.deepEqual(told([], [source("2-1", { fixes })]), []);
  assert.deepEqual(told([source("0-1", { source: "two" })], [source("2-1", { fixes })]), []);
  assert.deepEqual(told([source("2-1")], [source("1-1", { fixes })]), []);
  assert.deepEqual(told([source("0-1")], []), []);
});

test("of several versions of a source the oldest has the hole", () => {
  const fixes = [fix("2-1", "CVE-2026-1000")];
  const [old, now] = [source("1-1"), source("2-1", { fixes })];
  assert.deepEqual(told([old], [now, source("1-1")]), [], "the old kernel is still there");
  assert.deepEqual(told([old, now], [now]), [["2-1", "CVE-2026-1000"]], "it is gone now");
});

test("from one release to the next, what the former had mended in its own version is not told", () => {
  const before = source("1-1+deb12u1", { release: "bookworm", fixes: [fix("1-1+deb12u1", "CVE-2026-1000")] });
  const after = source("2-1", { fixes: [fix("1.5-1", "CVE-2026-1000", "CVE-2026-1001")] });
  assert.deepEqual(told([before], [after]), [["1.5-1", "CVE-2026-1001"]]);
  const again = [source("1-1", { fixes: [fix("1-1", "CVE-2026-1000")] })];
  assert.deepEqual(told(again, [after]), [["1.5-1", "CVE-2026-1000", "CVE-2026-1001"]], "its first fix was none");
});

test("one version is told once, as severe as the worst of it", () => {
  const part = (severity: "low" | "important", ...cves: string[]) => ({ version: "2-1", severity, cves });
  const fixes = [part("low", "CVE-2026-1001"), part("important", "CVE-2026-1000")];
  assert.deepEqual(fixesBetween([source("1-1")], [source("2-1", { fixes })]), [
    {
      source: "one",
      version: "2-1",
      severity: "important",
      cves: ["CVE-2026-1000", "CVE-2026-1001"],
      packages: ["one-2-1.amd64"],
    },
  ]);
});

test("a commit keeps what is mended in its versions, of a source no more than has room", () => {
  const few = source("2-1", { fixes: [fix("2-1", "CVE-2026-1000")] });
  const later = { ...few, fixes: [...few.fixes, fix("3-1", "CVE-2026-1001")] };
  assert.deepEqual(decodeSourceSecurity(encodeSourceSecurity([later])), [few], "3-1 is not there yet");
  const many = Array.from({ length: 60 }, (_, version) =>
    fix(`${version}-1`, ...Array.from({ length: 50 }, (_, at) => `CVE-2026-${1000 + version * 50 + at}`)),
  );
  const [kept] = decodeSourceSecurity(encodeSourceSecurity([source("59-1", { fixes: many })]));
  assert.equal(kept!.fixes.flatMap(({ cves }) => cves).length, fixLimit);
  assert.deepEqual([kept!.fixes[0]!.version, kept!.fixes.at(-1)!.version], ["59-1", "20-1"]);
  const [one] = decodeSourceSecurity(
    encodeSourceSecurity([source("1-1", { fixes: [fix("1-1", ...many.flatMap(({ cves }) => cves))] })]),
  );
  assert.equal(one!.fixes[0]!.cves.length, fixLimit);
  assert.deepEqual(decodeSourceSecurity({ type: "as", value: ["x"] }), []);
  assert.deepEqual(decodeSourceSecurity(undefined), []);
});

test("packages are traced to their sources as Debian's archive has them", () => {
  const sources = (text: string) =>
    sourcesOf(parseDeb822(text, "test")[0]!).map(({ name, version }) => `${name} ${version}`);
  assert.deepEqual(sources("Package: curl\nVersion: 8.14.1-2"), ["curl 8.14.1-2"]);
  assert.deepEqual(sources("Package: libcurl4t64\nSource: curl\nVersion: 8.14.1-2"), ["curl 8.14.1-2"]);
  const busybox =
    "Package: busybox-static\nSource: busybox (1:1.37.0-6)\nVersion: 1:1.37.0-6+b3\nBuilt-Using: glibc (= 2.41-12)";
  assert.deepEqual(sources(busybox), ["busybox 1:1.37.0-6"]);
  const kernel = "Package: linux-image-6.1.0-50-amd64\nSource: linux-signed-amd64 (6.1.176+1)\nVersion: 6.1.176-1\n";
  assert.deepEqual(sources(`${kernel}Built-Using: linux (= 6.1.176-1)`), [
    "linux-signed-amd64 6.1.176+1",
    "linux 6.1.176-1",
  ]);
  const grub = "Package: grub-efi-amd64-signed\nVersion: 1+2.06+13\nBuilt-Using: grub2 (= 2.06-13), gnu-efi (= 3.0)";
  assert.deepEqual(sources(grub), ["grub-efi-amd64-signed 1+2.06+13", "grub2 2.06-13", "gnu-efi 3.0"]);
});
