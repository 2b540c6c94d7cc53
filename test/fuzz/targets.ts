// SPDX-License-Identifier: Apache-2.0
/** Every decoder that reads what others made, with good inputs to start from. */
import { deflateRawSync, gzipSync, zstdCompressSync } from "node:zlib";
import { bytesSource } from "../../src/base/index.ts";
import {
  encodeTarHeader,
  Keyfile,
  parseBlsEntry,
  parseDeb822,
  printGVariant,
  readGVariant,
  readTar,
  splitUnitWords,
  SystemdUnit,
  tarEnd,
  tarPadding,
  writeGVariant,
} from "../../src/formats/index.ts";
import {
  asChecksum,
  type Commit,
  decodeArchiveHeader,
  decodeCommit,
  decodeDirMeta,
  decodeDirTree,
  decodeFileHeader,
  decodeSummary,
  decodeUserMeta,
  encodeArchiveHeader,
  encodeCommit,
  encodeDirMeta,
  encodeDirTree,
  encodeFileHeader,
  encodeSummary,
  encodeUserMeta,
  type FileHeader,
  parseRefSpec,
} from "../../src/ostree/index.ts";
import { commitTargets, unpack } from "./commit-targets.ts";
import { composeTargets } from "./compose-targets.ts";
import { decodeXzPart, deltaTargets } from "./delta-targets.ts";
import { convertQuadlets, kindOf, QuadletFile } from "../../src/gear/index.ts";
import { samples as quadletSamples } from "../gear/quadlet/samples.ts";
import { gearTargets } from "./gear-targets.ts";
import { imageTargets } from "./image-targets.ts";
import { rpmTargets } from "./rpm-targets.ts";
import { repomdTargets } from "./repomd-targets.ts";
import { signatureTargets } from "./signature-targets.ts";
import { BodySink, ResponseParser } from "../../src/ostree/http/response.ts";
import { inflateExactly } from "../../src/ostree/load-content.ts";

export interface FuzzTarget {
  readonly name: string;
  /** Whether the bytes come over the network. */
  readonly remote: boolean;
  readonly seeds: readonly Buffer[];
  /** Decodes; refuses by an error of the project, or one whose message this matches. */
  run(bytes: Buffer): void | Promise<void>;
  readonly refusal?: RegExp;
}

const [one, two] = [asChecksum("1".repeat(64)), asChecksum("2".repeat(64))];
const xattrs = [
  { name: "security.selinux", value: Buffer.from("system_u:object_r:usr_t:s0\0") },
  { name: "user.a", value: Buffer.from([0, 1, 255]) },
];
const headers: readonly FileHeader[] = [
  { uid: 0, gid: 0, mode: 0o100644, symlink: "", xattrs: [] },
  { uid: 1000, gid: 1001, mode: 0o104755, symlink: "", xattrs },
  { uid: 0, gid: 0, mode: 0o120777, symlink: "../target", xattrs: [] },
];
const metadata: Commit["metadata"] = new Map([
  ["version", { type: "s", value: "1.0" }],
  ["ostree.ref-binding", { type: "as", value: ["main", "other"] }],
  ["numbers", { type: "(tuynb)", value: [5n, 6, 7, 8, true] }],
]);
const commit: Commit = {
  metadata,
  parent: two,
  subject: "Subject",
  body: "Body\n",
  timestamp: 1_700_000_000n,
  tree: one,
  meta: two,
};
const summary = encodeSummary({
  refs: new Map(["a/b", "main", "zz"].map((name) => [name, { commit: one, size: 100n, metadata }])),
  metadata,
});
const text = Buffer.from("text that repeats, text that repeats, text that repeats\n".repeat(20));

