// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { globSync, lstatSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { cacheLimits, trimCache, useEntry } from "../../src/packages/index.ts";
import { temporaryDirectory } from "./fixture.ts";

const day = 86_400;
const now = Math.round(Date.now() / 1000);
let cache: string;

beforeEach(() => (cache = temporaryDirectory()));
afterEach(() => rmSync(cache, { recursive: true }));

function put(path: string, daysAgo: number, size = 100): void {
  mkdirSync(dirname(join(cache, path)), { recursive: true });
  writeFileSync(join(cache, path), Buffer.alloc(size));
  utimesSync(join(cache, path), now - daysAgo * day, now - daysAgo * day);
}

const left = () =>
  globSync("**/*", { cwd: cache })
    .filter((path) => lstatSync(join(cache, path)).isFile())
    .toSorted();

test("what nobody has used for a month goes, with what belongs to it; what tells an old repository stays", () => {
  put("repomd/files/sha256-aa", 40);
  put("repomd/files/sha256-bb", 20);
  put("repomd/indices/sha256-aa", 40);
  put("repomd/indices/sha256-aa.entries", 40);
  put("repomd/indices/sha256-cc", 2);
  put("repomd/indices/sha256-cc.entries", 40);
  put("rpms/sha256-dd.rpm.partial", 40);
  put("debs/ee.deb", 31);
  put("apt/indices/ff", 29);
  put("repomd/fedora-0123456789abcdef/repomd.xml", 400);
  put("apt/releases/http", 400);
  trimCache(cache, now);
  assert.deepEqual(left(), [
    "apt/indices/ff",
    "apt/releases/http",
    "repomd/fedora-0123456789abcdef/repomd.xml",
    "repomd/files/sha256-bb",
    "repomd/indices/sha256-cc",
    "repomd/indices/sha256-cc.entries",
  ]);
});

test("above the limit what was used longest ago goes first", () => {
  put("rpms/a.rpm", 3, 1000);
  put("repomd/files/b", 2, 1000);
  put("debs/c.deb", 1, 1000);
  trimCache(cache, now, { ...cacheLimits, bytes: 2500 });
  assert.deepEqual(left(), ["debs/c.deb", "repomd/files/b"]);
  trimCache(join(cache, "nowhere"), now);
});

test("an entry that is used counts as new", () => {
  put("repomd/files/used", 29);
  put("repomd/files/unused", 29);
  assert.equal(useEntry(join(cache, "repomd/files/used")), true);
  assert.equal(useEntry(join(cache, "repomd/files/absent")), false);
  trimCache(cache, now + 5 * day);
  assert.deepEqual(left(), ["repomd/files/used"]);
});
