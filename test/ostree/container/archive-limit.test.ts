// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { encodeTarHeader } from "../../../src/formats/index.ts";
import { openArchive } from "../../../src/ostree/archive/open-archive.ts";

test("a layer that expands beyond its limit is given up, however small it came", () => {
  const directory = mkdtempSync(join(tmpdir(), "archive-limit-"));
  const path = join(directory, "bomb.tar.gz");
  const size = 64 << 20;
  const header = encodeTarHeader({ path: "zeros", type: "file", mode: 0o644, size });
  writeFileSync(path, gzipSync(Buffer.concat([header, Buffer.alloc(size)])));
  const fd = openSync(path, "r");
  try {
    const archive = openArchive(fd, "layer", 1 << 20);
    const read = () => {
      for (const entry of archive.entries()) for (const piece of entry.pieces()) void piece.length;
    };
    assert.throws(read, { code: "base-too-large" });
    archive.close();
  } finally {
    closeSync(fd);
    rmSync(directory, { recursive: true });
  }
});
