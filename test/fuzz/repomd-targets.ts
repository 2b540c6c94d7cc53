// SPDX-License-Identifier: Apache-2.0
/** What a repository of RPM packages, and whoever writes a .repo file, may send. */
import { createHash } from "node:crypto";
import { zstdCompressSync } from "node:zlib";
import { bytesSource, readWhole } from "../../src/base/index.ts";
import { parseXml, readZchunk } from "../../src/formats/index.ts";
import { parseRepoFile, repoVariables, resolveRpms, RpmPackageSet } from "../../src/packages/index.ts";
import { parseComps } from "../../src/packages/repomd/comps.ts";
import { parseMetalink, parseMirrorList } from "../../src/packages/repomd/metalink.ts";
import { LoadedRepository } from "../../src/packages/repomd/loaded-repository.ts";
import { parseModules } from "../../src/packages/repomd/modules-file.ts";
import { decodeIndex, encodeIndex } from "../../src/packages/repomd/package-index.ts";
import { parseFilelists } from "../../src/packages/repomd/parse-filelists.ts";
import { parsePrimary } from "../../src/packages/repomd/parse-primary.ts";
import { resolveLocation } from "../../src/packages/repomd/mirrors.ts";
import { parseRepomd } from "../../src/packages/repomd/repomd-file.ts";
import { parseUpdateinfo } from "../../src/packages/repomd/updateinfo.ts";
import type { FuzzTarget } from "./targets.ts";

const sum = "ab".repeat(32);
const xml = (body: string) => Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${body}\n`);

const primary = xml(`<metadata packages="1"><package type="rpm"><name>a</name><arch>x86_64</arch>
<version epoch="0" ver="1" rel="2"/><checksum type="sha256" pkgid="YES">${sum}</checksum><summary>caf\u00e9 &amp; b</summary>
<time file="1" build="2"/><size package="3" installed="4" archive="5"/><location href="a.rpm"/><format>
<rpm:license>MIT</rpm:license><rpm:provides><rpm:entry name="a" flags="EQ" epoch="0" ver="1" rel="2"/></rpm:provides>
<rpm:requires><rpm:entry name="/bin/sh" pre="1"/><rpm:entry name="(b if c)"/></rpm:requires>
<file>/usr/bin/a</file></format></package></metadata>`);

/** Packages between which there is something to choose: `[name, version, relations]`. */
const choices = xml(
  `<metadata packages="7">${(
    [
      ["a", "1", { requires: ["v", "(b if c)", "/usr/bin/e"], recommends: ["d"] }],
      ["b", "1", { provides: ["v"], conflicts: ["f"] }],
      ["b", "2", { provides: ["v"], requires: ["c"], conflicts: ["nothing"] }],
      ["c", "1", { provides: ["v"], obsoletes: ["f"] }],
      ["d", "1", { supplements: ["(a and b)"], requires: ["((b or c) unless e)"] }],
      ["e", "1", { requires: ["a"], suggests: ["c"] }],
      ["e", "2", { requires: ["(b with v)"], enhances: ["a"] }],
    ] as const
  )
    .map(
      ([name, version, own]) => `<package type="rpm"><name>${name}</name><arch>noarch</arch>
<version epoch="0" ver="${version}" rel="1"/><checksum type="sha256">${sum}</checksum><location href="a.rpm"/><format>
${Object.entries(own)
  .map(
    ([kind, names]) =>
      `<rpm:${kind}>${names.map((one: string) => `<rpm:entry name="${one}"/>`).join("")}</rpm:${kind}>`,
  )
  .join("")}<file>/usr/bin/${name}</file></format></package>`,
    )
    .join("")}</metadata>`,
);

/** A repository must not be able to keep the solver at work, whatever it says. */
async function chooseFrom(bytes: Buffer): Promise<void> {
  const info = { id: "fuzz", revision: "1", timestamp: 1, checksum: sum };
  const repository = new LoadedRepository({ id: "fuzz", baseUrls: ["/fuzz"] }, info, {
    bases: ["/fuzz"],
    request: {},
    index: parsePrimary(bytesSource(bytes), "fuzz"),
    modules: undefined,
    openFiles: () => Promise.resolve(undefined),
    openMetadata: () => Promise.resolve(undefined),
  });
  const request = { install: ["a"], recommends: true, architecture: "x86_64" };
  await resolveRpms(new RpmPackageSet([repository]), request);
}

const modules = Buffer.from(`---
document: modulemd
version: 2
data: {name: a, stream: "1", version: 2, context: c, arch: x86_64, dependencies: [{requires: {platform: [el9]}}],
  artifacts: {rpms: ["a-0:1-2.x86_64"]}}
