// SPDX-License-Identifier: Apache-2.0
/**
 * A tree whose owner may change it while it is walked, and wishes that root would touch something else: every step is from an
 * open directory to a name in it that is no symlink (open(2), O_PATH and O_NOFOLLOW), and stays in one mount.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, type Stats } from "node:fs";
import { unlessErrno } from "../../base/index.ts";
import { gearError } from "../errors.ts";

/** Not in `node:fs`; the same on all of Linux's architectures. */
const O_PATH = 0o10000000;

/** A container can nest directories without end; each level here is an open descriptor. */
const depthLimit = 256;

export interface Place {
  /** O_PATH descriptor; closed after the visit. */
  readonly fd: number;
  readonly stat: Stats;
  /** For people: names that are not UTF-8 have replacement characters. */
  readonly path: string;
}

/**
 * Visits `path` and all below it, directories before what is in them. What is removed meanwhile is passed over.
 * Throws `gear-too-deep` when directories are nested more than 256 deep, which nobody but an attacker does.
 */
export function walkTree(path: string, visit: (place: Place) => void): void {
  const fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
  try {
    walk({ fd, stat: fstatSync(fd), path }, mountOf(fd), 0, visit);
  } finally {
    closeSync(fd);
  }
}

function walk(place: Place, mount: string, depth: number, visit: (place: Place) => void): void {
  visit(place);
  if (!place.stat.isDirectory()) return;
  if (depth === depthLimit)
    throw gearError("too-deep", `${place.path}: directories are nested more than ${depthLimit} deep`);
  const directory = `/proc/self/fd/${place.fd}`;
  for (const name of readdirSync(directory, { encoding: "buffer" })) {
    const inside = Buffer.concat([Buffer.from(`${directory}/`), name]);
    const fd = unlessErrno(["ENOENT"], () => openSync(inside, O_PATH | constants.O_NOFOLLOW));
    if (fd === undefined) continue;
    try {
      const next = { fd, stat: fstatSync(fd), path: `${place.path}/${name.toString()}` };
      if (mountOf(fd) === mount) walk(next, mount, depth + 1, visit);
    } finally {
      closeSync(fd);
    }
  }
}

/** The mount that a descriptor is in: bind mounts have the device of what they show, so that comparing devices is not enough. */
function mountOf(fd: number): string {
  return /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "";
}
