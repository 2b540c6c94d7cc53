// SPDX-License-Identifier: Apache-2.0
/** What `commit` reads of others: archives of all kinds, values and overrides given as text, sizes that a commit announces. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesSource, decompress, readWhole, type Compression, removeTree } from "../../src/base/index.ts";
import { parseGVariant, printGVariant, readArchive, readCpio } from "../../src/formats/index.ts";
import { ArchiveImport } from "../../src/ostree/archive/archive-import.ts";
import {
  asChecksum,
  type Commit,
  isValidName,
  parseStatOverride,
  readSizes,
  SizeIndex,
  type Transaction,
  walkTree,
} from "../../src/ostree/index.ts";
import type { FuzzTarget } from "./targets.ts";

const checksum = asChecksum("3".repeat(64));

function newc(...entries: [name: string, mode: number, data: string, links: number][]): Buffer {
  const parts = [...entries, ["TRAILER!!!", 0, "", 1] as const].map(([name, mode, data, links]) => {
    const fields = [9, mode, 7, 8, links, 100, data.length, 0, 1, 0, 0, name.length + 1, 0];
    const head = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
    const pad = (text: string) => text + "\0".repeat((4 - (text.length % 4)) % 4);
    return pad(head) + pad(data);
  });
  return Buffer.from(parts.join(""));
}

const cpio = newc(
  ["usr", 0o040755, "", 1],
  ["usr/file", 0o100644, "", 2],
  ["usr/hard", 0o100644, "content\n", 2],
  ["usr/link", 0o120777, "../target", 1],
);

function readWholeCpio(bytes: Buffer): void {
  for (const entry of readCpio(bytesSource(bytes), "fuzz")) {
    if (entry.path.split("/").includes("..")) throw new TypeError(`climbs: ${entry.path}`);
    for (const piece of entry.pieces()) void piece.length;
  }
}

/** Where content goes that is announced to be large. */
const scratch = mkdtempSync(join(tmpdir(), "atomic-fuzz-"));
process.once("exit", () => removeTree(scratch));

/** The import into a tree, without a repository: content counts as stored when it is met. */
function importTree(bytes: Buffer): void {
  const stats = { contentTotal: 0 };
  const repo = { mode: "archive", settings: {} };
  const store = { staging: scratch, objects: scratch, reservedBytes: 0 };
  const transaction = { repo, store, stats, countContent() {} } as unknown as Transaction;
  const archive = new ArchiveImport(transaction, undefined, { autocreateParents: true });
  const entries = () => readArchive(bytesSource(bytes), "fuzz");
  for (const { done } of archive.tasks({ what: "fuzz", entries, close() {} })) done({ checksum, written: -1 });
  const tree = archive.finish();
  for (const { path } of tree ? walkTree(tree) : []) {
    if (path !== "/" && !path.slice(1).split("/").every(isValidName)) throw new TypeError(`a bad path: ${path}`);
  }
}

/** What is accepted is printed, and read again as the same. */
function gvariantText(bytes: Buffer): void {
  const { type, value } = parseGVariant(bytes.toString("latin1"));
  const printed = printGVariant(type, value);
  const again = parseGVariant(printed);
  if (printGVariant(again.type, again.value) !== printed) throw new TypeError(`not the same again: ${printed}`);
}

/** Compressed input is unpacked, up to a megabyte. */
export function unpack(compression: Compression): FuzzTarget["run"] {
  return (bytes) => {
    const plain = decompress(bytesSource(bytes), compression, "fuzz", { limit: 1 << 20 });
    try {
      readWhole(plain, 1 << 20, "fuzz");
    } finally {
      plain.close();
    }
  };
}

function sizes(bytes: Buffer): void {
  const metadata: Commit["metadata"] = new Map([["ostree.sizes", { type: "aay", value: [bytes] }]]);
  readSizes({ metadata } as Commit, "fuzz");
}

const index = new SizeIndex();
index.addMetadata("dirtree", checksum, 123_456);
const sizeEntries = index.variant().value as Buffer[];

export const commitTargets: readonly FuzzTarget[] = [
  { name: "cpio", remote: true, seeds: [cpio], run: readWholeCpio },
  { name: "archive-import", remote: false, seeds: [cpio], run: importTree },
  {
    name: "gvariant-text",
    remote: false,
    seeds: ["{'k': <[1, uint16 2]>, \"l\": <('a', b'c\\n', just true)>}", "[@ms nothing, 'x']", "-1.5e3"].map((text) =>
      Buffer.from(text),
    ),
    run: gvariantText,
  },
  {
    name: "bzip2",
    remote: true,
    seeds: [Buffer.from("QlpoOTFBWSZTWatrofEAAALZgAAQQAAQABJkwBAgADEA000EAB6j705RogeLuSKcKEhVtdD4gA==", "base64")],
    run: unpack("bzip2"),
  },
  {
    name: "lzma",
    remote: true,
    seeds: [Buffer.from("XQAAgAD//////////wA0GUnujekUimql1d5wKZ///ZlAAA==", "base64")],
    run: unpack("lzma"),
  },
  { name: "sizes", remote: true, seeds: sizeEntries, run: sizes },
  {
    name: "statoverride",
    remote: false,
    seeds: [Buffer.from("=384 /etc/shadow\n+2048 /usr/bin/su\n")],
    run: (bytes) => void parseStatOverride(bytes.toString("latin1"), "fuzz"),
  },
];
