// SPDX-License-Identifier: Apache-2.0
/** Databases in Berkeley DB, made by its own db_load of what rpm has written in SQLite; judged by rpm's bdb_ro. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { findRpmDatabase, readRpmDatabase, rpmTag } from "../../../../src/packages/index.ts";
import { temporaryDirectory } from "../../fixture.ts";
import { buildRpms } from "../../repomd/fixture.ts";

const directory = temporaryDirectory();
const root = join(directory, "root");
const place = "var/lib/rpm";
const file = join(root, place, "Packages");
after(() => rmSync(directory, { recursive: true, force: true }));

before(() => {
  const names = Array.from({ length: 60 }, (_, at) => `package${at}`);
  // Some headers fit a page, some go on over many others.
  const recipes = names.map((name, at) => ({
    name,
    version: "1.2",
    fields: Array.from({ length: (at % 4) ** 6 }, (_, each) => `Provides: ${name}-provides-${each} = ${each}`),
  }));
  buildRpms(recipes, join(directory, "rpms"));
  const rpms = names.map((name) => join(directory, `rpms/${name}-1.2-1.noarch.rpm`));
  const sqlite = [
    "--root",
    join(directory, "sqlite"),
    "--define",
    `_dbpath /${place}`,
    "--define",
    "_db_backend sqlite",
  ];
  mkdirSync(join(directory, "sqlite"));
  execFileSync("rpm", [...sqlite, "-i", "--justdb", "--nosignature", ...rpms], { stdio: "ignore" });
  mkdirSync(join(root, place), { recursive: true });
  convert(join(directory, "sqlite", place, "rpmdb.sqlite"), file);
});

/** By way of db_load's own format (db_dump(1)). */
function convert(from: string, to: string, order = "1234"): void {
  using database = new DatabaseSync(from);
  const rows = database.prepare("SELECT hnum, blob FROM Packages").all() as { hnum: number; blob: Uint8Array }[];
  const key = (number: number) => {
    const bytes = Buffer.alloc(4);
    if (order === "1234") bytes.writeUInt32LE(number);
    else bytes.writeUInt32BE(number);
    return bytes.toString("hex");
  };
  const lines = rows.flatMap(({ hnum, blob }) => [key(hnum), Buffer.from(blob).toString("hex")]);
  const head = ["VERSION=3", "format=bytevalue", "type=hash", "db_pagesize=4096", `db_lorder=${order}`, "HEADER=END"];
  // Number 0 has the greatest number that was given.
  const text = [...head, ...[key(0), key(rows.length), ...lines].map((line) => ` ${line}`), "DATA=END", ""].join("\n");
  execFileSync("db5.3_load", [to], { input: text, maxBuffer: 1 << 28 });
}

const fields = [rpmTag.name, rpmTag.version, rpmTag.release, rpmTag.architecture] as const;

function ours(where: string): string[] {
  return [...readRpmDatabase(where)].map((header) => {
    const provides = header.strings(rpmTag.provideName).length;
    return `${fields.map((one) => header.string(one)).join("-")} ${provides}`;
  });
}

test("a database in Berkeley DB is read as rpm reads it", () => {
  const found = findRpmDatabase(root);
  assert.equal(found, join(root, place));
  const query = "%{NAME}-%{VERSION}-%{RELEASE}-%{ARCH} %{PROVIDENAME:arraysize}\n";
  const options = ["--root", root, "--define", `_dbpath /${place}`, "--define", "_db_backend bdb_ro"];
  // It warns of the indexes, which it does not need for this.
  const printed = execFileSync("rpm", [...options, "-qa", "--qf", query], { stdio: ["ignore", "pipe", "ignore"] });
  const theirs = printed.toString().trim().split("\n");
  assert.equal(theirs.length, 60);
  assert.deepEqual(ours(found ?? "").toSorted(), theirs.toSorted());
});

test("so is one of a machine with the other byte order", () => {
  const other = join(directory, "other");
  mkdirSync(other);
  convert(join(directory, "sqlite", place, "rpmdb.sqlite"), join(other, "Packages"), "4321");
  assert.deepEqual(ours(other), ours(join(root, place)));
});

test("what a damaged one claims is held against the file", () => {
  const bad = join(directory, "bad");
  mkdirSync(bad);
  const good = readFileSync(file);
  const refused = (change: (bytes: Buffer) => Buffer | void) => {
    const bytes = Buffer.from(good);
    writeFileSync(join(bad, "Packages"), change(bytes) ?? bytes);
    assert.throws(() => ours(bad), { code: /^packages-rpm(db)?$/ });
  };
  refused((bytes) => bytes.subarray(0, 60));
  refused((bytes) => bytes.subarray(0, bytes.length - 4096));
  refused((bytes) => bytes.fill(0, 12, 16));
  refused((bytes) => void bytes.writeUInt32LE(3, 20));
  refused((bytes) => void bytes.writeUInt32LE(0xffff_ffff, 32));
  refused((bytes) => void (bytes[24] = 1));
  const pages = Array.from({ length: good.length / 4096 }, (_, page) => page * 4096);
  const hash = pages.find((at) => at > 0 && [2, 13].includes(good[at + 25]!) && good.readUInt16LE(at + 20) > 0)!;
  refused((bytes) => void bytes.writeUInt16LE(0xfffe, hash + 20));
  refused((bytes) => void bytes.writeUInt16LE(2, hash + 26));
  const chained = pages.find((at) => good[at + 25] === 7 && good.readUInt32LE(at + 16) !== 0)!;
  // A chain that leads to itself, to nowhere, and one of nothing.
  refused((bytes) => void bytes.writeUInt32LE(chained / 4096, chained + 16));
  refused((bytes) => void bytes.writeUInt32LE(0xffff_ff00, chained + 16));
  refused((bytes) => void bytes.writeUInt16LE(0, chained + 22));
});
