// SPDX-License-Identifier: Apache-2.0
/** rpm's posix library for Lua (rpmio/lposix, rpm-lua(7)): files, in the thread's root directory. */
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  type Stats,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from "node:fs";
import { changeDirectory, makeNode } from "../../../base/index.ts";
import { accountLibrary, groupId, userId } from "./accounts.ts";
import type { Arguments, HostLibrary } from "./arguments.ts";
import type { LuaHost } from "./host.ts";
import { changeMode, formatMode } from "./mode-text.ts";
import { processLibrary } from "./process.ts";
import { select } from "./select.ts";

/** Paths are bytes. */
export function pathOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

const S_IFIFO = 0o010000;

export function posixLibrary(host: LuaHost): HostLibrary {
  /** A function of one path that gives 0. */
  const onPath = (act: (path: Buffer, args: Arguments) => void) => (args: Arguments) => {
    act(pathOf(args.string(1)), args);
    return [0];
  };
  /** The same of two. */
  const onPaths = (act: (from: Buffer, to: Buffer) => void) => (args: Arguments) => {
    act(pathOf(args.string(1)), pathOf(args.string(2)));
    return [0];
  };
  return {
    access: onPath((path, args) => accessSync(path, accessMode(args))),
    chdir: onPath((path) => {
      const target = realpathSync.native(path);
      changeDirectory(target);
      host.process.cwd = target;
    }),
    chmod: onPath((path, args) => {
      const mode = changeMode(statSync(path).mode, args.string(2));
      if (mode === undefined) throw args.bad(2, "bad mode");
      chmodSync(path, mode & 0o7777);
    }),
    chown: onPath((path, args) => chownSync(path, userId(args.values[1]), groupId(args.values[2]))),
    dir: (args) => {
      const names = readdirSync(pathOf(args.optionalString(1, ".")), { encoding: "buffer" });
      const list = [".", "..", ...names.map((name) => name.toString("latin1")).sort()];
      return [{ list, fields: new Map() }];
    },
    errno: () => host.lastError,
    link: onPaths(linkSync),
    mkdir: onPath((path) => mkdirSync(path)),
    mkfifo: onPath((path) => makeNode(path.toString("utf8"), S_IFIFO | 0o777)),
    readlink: (args) => [readlinkSync(pathOf(args.string(1)), { encoding: "buffer" }).toString("latin1")],
    rmdir: onPath((path) => rmdirSync(path)),
    stat: (args) => select(args, 2, statFields(lstatSync(pathOf(args.string(1))))),
    symlink: onPaths((target, path) => symlinkSync(target, path)),
    unlink: onPath(unlinkSync),
    utime: onPath((path, args) => {
      const now = Math.floor(Date.now() / 1000);
      utimesSync(path, args.number(3, now), args.number(2, now));
    }),
    ...accountLibrary,
    ...processLibrary(host),
  };
}

function accessMode(args: Arguments): number {
  const letters: Record<string, number> = {
    " ": 0,
    f: constants.F_OK,
    r: constants.R_OK,
    w: constants.W_OK,
    x: constants.X_OK,
  };
  return [...args.optionalString(2, "f")].reduce((mode, letter) => {
    const bit = letters[letter];
    if (bit === undefined) throw args.bad(2, `unknown mode option '${letter}'`);
    return mode | bit;
  }, 0);
}

const types: Readonly<Record<number, string>> = {
  0o010000: "fifo",
  0o020000: "character device",
  0o040000: "directory",
  0o060000: "block device",
  0o100000: "regular",
  0o120000: "link",
  0o140000: "socket",
};

function statFields(stat: Stats) {
  const seconds = (milliseconds: number) => Math.floor(milliseconds / 1000);
  return {
    mode: formatMode(stat.mode),
    ino: stat.ino,
    dev: stat.dev,
    nlink: stat.nlink,
    uid: stat.uid,
    gid: stat.gid,
    size: stat.size,
    atime: seconds(stat.atimeMs),
    mtime: seconds(stat.mtimeMs),
    ctime: seconds(stat.ctimeMs),
    type: types[stat.mode & 0o170000] ?? "?",
    _mode: stat.mode,
  };
}
