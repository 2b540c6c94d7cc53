// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { listDirectory } from "../../base/index.ts";
import { ostreeError } from "../errors.ts";
import type { KeySet, SignType } from "./model.ts";
import { engineOf } from "./sign-bytes.ts";

/** A key as it stands on a command line or in a remote's configuration: base64, or the word itself for dummy. */
function decodeArgument(type: SignType, text: string): Buffer {
  return type === "dummy" ? Buffer.from(text) : Buffer.from(text, "base64");
}

export function parsePublicKey(type: SignType, text: string): Uint8Array {
  return engineOf(type).publicKey(decodeArgument(type, text));
}

export function parseSecretKey(type: SignType, text: string): Uint8Array {
  return engineOf(type).secretKey(decodeArgument(type, text));
}

/** Keys given by their text, none revoked. */
export function keySet(type: SignType, ...texts: readonly string[]): KeySet {
  return { trusted: texts.map((text) => parsePublicKey(type, text)), revoked: [] };
}

/** A file of keys is a few thousand lines at most. */
const fileLimit = 16 << 20;

function readKeyFile(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw ostreeError("sign-keys", `File object '${path}' is not a regular file`);
  if (stat.size > fileLimit) throw ostreeError("sign-keys", `${path}: more than ${fileLimit} bytes of keys`);
  return readFileSync(path, "latin1");
}

/** The lines of a file; what follows the last line feed is one only when it is not empty. */
function linesOf(text: string): string[] {
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** ostree_sign_read_pk and ostree_sign_read_sk: a line of base64 for each key; PEM blocks for spki. */
function blobsOf(type: SignType, text: string, label: string): Buffer[] {
  if (type === "spki") return pemBlocks(text, label);
  const lines = linesOf(text);
  if (type === "dummy") return lines.map((line) => Buffer.from(line, "latin1"));
  if (lines.includes("")) throw ostreeError("sign-keys", "Invalid base64 blob format");
  return lines.map((line) => Buffer.from(line, "base64"));
}

/** _ostree_read_pem_block: what stands between the blocks is passed over. */
function pemBlocks(text: string, label: string): Buffer[] {
  const blocks: Buffer[] = [];
  let inside: { readonly label: string; readonly lines: string[] } | undefined;
  for (const line of linesOf(text).map((line) => line.trim())) {
    const [, end] = /^-----END (.+)-----$/.exec(line) ?? [];
    if (!inside) {
      const [, begin] = /^-----BEGIN (.+)-----$/.exec(line) ?? [];
      if (begin !== undefined) inside = { label: begin, lines: [] };
    } else if (end === undefined) {
      inside.lines.push(line);
    } else {
      if (end !== inside.label) throw ostreeError("sign-keys", "Unmatched PEM header");
      if (end !== label) throw ostreeError("sign-keys", `Unexpected label "${end}"`);
      blocks.push(Buffer.from(inside.lines.join(""), "base64"));
      inside = undefined;
    }
  }
  if (inside) throw ostreeError("sign-keys", "PEM trailer not found");
  return blocks;
}

/** The secret keys in a file. */
export function readSecretKeys(type: SignType, path: string): Uint8Array[] {
  return blobsOf(type, readKeyFile(path), "PRIVATE KEY").map((blob) => engineOf(type).secretKey(blob));
}

/** The public keys in a file: those that are ones, if there is any (_load_pk_from_stream). */
export function readPublicKeys(type: SignType, path: string): Uint8Array[] {
  if (type === "dummy") throw ostreeError("sign-keys", "not implemented");
  const keys: Uint8Array[] = [];
  let first: unknown;
  for (const blob of blobsOf(type, readKeyFile(path), "PUBLIC KEY")) {
    try {
      keys.push(engineOf(type).publicKey(blob));
    } catch (error) {
      if (!ostreeError.is(error, "sign-keys")) throw error;
      first ??= error;
    }
  }
  if (keys.length > 0) return keys;
  throw ostreeError("sign-keys", `signature: ${type}: no valid keys in file '${path}'`, { cause: first });
}

/** Where the system's keys are (ostree-sign(1)). */
const systemDirectories = ["/etc/ostree", "/usr/share/ostree"];

/** The system's keys, or those below `directory`; throws `ostree-sign-keys` when no trusted one is there. */
export function loadSystemKeys(type: SignType, directory?: string): KeySet {
  if (type === "dummy") throw ostreeError("sign-keys", "not implemented");
  const directories = directory === undefined ? systemDirectories : [directory];
  const keysOf = (kind: string) =>
    directories.flatMap((base) => keyFiles(join(base, `${kind}.${type}`))).flatMap((path) => tryRead(type, path));
  const trusted = keysOf("trusted");
  if (trusted.length === 0) throw ostreeError("sign-keys", `signature: ${type}: no keys loaded`);
  return { trusted, revoked: keysOf("revoked") };
}

/** The system's revoked keys. */
export function loadRevokedKeys(type: SignType): Uint8Array[] {
  const files = systemDirectories.flatMap((base) => keyFiles(join(base, `revoked.${type}`)));
  return files.flatMap((path) => tryRead(type, path));
}

/** The file of that name and those in the directory `NAME.d`. */
function keyFiles(name: string): string[] {
  return [name, ...listDirectory(`${name}.d`).map((file) => join(`${name}.d`, file))];
}

/** One bad file does not make the others worthless. */
function tryRead(type: SignType, path: string): Uint8Array[] {
  try {
    return readPublicKeys(type, path);
  } catch (error) {
    if (ostreeError.is(error, "sign-keys")) return [];
    throw error;
  }
}
