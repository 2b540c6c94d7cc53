// SPDX-License-Identifier: Apache-2.0
/** Writes cpio archives of the kind that the kernel unpacks as an initramfs: newc (cpio(5), Linux buffer-format.rst). */

export interface CpioEntry {
  /** Without leading slash; the directories above come before. */
  readonly path: string;
  /** Type and permissions, as st_mode has them. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Of a regular file its bytes, of a symbolic link its target, else nothing. */
  readonly content: Uint8Array;
}

const trailer: CpioEntry = {
  path: "TRAILER!!!",
  mode: 0,
  uid: 0,
  gid: 0,
  mtime: 0,
  content: new Uint8Array(),
};

/** Inodes are numbered from 1 on, so that the same entries always give the same bytes. */
export function encodeCpio(entries: readonly CpioEntry[]): Buffer {
  const members = entries.flatMap((entry, index) => encodeMember(entry, index + 1));
  return Buffer.concat([...members, ...encodeMember(trailer, 0)]);
}

function encodeMember({ path, mode, uid, gid, mtime, content }: CpioEntry, inode: number): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const links = inode === 0 ? 1 : (mode & 0o170000) === 0o040000 ? 2 : 1;
  const fields = [inode, mode, uid, gid, links, mtime, content.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).toUpperCase().padStart(8, "0")).join("")}`;
  return [Buffer.from(header), name, padding(header.length + name.length), content, padding(content.length)];
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
