// SPDX-License-Identifier: Apache-2.0
/** Open files of a scriptlet: what Lua's `io` and `os`, and rpm.open, are made of. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { type Compression, decompress, fileSource, readWhole } from "../../../base/index.ts";
import { type Arguments, type HostLibrary, LuaError } from "./arguments.ts";
import type { LuaHost } from "./host.ts";
import { pathOf } from "./posix.ts";
import { systemError } from "./system-errors.ts";

interface OpenFile {
  /** Absent for content that is in memory only. */
  readonly fd?: number;
  readonly content?: Buffer;
  /** Where the next read or write goes; undefined for what cannot seek. */
  position: number | undefined;
  readonly append: boolean;
  readonly close?: () => number;
}

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND, O_EXCL, O_NONBLOCK } = constants;
const modes: Readonly<Record<string, number>> = {
  r: O_RDONLY,
  "r+": O_RDWR,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  "w+": O_RDWR | O_CREAT | O_TRUNC,
  a: O_WRONLY | O_CREAT | O_APPEND,
  "a+": O_RDWR | O_CREAT | O_APPEND,
};

/** Content that is decompressed whole; a small file must not expand without end. */
const contentLimit = 256 << 20;
const compressions: Readonly<Record<string, Compression>> = {
  gzdio: "gzip",
  bzdio: "bzip2",
  xzdio: "xz",
  lzdio: "lzma",
  zstdio: "zstd",
  ufdio: "none",
  fdio: "none",
  fpio: "none",
};
const EBADF = 9;
const ESPIPE = 29;
const ENOENT = 2;

/** Numbers of files, as scripts see them: 0 to 2 are the standard ones. */
export class OpenFiles implements Disposable {
  readonly #files = new Map<number, OpenFile>();
  #next = 3;

  add(file: OpenFile): number {
    this.#files.set(this.#next, file);
    return this.#next++;
  }

  get(number: number): OpenFile {
    const file = this.#files.get(number);
    if (!file) throw systemError(EBADF);
    return file;
  }

  close(number: number): number {
    const file = this.get(number);
    this.#files.delete(number);
    if (file.fd !== undefined) closeSync(file.fd);
    return file.close?.() ?? 0;
  }

