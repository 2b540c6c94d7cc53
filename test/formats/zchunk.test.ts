// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bytesSource, readWhole } from "../../src/base/index.ts";
import { isZchunk, readZchunk } from "../../src/formats/index.ts";

const work = mkdtempSync(join(tmpdir(), "atomic-zchunk-"));
const content = Array.from({ length: 20_000 }, (_, at) => `line ${at * 7919}\n`).join("");
writeFileSync(join(work, "plain"), content);
writeFileSync(join(work, "dictionary"), content.slice(0, 4000));
writeFileSync(join(work, "empty"), "");
after(() => rmSync(work, { recursive: true }));

function zck(plain: string, ...options: string[]): Buffer {
  const output = join(work, "out.zck");
  execFileSync("zck", [...options, "-o", output, join(work, plain)], { stdio: ["ignore", "pipe", "pipe"] });
  return readFileSync(output);
}

const unzck = (bytes: Buffer) => readWhole(readZchunk(bytesSource(bytes), "test"), 1 << 20, "test").toString();

test("what zck writes is read: with a dictionary, with other check sums, with both sums of a chunk, not compressed", () => {
  for (const options of [
    [],
    ["-D", join(work, "dictionary")],
    ["-h", "sha256"],
    ["-h", "sha512"],
    ["-u"],
    ["--compression-format=none"],
    ["-m", "-s", "line 7919"],
  ]) {
    const bytes = zck("plain", ...options);
    assert.ok(isZchunk(bytes));
    assert.equal(unzck(bytes), content, options.join(" "));
  }
  assert.equal(unzck(zck("empty")), "");
});

test("a file that is changed or cut anywhere is refused", () => {
  const good = zck("plain");
  for (let at = 0; at < good.length; at += at < 200 ? 1 : 997) {
    const changed = Buffer.from(good);
    changed[at]! ^= 0x11;
    assert.throws(() => unzck(changed), { code: /formats-zchunk|base-truncated/ }, `byte ${at}`);
    assert.throws(() => unzck(good.subarray(0, at)), { code: /formats-zchunk|base-truncated/ }, `cut at ${at}`);
  }
  assert.throws(() => unzck(Buffer.concat([good, Buffer.from("x")])), { code: "formats-zchunk", message: /goes on/ });
});

test("a header that claims gigabytes is refused before they are taken", () => {
  const huge = Buffer.concat([Buffer.from("\0ZCK1\x81", "latin1"), Buffer.from([0, 0, 0, 0, 0xff]), Buffer.alloc(64)]);
  assert.throws(() => unzck(huge), { code: "formats-zchunk", message: /header of/ });
});
