// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readRpm, type RpmFile, type RpmRelation, rpmRelations, rpmTag } from "../../../src/packages/index.ts";

const data = join(import.meta.dirname, "../../../../shared/data/rpm");

/** What rpm 6.1 says of a package, section by section; the text is bytes, as rpm prints headers of any encoding. */
function expectedOf(name: string): Map<string, string[]> {
  const text = readFileSync(join(data, "expected", name.replace(/\.rpm$/, ".txt"))).toString("latin1");
  const sections = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of text.split("\n").slice(1, -1)) {
    const title = /^\[([a-z]+)\]/.exec(line)?.[1];
    if (title === undefined) lines.push(line);
    else sections.set(title, (lines = []));
  }
  return sections;
}

/** A line as rpm prints it, byte for byte: texts that are not UTF-8 were read as ISO 8859-1. */
function asRpm(text: string, utf8: boolean): string {
  return utf8 ? Buffer.from(text).toString("latin1") : text;
}

const operators: Record<number, string> = { 2: "<", 10: "<=", 8: "=", 12: ">=", 4: ">" };

function dependencyLines(rpm: RpmFile, relation: RpmRelation): string[] {
  return rpm.dependencies(relation).map(({ name, flags, version }) => {
    const comparison = (flags & 14) === 0 ? "" : ` ${operators[flags & 14]} ${version}`;
    return `${name}${comparison}\t${flags}`;
  });
}

function fileLines(rpm: RpmFile): string[] {
  return rpm.table.files.map((file, at) => {
    const { path, mode, user, group, size, digest, flags, linkTarget, capabilities, language } = file;
    const links = rpm.table.links.get(at)?.length ?? 1;
    const caps = rpm.header.has(rpmTag.fileCapabilities) ? capabilities : "(none)";
    const columns = [path, mode.toString(8), user, group, size, digest, flags, linkTarget, caps, language, links];
    return asRpm(columns.join("\t"), rpm.table.utf8);
  });
}

function headerLines({ header, format }: RpmFile): string[] {
  const text = (one: typeof rpmTag.name | typeof rpmTag.summary) => {
    const value = header.string(one);
    return value === undefined ? "(none)" : asRpm(value, header.isUtf8(one));
  };
  const epoch = header.number(rpmTag.epoch);
  const plain = `${text(rpmTag.version)}-${text(rpmTag.release)}.${text(rpmTag.architecture)}`;
  const payload = [rpmTag.payloadFormat, rpmTag.payloadCompressor, rpmTag.payloadFlags].map(text).join("/");
  return [
    `nevra=${text(rpmTag.name)}-${epoch === undefined ? "" : `${epoch}:`}${plain}`,
    `epoch=${epoch ?? "(none)"}`,
    `sourcerpm=${text(rpmTag.sourceRpm)}`,
    ...`summary=${text(rpmTag.summary)}`.split("\n"),
    `license=${text(rpmTag.license)}`,
    `vendor=${text(rpmTag.vendor)}`,
    `buildtime=${header.number(rpmTag.buildTime)}`,
    `buildhost=${text(rpmTag.buildHost)}`,
    `rpmversion=${text(rpmTag.rpmVersion)}`,
    `rpmformat=${format}`,
    `payload=${payload}`,
    `size=${header.number(rpmTag.size) ?? header.number(rpmTag.longSize)}`,
    `os=${text(rpmTag.os)}`,
    `modularity=${text(rpmTag.modularityLabel)}`,
  ];
}

const scriptNames = {
  pre: "prein",
  post: "postin",
  preun: "preun",
  postun: "postun",
  pretrans: "pretrans",
  posttrans: "posttrans",
};

function scriptLines(rpm: RpmFile): string[] {
  const plain = Object.entries(scriptNames).map(([name, kind]) => {
    const script = rpm.scripts.find((one) => one.kind === kind);
    return `${name}=${script?.interpreter.join(" ") ?? "(none)"}`;
  });
  return [...plain, ...rpm.triggers.map(({ interpreter }) => `trigger=${interpreter.join(" ")}`)];
}

const letters: Record<string, string> = { file: "f", hardlink: "f", directory: "d", symlink: "l" };

function payloadLines(rpm: RpmFile): string[] {
  const contents = new Map<string, string>();
  const found: string[] = [];
  for (const entry of rpm.files({ anyEncoding: true })) {
    const hash = createHash("sha256");
    for (const piece of entry.pieces()) hash.update(piece);
    if (entry.type === "file") contents.set(entry.path, hash.digest("hex"));
    const { type, mode, path, target, file } = entry;
    const sum = type === "file" ? contents.get(path) : type === "hardlink" ? contents.get(target) : "-";
    const arrow = type === "symlink" ? ` -> ${target}` : "";
    const size = type === "symlink" || type === "directory" ? 0 : file.size;
    const line = [letters[type], mode.toString(8), size, sum, `./${path}${arrow}`].join("\t");
    found.push(asRpm(line, rpm.table.utf8));
  }
  return found.sort();
}

/** Which name of hard links carries the content is a matter of the lister: all become files with it. */
function linksResolved(lines: readonly string[]): string[] {
  const byPath = new Map(lines.map((line) => [line.split("\t")[4]!, line]));
  const resolved = lines.map((line) => {
    const [type, mode, , , arrow = ""] = line.split("\t");
    if (type !== "h") return line;
    const [path = "", target = ""] = arrow.split(" -> ");
    const [, , size, sum] = byPath.get(target)!.split("\t");
    return ["f", mode, size, sum, path].join("\t");
  });
  return resolved.sort();
}

const names = readdirSync(join(data, "rpms")).sort();

async function readAll(name: string): Promise<void> {
  using rpm = await readRpm(join(data, "rpms", name), { allowUnsigned: true });
  for (const entry of rpm.files({ anyEncoding: true })) void entry;
}

test("there are packages to judge", () => assert.equal(names.length, 146));

for (const name of names) {
  test(`reads as rpm says: ${name}`, async () => {
    const expected = expectedOf(name);
    const damaged = expected.get("verify")!.some((line) => /digest: BAD|BAD \(package tag/.test(line));
    const code = /^(packages-bad-digest|packages-bad-signature|base-damaged)$/;
    if (damaged) return assert.rejects(() => readAll(name), { code });
    using rpm = await readRpm(join(data, "rpms", name), { allowUnsigned: true });
    assert.deepEqual(headerLines(rpm), expected.get("header"), "header");
    assert.deepEqual(scriptLines(rpm), expected.get("scripts"), "scripts");
    for (const relation of rpmRelations) {
      assert.deepEqual(dependencyLines(rpm, relation), expected.get(relation), relation);
    }
    assert.deepEqual(fileLines(rpm), expected.get("files"), "files");
    assert.deepEqual(payloadLines(rpm), linksResolved(expected.get("payload") ?? []), "payload");
  });
}