function tar(): Buffer {
  const parts: Buffer[] = [];
  const add = (header: Parameters<typeof encodeTarHeader>[0], content = Buffer.alloc(0)) => {
    parts.push(encodeTarHeader({ ...header, size: content.length }), content, Buffer.alloc(tarPadding(content.length)));
  };
  add({ path: "usr", type: "directory", mode: 0o755 });
  add({ path: "usr/file", type: "file", mode: 0o4755, xattrs }, text);
  add({ path: `usr/${"long/".repeat(40)}name`, type: "symlink", mode: 0o777, target: "x".repeat(150) });
  add({ path: "usr/hard", type: "hardlink", mode: 0o644, target: "usr/file" });
  return Buffer.concat([...parts, tarEnd]);
}

function readWholeTar(bytes: Buffer): void {
  for (const entry of readTar(bytesSource(bytes), "fuzz")) {
    if (entry.path.startsWith("/") || entry.path.split("/").includes(".."))
      throw new TypeError(`climbs: ${entry.path}`);
    for (const piece of entry.pieces()) void piece.length;
  }
}

/** What is accepted must decode to the same once it is encoded again. */
function roundTrip<T>(decode: (bytes: Uint8Array, what: string) => T, encode: (value: T) => Buffer) {
  return (bytes: Buffer) => {
    const again = encode(decode(bytes, "fuzz"));
    if (!encode(decode(again, "fuzz")).equals(again)) throw new TypeError("encoded again, it means something else");
  };
}

function variant(type: string): FuzzTarget["run"] {
  return (bytes) => {
    const value = readGVariant(type, bytes, "fuzz");
    writeGVariant(type, value);
    printGVariant(type, value);
  };
}

/** `xz` of the text above: liblzma is only read here. */
const xz = Buffer.from(
  "fd377a585a000004e6d6b446020021011c00000010cf58cce0045f00235d003a194b781036d2248cd793c4f1565b6c10b9c4b68113457d70675be05fa89b13e260000000524e9250b98b73de00013fe008000000958e19dbb1c467fb020000000004595a",
  "hex",
);
const archiveHeads = headers.map((header) => encodeArchiveHeader(header, text.length));
const response = (body: string, ...lines: string[]) =>
  Buffer.from(["HTTP/1.1 200 OK", ...lines, "", body].join("\r\n"), "latin1");