  [Symbol.dispose](): void {
    for (const number of this.#files.keys()) this.close(number);
  }
}

export function fileLibrary(files: OpenFiles, host: LuaHost, output: (text: string) => void): HostLibrary {
  const openPath = (args: Arguments): number => {
    const mode = modes[args.string(2).replace("b", "")];
    if (mode === undefined) throw args.bad(2, "invalid mode");
    return files.add(openFile(args.string(1), mode));
  };
  return {
    open: (args) => [openPath(args)],
    close: (args) => [files.close(args.number(1)) === 0],
    print: (args) => {
      if (!host.process.silenced.has(1)) output(args.string(1));
      return [];
    },
    read: (args) => [args.number(1) === 0 ? "" : readPiece(files.get(args.number(1)), args.number(2))],
    write: (args) => {
      const [number, text] = [args.number(1), args.string(2)];
      if (number > 2) writePiece(files.get(number), Buffer.from(text, "latin1"));
      else if (!host.process.silenced.has(number)) output(text);
      return [text.length];
    },
    seek: (args) => [seek(files.get(args.number(1)), args.string(2), args.number(3))],
    mkstemp: (args) => makeTemporary(files, args),
  };
}

/** The part of `os` that touches files or the environment. */
export function systemLibrary(host: LuaHost): HostLibrary {
  return {
    exit: () => {
      if (!host.inChild) throw new LuaError("exit not permitted in this context");
      return host.endChild();
    },
    getenv: (args) => [host.process.env.get(args.string(1))],
    remove: (args) => {
      const path = pathOf(args.string(1));
      if (lstatSync(path).isDirectory()) rmdirSync(path);
      else unlinkSync(path);
      return [true];
    },
    rename: (args) => {
      renameSync(pathOf(args.string(1)), pathOf(args.string(2)));
      return [true];
    },
    tmpname: () => [`/tmp/lua_${randomBytes(3).toString("hex")}`],
  };
}

/** rpm.open: a file, decompressed where its flags say so. */
export function openStream(files: OpenFiles, args: Arguments): number {
  const [, letters = "", , flags = "ufdio"] = /^([rwa+bx]*)\d*(\.(\w+))?$/.exec(args.string(2)) ?? [];
  const compression = compressions[flags];
  const base = letters.replaceAll(/[bx]/g, "") || "r";
  const mode = modes[base];
  if (compression === undefined || mode === undefined) throw args.bad(2, `invalid open mode '${args.string(2)}'`);
  if (compression !== "none" && base !== "r") throw new LuaError(`rpm.open: writing with ${flags} is not supported`);
  const file = openFile(args.string(1), letters.includes("x") ? mode | O_EXCL : mode);
  if (compression === "none" || file.fd === undefined) return files.add(file);
  const { size } = fstatSync(file.fd);
  const what = args.string(1);
  const source = decompress(fileSource(file.fd, 0, size, what), compression, what);
  try {
    return files.add({ content: readWhole(source, contentLimit, what), position: 0, append: false });
  } finally {
    source.close();
    closeSync(file.fd);
  }
}

/** A program's output, to be read. @param close gives its exit code */
export function addContent(files: OpenFiles, content: Buffer, close: () => number): number {
  return files.add({ content, position: 0, append: false, close });
}

function openFile(path: string, flags: number): OpenFile {
  // The tree's /dev is an empty directory.
  if (path === "/dev/null") return { content: Buffer.alloc(0), position: 0, append: false };
  // O_NONBLOCK: a FIFO without a reader is an error rather than a wait without end.
  const fd = openSync(pathOf(path), flags | O_NONBLOCK, 0o666);
  return { fd, position: fstatSync(fd).isFile() ? 0 : undefined, append: (flags & O_APPEND) !== 0 };
}

const pieceLimit = 1 << 20;

function readPiece(file: OpenFile, count: number): string {
  const buffer = Buffer.alloc(Math.min(count, pieceLimit));
  const { fd, content, position } = file;
  let size: number;
  if (content) size = content.copy(buffer, 0, position ?? 0);
  else size = readSync(fd ?? -1, buffer, 0, buffer.length, position ?? null);
  if (position !== undefined) file.position = position + size;
  return buffer.toString("latin1", 0, size);
}

function writePiece(file: OpenFile, bytes: Buffer): void {
  const { fd, position, append } = file;
  if (fd === undefined) return;
  let done = 0;
  while (done < bytes.length) {
    const at = append || position === undefined ? null : position + done;
    done += writeSync(fd, bytes, done, bytes.length - done, at);
  }
  if (position !== undefined) file.position = append ? fstatSync(fd).size : position + bytes.length;
}

function seek(file: OpenFile, whence: string, offset: number): number {
  if (file.position === undefined) throw systemError(ESPIPE);
  const end = () => file.content?.length ?? fstatSync(file.fd ?? -1).size;
  const base = whence === "set" ? 0 : whence === "end" ? end() : file.position;
  return (file.position = Math.max(0, base + offset));
}

/** mkstemp(3): six characters at the end become some that no file has. */
function makeTemporary(files: OpenFiles, args: Arguments) {
  const pattern = args.string(1);
  if (!pattern.endsWith("XXXXXX")) throw systemError(ENOENT, pattern);
  const path = `${pattern.slice(0, -6)}${randomBytes(3).toString("hex")}`;
  const fd = openSync(pathOf(path), O_RDWR | O_CREAT | O_EXCL | O_APPEND, 0o600);
  return [path, files.add({ fd, position: 0, append: true })];
}
