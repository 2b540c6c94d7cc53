// SPDX-License-Identifier: Apache-2.0
/** RPM packages and databases as others make them, each part by itself and a package as a whole. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMessage, generateKey, sign } from "openpgp";
import { bytesSource, removeTree } from "../../src/base/index.ts";
import { decodeRpmHead, parseKeyring, parseNevra, parseRich, readRpm } from "../../src/packages/index.ts";
import { readBdbDatabase } from "../../src/packages/rpm/database/bdb.ts";
import { readNdbDatabase } from "../../src/packages/rpm/database/ndb.ts";
import { encodeInstalled } from "../../src/packages/rpm/database/installed-header.ts";
import { indexTables } from "../../src/packages/rpm/database/indexes.ts";
import { encodeCapabilities } from "../../src/packages/rpm/capabilities.ts";
import { readFileTable } from "../../src/packages/rpm/file-table.ts";
import { decodeHeader, type RpmHeader } from "../../src/packages/rpm/header.ts";
import { readScripts, readTriggers } from "../../src/packages/rpm/scripts.ts";
import { parseSignature } from "../../src/packages/rpm/signature/packet.ts";
import { tag } from "../../src/packages/rpm/tags.ts";
import { findCandidates } from "../../src/packages/rpm/signature/key.ts";
import { rpmRelations } from "../../src/packages/rpm/model.ts";
import { readPayload, type RpmEntry } from "../../src/packages/rpm/payload.ts";
import { cpio, forge, header, int32, type Member, text, texts } from "../packages/rpm/forge.ts";
import type { FuzzTarget } from "./targets.ts";

const members: readonly Member[] = [
  { path: "/usr", mode: 0o040755, content: "" },
  { path: "/usr/bin/a", mode: 0o104755, content: "content\n" },
  { path: "/usr/bin/link", mode: 0o120777, content: "../target" },
];

const scripts = [
  text(1024, "echo"),
  texts(1049, ["a", "(b if c)", "rpmlib(x)"]),
  int32(1048, [0, 0, 0x0100_000a]),
  texts(1050, ["", "", "1-1"]),
  texts(1065, ["echo trigger"]),
  texts(1066, ["a", "b"]),
  texts(1067, ["", "1"]),
  int32(1068, [1 << 16, (1 << 16) | 2]),
  int32(1069, [0, 0]),
];
const main = header([...forge.entries(members), ...scripts]).main;
const stored = encodeInstalled(
  {
    header: decodeHeader(main, "seed", { kind: "package" }),
    signatureHeader: decodeHeader(header([text(269, "0".repeat(40))]).main, "seed", { kind: "database" }),
    installTime: 1,
    transaction: 2,
    color: 3,
  },
  "seed",
);

function readEverything(one: RpmHeader): void {
  for (const number of Object.values(tag)) {
    const { type } = one.raw(number.number) ?? {};
    if (type === undefined) continue;
    try {
      if (number.type === "binary") one.binary(number as typeof tag.sigMd5);
      else if (number.type === "string" || number.type === "strings" || number.type === "i18n")
        one.strings(number as typeof tag.provideName);
      else one.numbers(number as typeof tag.size);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "packages-rpm") throw error;
    }
  }
  readScripts(one);
  readTriggers(one, "fuzz");
  readFileTable(one, "fuzz");
}

const headers: FuzzTarget = {
  name: "rpm headers",
  remote: true,
  seeds: [main],
  run: (bytes) => readEverything(decodeHeader(bytes, "fuzz", { kind: "package" })),
};

const databaseHeaders: FuzzTarget = {
  name: "rpm headers of databases",
  remote: false,
  seeds: [stored],
  run(bytes) {
    const one = decodeHeader(bytes, "fuzz", { kind: "database" });
    readEverything(one);
    for (const table of indexTables) table.rows(one);
  },
};

const scratch = mkdtempSync(join(tmpdir(), "atomic-fuzz-rpm-"));
process.once("exit", () => removeTree(scratch));
const file = join(scratch, "fuzz");

/** What stands before the payload: lead, signature header, header. */
const heads: FuzzTarget = {
  name: "rpm heads",
  remote: true,
  seeds: [forge(members)],
  run(bytes) {
    const head = decodeRpmHead(bytes, "fuzz");
    for (const relation of rpmRelations) head.dependencies(relation);
  },
};

function readFiles(entries: Iterable<RpmEntry>): void {
  for (const entry of entries) {
    if (entry.path.startsWith("/") || entry.path.split("/").includes(".."))
      throw new TypeError(`climbs: ${entry.path}`);
    for (const piece of entry.pieces()) void piece.length;
  }
}

/** A payload that does not fit its header, whose damage would otherwise end the reading first. */
const table = readFileTable(decodeHeader(main, "seed", { kind: "package" }), "seed");
const payloads: FuzzTarget = {
  name: "rpm payloads",
  remote: true,
  seeds: [cpio(members), cpio(members, { index: 0 })],
  run: (bytes) => readFiles(readPayload(bytesSource(bytes), table, "fuzz")),
};

const packages: FuzzTarget = {
  name: "rpm packages",
  remote: true,
  seeds: [forge(members), forge(members, { stripped: true })],
  async run(bytes) {
    writeFileSync(file, bytes);
    using rpm = await readRpm(file, { allowUnsigned: true });
    readFiles(rpm.files({ anyEncoding: true }));
  },
};

