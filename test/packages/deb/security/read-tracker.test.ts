// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { type ByteSource, bytesSource } from "../../../../src/base/index.ts";
import { packageError, readTracker } from "../../../../src/packages/index.ts";
import { scanTracker } from "../../../../src/packages/deb/security/scan-tracker.ts";
import { trackerJson } from "./tracker.ts";

const json = trackerJson({
  curl: {
    "CVE-2026-1000": {
      trixie: { fixed_version: "8.14.1-2+deb13u1", urgency: "high" },
      sid: { fixed_version: "8.15-1" },
    },
    "CVE-2026-1001": { trixie: { fixed_version: "8.14.1-2+deb13u1", urgency: "high**" } },
    "CVE-2026-1002": { trixie: { fixed_version: "8.14.1-2+deb13u1", urgency: "unimportant" } },
    "CVE-2026-1003": { trixie: { status: "open", nodsa: "Minor issue" }, sid: { fixed_version: "8.16-1" } },
    "CVE-2026-1004": { trixie: { fixed_version: "0" } },
    "CVE-2026-1005": { trixie: { status: "undetermined" } },
    "CVE-2026-1006": { trixie: { fixed_version: "no version", urgency: "low" } },
    "CVE-2026-1007": { trixie: { fixed_version: `1${"0".repeat(200)}` } },
    "CVE-2026-1008": { trixie: { fixed_version: "1:1.0-1", urgency: "constructor" } },
    "TEMP-0000000-ABCDEF": { trixie: { fixed_version: "8.14.1-2" } },
  },
  linux: { "CVE-2026-2000": { trixie: { fixed_version: "6.12.40-1" } } },
});
const wanted = new Map([["curl", new Set(["trixie"])]]);

const expected = [
  { version: "8.14.1-2+deb13u1", severity: "important", cves: ["CVE-2026-1000", "CVE-2026-1001"] },
  { version: "8.14.1-2+deb13u1", severity: "low", cves: ["CVE-2026-1002"] },
  { version: "1:1.0-1", severity: "unknown", cves: ["CVE-2026-1008"] },
];

test("what is resolved in a release is read of the packages that are wanted, compressed or not", () => {
  for (const bytes of [Buffer.from(json), gzipSync(json), zstdCompressSync(json)]) {
    const fixes = readTracker(bytes, "tracker", wanted);
    assert.deepEqual([...fixes.keys()], ["curl"]);
    assert.deepEqual(fixes.get("curl")?.get("trixie"), expected);
  }
  assert.deepEqual(
    readTracker(Buffer.from(JSON.stringify(JSON.parse(json), undefined, 2)), "tracker", wanted),
    readTracker(Buffer.from(json), "tracker", wanted),
  );
});

function inPieces(text: string, size: number): ByteSource {
  const bytes = Buffer.from(text);
  let at = 0;
  // The buffer is used again, as those of files are.
  const buffer = Buffer.alloc(size);
  return {
    read() {
      const count = bytes.copy(buffer, 0, at, at + size);
      at += count;
      return count === 0 ? undefined : buffer.subarray(0, count);
    },
    close() {},
  };
}

function scanned(text: string, size = text.length): unknown[] {
  const found: unknown[] = [];
  scanTracker(inPieces(text, size), "tracker", new Set(["a", "curl", "linux"]), (...told) => found.push(told));
  return found;
}

test("the scanner finds what JSON.parse does, however the bytes are cut", () => {
  const all = Object.entries(JSON.parse(json) as Record<string, object>).flatMap(([source, cves]) =>
    Object.entries(cves).map(([cve, value]) => [source, cve, value as unknown]),
  );
  for (const size of [1, 2, 3, 7, 64, 1000, json.length]) assert.deepEqual(scanned(json, size), all);
  assert.deepEqual(scanned(' {"a" : {"b" : [1, {"c": "}\\""}] , "d": null}, "x": {"y": 1}} \n', 1), [
    ["a", "b", [1, { c: '}"' }]],
    ["a", "d", null],
  ]);
});

const nested = (open: string, close: string, times: number) =>
  `{"a":{"b":${open.repeat(times)}1${close.repeat(times)}}}`;

const refused: [name: string, text: string, why: RegExp][] = [
  ["an error page", "<html>", /is no JSON object/],
  ["nothing", "", /ends in the midst/],
  ["a list", "[]", /no object by source package/],
  ["a list of CVEs", '{"a": [1]}', /no object by source package/],
  ["a file that is cut off", '{"a": {"b": {"c', /ends in the midst/],
  ["two objects", "{} {}", /more than one JSON value/],
  ["too many ends", "{}}", /closes what was not opened/],
  ["what is no JSON", '{"a": {"b": {c}}}', /is no JSON/],
  ["nesting without end", nested("[", "]", 100_000), /nests deeper than 16/],
  ["a value without end", `{"a": {"b": "${"x".repeat(2 << 20)}"}}`, /a value of more than/],
  ["a name without end", `{"${"x".repeat(2000)}": {}}`, /a name of more than/],
];

for (const [name, text, why] of refused) {
  test(`refused: ${name}`, () => {
    for (const size of [1 << 16, 5]) {
      assert.throws(
        () => scanned(text, size),
        (error) => packageError.is(error, "bad-tracker") && why.test(error.message),
      );
    }
  });
}

test("refused: more CVEs than anybody has", () => {
  const one = '"CVE-2026-10000":{"releases":{"trixie":{"status":"resolved","fixed_version":"1"}}},';
  const many = `{"curl":{${one.repeat(100_001).slice(0, -1)}}}`;
  assert.throws(() => readTracker(gzipSync(many), "tracker", wanted), /more than 100000 CVEs/);
});

test("other packages' values are passed over whatever they are", () => {
  assert.deepEqual(scanned('{"x": {"y": tru}, "a": {"b": true}}'), [["a", "b", true]]);
  scanTracker(bytesSource(Buffer.from("{}")), "tracker", new Set(), () => assert.fail());
});