---
document: modulemd-defaults
data: {module: a, stream: "1"}
`);

/** A zchunk file of two chunks, with SHA-256 throughout. */
function zchunk(): Buffer {
  const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest();
  const number = (value: number) => Buffer.from(value < 128 ? [value | 0x80] : [value & 0x7f, (value >> 7) | 0x80]);
  const plain = ["hello ", "world, ".repeat(30)].map((text) => Buffer.from(text));
  const packed = plain.map((bytes) => zstdCompressSync(bytes));
  const entries = plain.map((bytes, at) =>
    Buffer.concat([digest(packed[at]!), number(packed[at]!.length), number(bytes.length)]),
  );
  const index = Buffer.concat([number(1), number(3), Buffer.alloc(32), number(0), number(0), ...entries]);
  const rest = Buffer.concat([
    digest(Buffer.concat(packed)),
    number(0),
    number(2),
    number(index.length),
    index,
    number(0),
  ]);
  const lead = [Buffer.from("\0ZCK1", "latin1"), Buffer.concat([number(1), number(rest.length)])];
  return Buffer.concat([...lead, digest(Buffer.concat([...lead, rest])), rest, ...packed]);
}

/** Half of the damaged ones get the check sum of their header right: what is behind it must be safe too. */
function reseal(bytes: Buffer): Buffer {
  const end = bytes.subarray(6, 12).findIndex((byte) => byte >= 0x80);
  if (bytes.length % 2 === 0 || end < 0 || bytes[5] !== 0x81) return bytes;
  const lead = bytes.subarray(0, 7 + end);
  const size = lead.subarray(6).reduceRight((sum, byte) => sum * 128 + (byte & 0x7f), 0);
  const rest = bytes.subarray(lead.length + 32, lead.length + 32 + size);
  const sealed = Buffer.from(bytes);
  createHash("sha256").update(lead).update(rest).digest().copy(sealed, lead.length);
  return sealed;
}

export const repomdTargets: readonly FuzzTarget[] = [
  {
    name: "xml",
    remote: true,
    seeds: [primary, xml(`<!DOCTYPE a SYSTEM "a"><!-- c --><a b='&lt;'><![CDATA[<x>]]>&#xe9;<?pi?></a>`)],
    run: (bytes) => parseXml(bytesSource(bytes), {}, "fuzz"),
  },
  {
    name: "repomd",
    remote: true,
    seeds: [
      xml(`<repomd><revision>1</revision><data type="primary"><checksum type="sha256">${sum}</checksum>
<location href="repodata/primary.xml.gz"/><timestamp>1.5</timestamp><size>10</size><open-size>20</open-size></data></repomd>`),
    ],
    run: (bytes) => void parseRepomd(bytes, "fuzz"),
  },
  {
    name: "primary",
    remote: true,
    seeds: [primary],
    run(bytes) {
      const encoded = Buffer.concat(encodeIndex(parsePrimary(bytesSource(bytes), "fuzz")));
      if (decodeIndex(encoded) === undefined) throw new TypeError("an index that cannot be read back");
    },
  },
  {
    name: "filelists",
    remote: true,
    seeds: [
      xml(
        `<filelists><package pkgid="${sum}" name="a"><file type="dir">/a</file><file>/a/b</file></package></filelists>`,
      ),
    ],
    run: (bytes) => void parseFilelists(bytesSource(bytes), "fuzz"),
  },
  {
    name: "comps",
    remote: true,
    seeds: [
      xml(`<comps><group><id>a</id><name>A</name><packagelist><packagereq type="default">b</packagereq></packagelist></group>
<environment><id>e</id><grouplist><groupid>a</groupid></grouplist></environment></comps>`),
    ],
    run: (bytes) => void parseComps(bytesSource(bytes), "fuzz"),
  },
  {
    name: "updateinfo",
    remote: true,
    seeds: [
      xml(`<updates><update type="security"><id>A</id><issued date="1"/><references><reference id="C" type="cve"/></references>
<pkglist><package name="a" version="1" release="2" epoch="0" arch="noarch"/></pkglist></update></updates>`),
    ],
    run: (bytes) => void parseUpdateinfo(bytesSource(bytes), "fuzz"),
  },
  {
    name: "metalink",
    remote: true,
    seeds: [
      xml(`<metalink><files><file name="repomd.xml"><size>1</size><verification><hash type="sha256">${sum}</hash></verification>
<resources><url protocol="http" preference="9">http://a/repodata/repomd.xml</url></resources></file></files></metalink>`),
    ],
    run: (bytes) => void parseMetalink(bytes, "fuzz"),
  },
  {
    name: "mirrorlist",
    remote: true,
    seeds: [Buffer.from("# mirrors\nhttp://a/b\n\nhttps://c/d/\nfile:///e\n/f\n")],
    run: (bytes) => void parseMirrorList(bytes).map((base) => resolveLocation(base, "repodata/repomd.xml")),
  },
  { name: "solution", remote: true, seeds: [choices], run: chooseFrom },
  {
    name: "modules",
    remote: true,
    seeds: [modules],
    run: (bytes) => void parseModules(bytesSource(bytes), "fuzz"),
  },
  {
    name: "zchunk",
    remote: true,
    seeds: [zchunk()],
    run: (bytes) => void readWhole(readZchunk(bytesSource(reseal(bytes)), "fuzz"), 1 << 20, "fuzz"),
  },
  {
    name: "repo-file",
    remote: true,
    seeds: [
      Buffer.from("[a]\nname=A $releasever\nbaseurl=http://a/${basearch:-b}/\n  /c\nenabled=1\nmetadata_expire=6h\n"),
    ],
    run: (bytes) => void parseRepoFile(bytes.toString(), "fuzz", repoVariables({ arch: "x86_64", releasever: "9" })),
  },
];