function ndb(...blobs: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(4096);
  head.write("RpmP");
  head.writeUInt32LE(1, 12);
  const data: Buffer[] = [];
  for (let slot = 2; slot < 256; slot++) head.write("Slot", 16 * slot);
  let block = 256;
  for (const [at, blob] of blobs.entries()) {
    const blocks = Math.ceil((blob.length + 28) / 16);
    const bytes = Buffer.alloc(blocks * 16);
    bytes.write("BlbS");
    for (const [word, value] of [at + 1, 1, blob.length].entries()) bytes.writeUInt32LE(value, 4 + 4 * word);
    blob.copy(bytes, 16);
    let [a, b] = [1, 0];
    for (const byte of bytes.subarray(0, -12)) b = (b + (a = (a + byte) % 65_521)) % 65_521;
    bytes.writeUInt32LE(((b << 16) | a) >>> 0, bytes.length - 12);
    bytes.writeUInt32LE(blob.length, bytes.length - 8);
    bytes.write("BlbE", bytes.length - 4);
    for (const [word, value] of [at + 1, block, blocks].entries())
      head.writeUInt32LE(value, 16 * (at + 2) + 4 + 4 * word);
    data.push(bytes);
    block += blocks;
  }
  return Buffer.concat([head, ...data]);
}

const databases: FuzzTarget = {
  name: "rpm databases in ndb",
  remote: false,
  seeds: [ndb(stored, stored)],
  run(bytes) {
    writeFileSync(file, bytes);
    for (const one of readNdbDatabase(file)) one.string(tag.name);
  },
};

const signers = await Promise.all(
  (["curve25519", "rsa"] as const).map((type) =>
    generateKey({ type, rsaBits: 2048, userIDs: { name: type }, format: "object" }),
  ),
);

/** A hash table whose one header goes on over a chain of pages. */
function bdb(blob: Buffer): Buffer {
  const size = 512;
  const page = (type: number, words: readonly (readonly [number, number])[], free = 0) => {
    const bytes = Buffer.alloc(size);
    for (const [at, value] of words) bytes.writeUInt32LE(value, at);
    bytes.writeUInt16LE(free, 22);
    bytes[25] = type;
    return bytes;
  };
  const room = size - 26;
  const pieces = Array.from({ length: Math.ceil(blob.length / room) }, (_, at) =>
    blob.subarray(at * room, (at + 1) * room),
  );
  const chain = pieces.map((piece, at) => {
    const bytes = page(7, [[16, at + 1 < pieces.length ? at + 3 : 0]], piece.length);
    piece.copy(bytes, 26);
    return bytes;
  });
  const head = page(8, [
    [12, 0x061561],
    [16, 9],
    [20, size],
    [32, chain.length + 1],
  ]);
  const [key, value] = [size - 5, size - 17];
  const table = page(13, [[20, 2]], value);
  table.writeUInt16LE(key, 26);
  table.writeUInt16LE(value, 28);
  Buffer.of(1, 1, 0, 0, 0).copy(table, key);
  table[value] = 3;
  table.writeUInt32LE(2, value + 4);
  table.writeUInt32LE(blob.length, value + 8);
  return Buffer.concat([head, table, ...chain]);
}

const bdbDatabases: FuzzTarget = {
  name: "rpm databases in bdb",
  remote: false,
  seeds: [bdb(stored)],
  run(bytes) {
    writeFileSync(file, bytes);
    for (const one of readBdbDatabase(file)) one.string(tag.name);
  },
};

async function makeSignature({ privateKey }: (typeof signers)[number]): Promise<Buffer> {
  const message = await createMessage({ binary: new Uint8Array(Buffer.from("signed")) });
  return Buffer.from(await sign({ message, signingKeys: privateKey, detached: true, format: "binary" }));
}

const signatures: FuzzTarget = {
  name: "rpm signatures",
  remote: true,
  seeds: await Promise.all(signers.map(makeSignature)),
  run: (bytes) => void parseSignature(bytes, "fuzz"),
};

/** What `gpgkey` names, binary and armored, to the key that signatures are held against. */
const keys: FuzzTarget = {
  name: "rpm keys",
  remote: true,
  seeds: signers.flatMap(({ publicKey }) => [Buffer.from(publicKey.write()), Buffer.from(publicKey.armor())]),
  async run(bytes) {
    const keyring = await parseKeyring(bytes, "fuzz");
    for (const key of keyring.keys) await findCandidates(keyring, key.getKeyID().toHex().toUpperCase(), "default");
  },
};

const words: FuzzTarget = {
  name: "rpm rich dependencies, names and capabilities",
  remote: true,
  seeds: [
    "((a >= 1 with a < 2) if (b or c) else d)",
    "gtk-doc-2:1.0~rc-3.x86_64",
    "cap_net_raw,cap_kill=ep cap_chown+i",
  ].map((value) => Buffer.from(value)),
  run(bytes) {
    const value = bytes.toString();
    if (value.startsWith("(")) parseRich(value, "requires");
    else if (value.startsWith("cap")) encodeCapabilities(value, "fuzz");
    else parseNevra(value);
  },
};

export const rpmTargets: readonly FuzzTarget[] = [
  headers,
  databaseHeaders,
  heads,
  payloads,
  packages,
  databases,
  bdbDatabases,
  signatures,
  keys,
  words,
];
