// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { loadRepomd } from "../../../src/packages/index.ts";
import { StringPoolBuilder } from "../../../src/packages/repomd/string-pool.ts";

const work = mkdtempSync(join(tmpdir(), "atomic-repomd-"));
after(() => rmSync(work, { recursive: true }));

interface Recipe {
  readonly type?: string;
  readonly name?: string;
  readonly openSize?: number;
  readonly checksumType?: string;
}

/** A repository of files as they are given, with a repomd.xml that vouches for them. */
function publish(files: readonly (readonly [content: Buffer, recipe?: Recipe])[]): string {
  const directory = mkdtempSync(join(work, "repository-"));
  mkdirSync(join(directory, "repodata"));
  const data = files.map(([content, recipe = {}]) => {
    const { type = "primary", openSize, checksumType = "sha256" } = recipe;
    const name = recipe.name ?? `${type}.xml.gz`;
    writeFileSync(join(directory, "repodata", name), content);
    const sum = createHash(checksumType).update(content).digest("hex");
    return `<data type="${type}"><checksum type="${checksumType}">${sum}</checksum><location href="repodata/${name}"/>
<size>${content.length}</size>${openSize === undefined ? "" : `<open-size>${openSize}</open-size>`}</data>`;
  });
  writeFileSync(join(directory, "repodata/repomd.xml"), `<repomd>${data.join("\n")}</repomd>`);
  return directory;
}

const load = (directory: string) =>
  loadRepomd([{ id: "hostile", baseUrls: [directory] }], mkdtempSync(join(work, "cache-")));
const packageXml = (body: string) => gzipSync(`<metadata><package type="rpm">${body}</package></metadata>`);
const good = `<name>a</name><arch>noarch</arch><version epoch="0" ver="1" rel="1"/>
<checksum type="sha256">${"0".repeat(64)}</checksum><location href="a.rpm"/>`;

test("an index that expands beyond what it announces is refused while it expands", async () => {
  const bomb = gzipSync(Buffer.alloc(64 << 20, " "));
  await assert.rejects(load(publish([[bomb, { openSize: 1000 }]])), { code: "base-too-large" });
  const honest = gzipSync("<metadata/>");
  assert.equal((await load(publish([[honest, { openSize: 11 }]]))).count, 0);
});

test("an index that is cut, of another compression than its name says, or no XML, is refused", async () => {
  const whole = packageXml(good);
  assert.equal((await load(publish([[whole]]))).count, 1);
  await assert.rejects(load(publish([[whole.subarray(0, -20)]])), { code: /base-damaged|formats-xml/ });
  await assert.rejects(load(publish([[gzipSync("<metadata>")]])), {
    code: "formats-xml",
    message: /hostile: repodata/,
  });
  await assert.rejects(load(publish([[Buffer.from("<metadata/>")]])), { code: "base-damaged" });
  await assert.rejects(load(publish([[whole, { checksumType: "md5" }]])), {
    code: "packages-bad-index",
    message: /md5/,
  });
  await assert.rejects(load(publish([[whole, { type: "other" }]])), {
    code: "packages-bad-index",
    message: /no primary/,
  });
});

test("packages without what names them, or with values that are none, are refused", async () => {
  const refuses = (from: string, to: string, message: RegExp) =>
    assert.rejects(load(publish([[packageXml(good.replace(from, to))]])), { code: "packages-bad-index", message });
  await refuses("<name>a</name>", "", /no name/);
  await refuses("<name>a</name>", "<name>../a</name>", /no name/);
  await refuses('epoch="0"', 'epoch="x"', /no epoch/);
  await refuses(' rel="1"', "", /no release/);
  await refuses('ver="1"', 'ver="1&#10;2"', /two lines/);
  await refuses("0".repeat(64), "zero", /no check sum/);
  await refuses('href="a.rpm"', "", /no location/);
  const relation = '<format><rpm:requires><rpm:entry name="b" flags="ABOUT" ver="1"/></rpm:requires></format>';
  await refuses("<location", `${relation}<location`, /no comparison/);
  await refuses("<location", '<size package="-1"/><location', /package is "-1"/);
});

test("modules nested without end, or multiplied by aliases, are refused", async () => {
  const modules = (text: string) =>
    load(publish([[gzipSync("<metadata/>")], [Buffer.from(text), { type: "modules", name: "modules.yaml" }]]));
  await assert.rejects(modules("[".repeat(200_000)), { code: "packages-bad-index" });
  // Six levels of ten aliases are a million values.
  const levels = Array.from(
    { length: 6 },
    (_, level) => `${level + 1}: &a${level + 1} [${`*a${level},`.repeat(10)}]\n`,
  );
  await assert.rejects(modules(`document: &a0 x\n${levels.join("")}`), { code: "packages-bad-index" });
});

/** FNV-1a from a state on, without the finalizer: what is equal here is equal after it. */
function hashFrom(state: number, text: string): number {
  let hash = state;
  for (const code of Buffer.from(text)) hash = Math.imul(hash ^ code, 0x01000193);
  return hash;
}

/** Two texts that lead from one state to the same other one: found by trying some 80,000. */
function collision(state: number): { readonly texts: readonly [string, string]; readonly next: number } {
  const seen = new Map<number, string>();
  for (let number = 0; ; number++) {
    const text = number.toString(36).padStart(6, "0");
    const next = hashFrom(state, text);
    const other = seen.get(next);
    if (other !== undefined) return { texts: [other, text], next };
    seen.set(next, text);
  }
}

test("names made to fall on one place of the table are refused, not sorted out in quadratic time", () => {
  let names = [""];
  let state = 0x811c9dc5;
  for (let round = 0; round < 12; round++) {
    const { texts, next } = collision(state);
    names = names.flatMap((name) => texts.map((text) => name + text));
    state = next;
  }
  const pool = new StringPoolBuilder();
  assert.throws(() => names.forEach((name) => pool.intern(name)), { code: "packages-bad-index", message: /collide/ });
});