export const targets: readonly FuzzTarget[] = [
  { name: "gvariant", remote: true, seeds: [writeGVariant("a{sv}", metadata)], run: variant("a{sv}") },
  { name: "gvariant-commit", remote: true, seeds: [encodeCommit(commit)], run: variant("(a{sv}aya(say)sstayay)") },
  { name: "commit", remote: true, seeds: [encodeCommit(commit)], run: roundTrip(decodeCommit, encodeCommit) },
  {
    name: "dirtree",
    remote: true,
    seeds: [
      encodeDirTree({ files: [], dirs: [] }),
      encodeDirTree({
        files: ["a", "b", "café"].map((name) => ({ name, checksum: one })),
        dirs: ["etc", "usr"].map((name) => ({ name, tree: one, meta: two })),
      }),
    ],
    run: roundTrip(decodeDirTree, encodeDirTree),
  },
  {
    name: "dirmeta",
    remote: true,
    seeds: [[], xattrs].map((xattrs) => encodeDirMeta({ uid: 0, gid: 5, mode: 0o41777, xattrs })),
    run: roundTrip(decodeDirMeta, encodeDirMeta),
  },
  {
    name: "archive-header",
    remote: true,
    seeds: archiveHeads,
    run: (bytes) => void decodeArchiveHeader(bytes, "fuzz"),
  },
  {
    name: "file-header",
    remote: true,
    seeds: headers.map((header) => encodeFileHeader(header)),
    run: (bytes) => void decodeFileHeader(bytes, "fuzz"),
  },
  {
    name: "user-meta",
    remote: false,
    seeds: headers.map((header) => encodeUserMeta(header)),
    run: (bytes) => void decodeUserMeta(bytes, () => "target", "fuzz"),
  },
  { name: "summary", remote: true, seeds: [summary], run: roundTrip(decodeSummary, encodeSummary) },
  {
    name: "deflate",
    remote: true,
    seeds: [deflateRawSync(text), deflateRawSync(text, { level: 1, strategy: 4 })],
    run: (bytes) => void inflateExactly(bytes, text.length, "fuzz"),
  },
  { name: "gzip", remote: true, seeds: [gzipSync(text)], run: unpack("gzip") },
  { name: "zstd", remote: true, seeds: [zstdCompressSync(text)], run: unpack("zstd") },
  { name: "xz", remote: true, seeds: [xz], run: unpack("xz") },
  { name: "xz-part", remote: true, seeds: [xz], run: (bytes) => decodeXzPart(bytes, 1 << 20) },
  ...commitTargets,
  ...deltaTargets,
  ...rpmTargets,
  ...signatureTargets,
  ...repomdTargets,
  ...composeTargets,
  ...gearTargets,
  ...imageTargets,
  { name: "tar", remote: true, seeds: [tar()], run: readWholeTar },
  {
    name: "http-response",
    remote: true,
    seeds: [
      response("hello", "Content-Length: 5"),
      response("5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
      response("hello", "Connection: close"),
    ],
    refusal: /^(not a content length|the answer is not HTTP|a malformed chunk|a head or chunk line)/,
    run(bytes) {
      const parser = new ResponseParser(
        () => new BodySink({ url: "http://localhost/", limit: 1 << 20 }),
        () => {},
      );
      for (let at = 0; at < bytes.length; at += 100) parser.push(bytes.subarray(at, at + 100));
      parser.close();
    },
  },
  {
    name: "keyfile",
    remote: true,
    seeds: [Buffer.from('[core]\nrepo_version=1\nmode=bare\n\n[remote "a"]\nurl=http://x/\nlist=a;b;\n# comment\n')],
    run: (bytes) => void Keyfile.parse(Keyfile.parse(bytes.toString(), "fuzz").toString(), "fuzz"),
  },
  {
    name: "bls-entry",
    remote: false,
    seeds: [Buffer.from("title Debian 13\nversion 1\noptions root=UUID=1 quiet\nlinux /vmlinuz\n")],
    run: (bytes) => void parseBlsEntry(bytes.toString()),
  },
  {
    name: "quadlet",
    remote: false,
    seeds: Object.entries(quadletSamples).flatMap(([name, text]) =>
      /\.(container|pod|build)$/.test(name) ? [Buffer.from(text)] : [],
    ),
    run: (bytes) => {
      const text = bytes.toString();
      const kind = kindOf(`x.${/^\[(\w+)\]/m.exec(text.replace("[Unit]", ""))?.[1]?.toLowerCase()}`) ?? "container";
      const { services } = convertQuadlets([QuadletFile.parse(text, `/q/x.${kind}`)], { deviceExists: () => false });
      for (const { unit } of services) SystemdUnit.parse(unit.toString(), "fuzz");
    },
  },
  {
    name: "systemd-unit",
    remote: false,
    seeds: [Buffer.from('[Unit]\nAfter=a \\\n# b\n  c\n\n[Service]\nExecStart=/bin/true "a b" \\x41\n')],
    run: (bytes) => {
      const unit = SystemdUnit.parse(bytes.toString(), "fuzz");
      for (const section of unit.sections()) {
        for (const { value } of unit.entries(section)) splitUnitWords(value, { relaxed: true });
      }
    },
  },
  {
    name: "deb822",
    remote: true,
    seeds: [Buffer.from("Package: a\nVersion: 1\nDescription: b\n more\n .\n\nPackage: c\n")],
    run: (bytes) => void parseDeb822(bytes.toString(), "fuzz"),
  },
  {
    name: "refspec",
    remote: true,
    seeds: ["main", "remote:a/b/c", "a..b"].map((name) => Buffer.from(name)),
    run: (bytes) => void parseRefSpec(bytes.toString()),
  },
];
