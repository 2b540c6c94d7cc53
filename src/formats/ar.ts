// SPDX-License-Identifier: Apache-2.0
/** The ar archives of Debian packages: deb(5), ar(5). System V long names (`//` tables) do not occur in packages and are refused. */
import { formatError } from "./errors.ts";

export const arMagic = "!<arch>\n";
const headerSize = 60;
/** A package has three members, some five; more is no package. */
const memberLimit = 64;

export interface ArMember {
  readonly name: string;
  /** Where the content starts in the file. */
  readonly offset: number;
  readonly size: number;
}

/**
 * Lists the members of an archive of `fileSize` bytes.
 * @param read gives `length` bytes at `offset`, or fewer at the end of the file
 */
export function listAr(read: (offset: number, length: number) => Buffer, fileSize: number, what: string): ArMember[] {
  if (read(0, arMagic.length).toString("latin1") !== arMagic) {
    throw formatError("ar", `${what}: not an ar archive`);
  }
  const members: ArMember[] = [];
  for (let offset = arMagic.length; offset < fileSize;) {
    const member = decodeHeader(read(offset, headerSize), offset, what);
    if (member.offset + member.size > fileSize) {
      throw formatError("ar", `${what}: member ${member.name} of ${member.size} bytes goes past the end of the file`);
    }
    members.push(member);
    if (members.length > memberLimit) throw formatError("ar", `${what}: more than ${memberLimit} members`);
    offset = member.offset + member.size + (member.size % 2);
  }
  return members;
}

function decodeHeader(header: Buffer, offset: number, what: string): ArMember {
  const where = `${what}: member header at offset ${offset}`;
  if (header.length < headerSize) throw formatError("ar", `${where} is cut off`);
  if (header.toString("latin1", 58, 60) !== "`\n") throw formatError("ar", `${where} does not end as it must`);
  const name = header.toString("latin1", 0, 16).trimEnd().replace(/\/$/, "");
  const size = header.toString("latin1", 48, 58).trimEnd();
  if (!/^[0-9]{1,10}$/.test(size)) throw formatError("ar", `${where} has the size ${JSON.stringify(size)}`);
  if (!/^[!-.0-~]+$/.test(name)) throw formatError("ar", `${where} has the name ${JSON.stringify(name)}`);
  return { name, offset: offset + headerSize, size: Number(size) };
}

/** An archive of whole members in memory, with the fixed owners and times of reproducible packages. */
export function encodeAr(members: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Buffer {
  const pieces: Uint8Array[] = [Buffer.from(arMagic)];
  for (const { name, bytes } of members) {
    const fields = [name.padEnd(16), "0".padEnd(12), "0".padEnd(6), "0".padEnd(6), "100644".padEnd(8)];
    pieces.push(Buffer.from(`${fields.join("")}${String(bytes.length).padEnd(10)}\`\n`, "latin1"), bytes);
    if (bytes.length % 2 === 1) pieces.push(Buffer.from("\n"));
  }
  return Buffer.concat(pieces);
}
