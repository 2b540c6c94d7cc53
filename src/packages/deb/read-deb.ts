// SPDX-License-Identifier: Apache-2.0
/** Reads a binary package: deb(5), deb-control(5). */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type ByteSource, type Compression, decompress, fileSource } from "../../base/index.ts";
import { type ArMember, listAr, parseDeb822, readTar, type Stanza, type TarEntry } from "../../formats/index.ts";
import { packageError } from "../errors.ts";

/** A package file that is open for reading; `using deb = readDeb(path)` closes it. */
export interface DebFile extends Disposable {
  readonly path: string;
  /** The fields of DEBIAN/control. */
  readonly control: Stanza;
  /** All files of the control archive by name: `control`, `md5sums`, `conffiles`, `postinst`, `triggers`, ... */
  readonly controlFiles: ReadonlyMap<string, { readonly mode: number; readonly bytes: Buffer }>;
  /**
   * The files of the package in its order, read as a stream: take the content of an entry before the next one.
   * Can be called again; each call reads from the start.
   */
  files(): Generator<TarEntry, void, undefined>;
  close(): void;
}

/** dpkg's own limits are of the order of a MiB each; `md5sums` of the largest packages has some 4 MiB. */
const controlLimit = 32 << 20;
const dataLimit = 64 * 2 ** 30;

/** @throws `packages-deb` when it is not a package, with the damage named by the formats' errors otherwise */
export function readDeb(path: string): DebFile {
  const fd = openSync(path, "r");
  try {
    return openDeb(path, fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openDeb(path: string, fd: number): DebFile {
  const members = listMembers(path, fd);
  const controlFiles = readControl(path, fd, members.control);
  const text = controlFiles.get("control")?.bytes.toString("utf8");
  if (text === undefined) throw packageError("deb", `${path}: no control file in the control archive`);
  const stanzas = parseDeb822(text, `${path}: control`);
  const control = stanzas[0];
  if (control === undefined || stanzas.length > 1) throw packageError("deb", `${path}: control is not one stanza`);
  for (const field of ["Package", "Version", "Architecture"]) {
    if (!control.has(field)) throw packageError("deb", `${path}: control has no field ${field}`);
  }
  let open = true;
  const close = () => {
    if (open) closeSync(fd);
    open = false;
  };
  const files = () => entries(openMember(path, fd, members.data, dataLimit), `${path}: data`);
  return { path, control, controlFiles, files, close, [Symbol.dispose]: close };
}

interface Members {
  readonly control: ArMember;
  readonly data: ArMember;
}

/** deb(5): `debian-binary`, `control.tar*`, `data.tar*` in this order; names that start with `_` may stand between. */
function listMembers(path: string, fd: number): Members {
  const read = (offset: number, length: number) => {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
  };
  const members = listAr(read, fstatSync(fd).size, path).filter((member) => !member.name.startsWith("_"));
  const [version, control, data] = members;
  if (
    version?.name !== "debian-binary" ||
    !control?.name.startsWith("control.tar") ||
    !data?.name.startsWith("data.tar")
  ) {
    throw packageError("deb", `${path}: the members are not those of a Debian package`);
  }
  const format = read(version.offset, Math.min(version.size, 16)).toString("latin1");
  if (!/^2\.[0-9]+\n/.test(format)) throw packageError("deb", `${path}: package format ${JSON.stringify(format)}`);
  return { control, data };
}

const compressions: Record<string, Compression> = { "": "none", ".gz": "gzip", ".xz": "xz", ".zst": "zstd" };

function openMember(path: string, fd: number, member: ArMember, limit: number): ByteSource {
  const suffix = member.name.replace(/^(control|data)\.tar/, "");
  const compression = compressions[suffix];
  if (compression === undefined) throw packageError("deb", `${path}: ${member.name} is compressed in an unknown way`);
  const what = `${path}: ${member.name}`;
  return decompress(fileSource(fd, member.offset, member.size, what), compression, what, { limit });
}

function readControl(path: string, fd: number, member: ArMember): Map<string, { mode: number; bytes: Buffer }> {
  const found = new Map<string, { mode: number; bytes: Buffer }>();
  for (const entry of entries(openMember(path, fd, member, controlLimit), `${path}: control`)) {
    if (entry.path === "" && entry.type === "directory") continue;
    // dpkg unpacks it into one flat directory and runs what is in it.
    if (entry.type !== "file" || entry.path.includes("/")) {
      throw packageError("deb", `${path}: the control archive holds the ${entry.type} ${entry.path}`);
    }
    found.set(entry.path, { mode: entry.mode, bytes: entry.content(controlLimit) });
  }
  return found;
}

function* entries(source: ByteSource, what: string): Generator<TarEntry, void, undefined> {
  try {
    yield* readTar(source, what);
  } finally {
    source.close();
  }
}
