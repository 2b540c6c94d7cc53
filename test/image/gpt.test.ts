// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { ftruncateSync, openSync, closeSync, mkdtempSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../src/base/index.ts";
import { decodeGpt, encodeGpt, parseSize, planLayout, randomUuids, seededUuids } from "../../src/image/index.ts";

const mebibyte = 1 << 20;

test("sgdisk and sfdisk find a written table without fault, and the partitions in it", async (context) => {
  const directory = mkdtempSync(join(tmpdir(), "atomic-gpt-"));
  context.after(() => rmSync(directory, { recursive: true }));
  const disk = join(directory, "disk");
  const size = 300 * mebibyte;
  const { start, end } = encodeGpt(planLayout(size, randomUuids).table);
  const fd = openSync(disk, "w");
  ftruncateSync(fd, size);
  writeSync(fd, start, 0, start.length, 0);
  writeSync(fd, end, 0, end.length, size - end.length);
  closeSync(fd);
  assert.match((await run("sgdisk", ["-v", disk])).stdout, /No problems found/);
  assert.match((await run("sfdisk", ["--verify", disk])).stdout, /No errors detected/);
  const { partitiontable } = JSON.parse((await run("sfdisk", ["--json", disk])).stdout) as {
    partitiontable: { partitions: { start: number; size: number; type: string; name: string }[] };
  };
  assert.deepEqual(
    partitiontable.partitions.map(({ start, size, type, name }) => [start, size, type, name]),
    [
      [2048, 2048, "21686148-6449-6E6F-744E-656564454649", "bios-boot"],
      [4096, 131072, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "efi-system"],
      [135168, (size / mebibyte - 67) * 2048, "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "root"],
    ],
  );
});

test("a table that was written is read back; a changed bit in it is noticed", () => {
  const { table } = planLayout(200 * mebibyte, seededUuids("seed"));
  const { start } = encodeGpt(table);
  assert.deepEqual(decodeGpt(start, table.sectors), table);
  for (const offset of [512 + 3, 512 + 40, 1024 + 60]) {
    const changed = Buffer.from(start);
    changed.writeUInt8(changed.readUInt8(offset) ^ 1, offset);
    assert.throws(() => decodeGpt(changed, table.sectors), { code: "image-not-gpt" });
  }
  assert.throws(() => decodeGpt(start.subarray(0, 2000), table.sectors), { code: "base-truncated" });
});

test("identifiers depend on the seed and what they are for, and on nothing else", () => {
  const uuids = seededUuids("a");
  assert.equal(uuids("root"), seededUuids("a")("root"));
  assert.notEqual(uuids("root"), uuids("disk"));
  assert.notEqual(uuids("root"), seededUuids("b")("root"));
  assert.match(uuids("root"), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("sizes are read with units of 1024 and rounded up to a mebibyte", () => {
  assert.equal(parseSize("10G"), 10 * 1024 * mebibyte);
  assert.equal(parseSize("512MiB"), 512 * mebibyte);
  assert.equal(parseSize("1048577"), 2 * mebibyte);
  for (const wrong of ["", "0", "-1G", "10X", "1e9", "999999T"]) {
    assert.throws(() => parseSize(wrong), { code: "image-size" }, wrong);
  }
});

test("a disk too small for its partitions is refused", () => {
  assert.throws(() => planLayout(100 * mebibyte, randomUuids), { code: "image-size", hint: /131M/ });
});
