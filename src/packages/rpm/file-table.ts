// SPDX-License-Identifier: Apache-2.0
/** The files of a package as its header lists them: rpm's lib/rpmfi.c. */
import { packageError } from "../errors.ts";
import type { RpmHeader } from "./header.ts";
import { type Tag, tag } from "./tags.ts";

/** rpmfiles.h, `rpmfileAttrs_e`. */
export const fileFlag = {
  config: 1 << 0,
  doc: 1 << 1,
  icon: 1 << 2,
  missingOk: 1 << 3,
  noReplace: 1 << 4,
  specFile: 1 << 5,
  ghost: 1 << 6,
  license: 1 << 7,
  readme: 1 << 8,
  publicKey: 1 << 11,
  artifact: 1 << 12,
} as const;

/** rpmcrypto.h, `rpmHashAlgo_e` (the numbers are OpenPGP's), in Node's names. */
export const digestAlgorithms: Readonly<Record<number, string>> = {
  1: "md5",
  2: "sha1",
  3: "ripemd160",
  8: "sha256",
  9: "sha384",
  10: "sha512",
  11: "sha224",
  12: "sha3-256",
  14: "sha3-512",
};

export interface RpmFileInfo {
  /** As the header has it: absolute, `/usr/bin/true`; in a source package only a name. */
  readonly path: string;
  /** All of st_mode, with the file's type. */
  readonly mode: number;
  readonly user: string;
  readonly group: string;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Bits of `fileFlag`. */
  readonly flags: number;
  /** Bits of what `rpm -V` compares (RPMVERIFY_*). */
  readonly verifyFlags: number;
  /** Hexadecimal, in the table's algorithm; empty for all but regular files. */
  readonly digest: string;
  /** A symlink's target; empty for all others. */
  readonly linkTarget: string;
  /** Of a device node: st_rdev in 16 bits. */
  readonly deviceNumber: number;
  /** Tells hard links: files of the same device and inode are one. */
  readonly device: number;
  readonly inode: number;
  /** ELF class: 0 none, 1 32 bits, 2 64 bits (RPMTAG_FILECOLORS). */
  readonly color: number;
  /** Languages that the file is for, as `de` or `de|fr`; empty for all. */
  readonly language: string;
  /** In the text form of cap_to_text(3); empty for none. */
  readonly capabilities: string;
  /** An IMA signature in hexadecimal; empty for none. */
  readonly signature: string;
}

export interface RpmFileTable {
  readonly files: readonly RpmFileInfo[];
  /** Of the digests, in Node's words: `md5`, `sha256`. */
  readonly digestAlgorithm: string;
  /** Indexes of the files that are one file, for those that have more than one name; in the order of the header. */
  readonly links: ReadonlyMap<number, readonly number[]>;
  /** Whether all names and targets are UTF-8; where not, they were read as ISO 8859-1 and cannot be laid down as they are. */
  readonly utf8: boolean;
}

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

/** Builds the table. Arrays of different lengths, or an index beyond its array, are refused. Throws `packages-rpm`. */
export function readFileTable(header: RpmHeader, what: string): RpmFileTable {
  const paths = readPaths(header, what);
  const count = paths.length;
  const numbers = (one: Tag<"char" | "int16" | "int32" | "int64">) => {
    const values = header.numbers(one);
    if (values.length !== 0 && values.length !== count) throw lengthError(what, one, values.length, count);
    return values;
  };
  const texts = (one: Tag<"strings">) => {
    const values = header.strings(one);
    if (values.length !== 0 && values.length !== count) throw lengthError(what, one, values.length, count);
    return values;
  };
  const sizes = header.has(tag.longFileSizes) ? numbers(tag.longFileSizes) : numbers(tag.fileSizes);
  const modes = numbers(tag.fileModes);
  const users = texts(tag.fileUsers);
  const groups = texts(tag.fileGroups);
  for (const [name, values] of [
    ["modes", modes],
    ["sizes", sizes],
    ["users", users],
    ["groups", groups],
  ] as const) {
    if (values.length !== count) throw packageError("rpm", `${what}: has no ${name} of its files`);
  }
  const mtimes = numbers(tag.fileTimes);
  const flags = numbers(tag.fileFlags);
  const verifyFlags = numbers(tag.fileVerifyFlags);
  const digests = texts(tag.fileDigests);
  const linkTargets = texts(tag.fileLinkTargets);
  const deviceNumbers = numbers(tag.fileDeviceNumbers);
  const devices = numbers(tag.fileDevices);
  const inodes = numbers(tag.fileInodes);
  const colors = numbers(tag.fileColors);
  const languages = texts(tag.fileLanguages);
  const capabilities = texts(tag.fileCapabilities);
  const signatures = texts(tag.fileSignatures);
  const files = paths.map((path, at) => ({
    path,
    mode: modes[at] ?? 0,
    user: users[at] ?? "",
    group: groups[at] ?? "",
    size: sizes[at] ?? 0,
    mtime: mtimes[at] ?? 0,
    flags: flags[at] ?? 0,
    verifyFlags: verifyFlags[at] ?? 0,
    digest: digests[at] ?? "",
    linkTarget: linkTargets[at] ?? "",
    deviceNumber: deviceNumbers[at] ?? 0,
    device: devices[at] ?? 0,
    inode: inodes[at] ?? 0,
    color: colors[at] ?? 0,
    language: languages[at] ?? "",
    capabilities: capabilities[at] ?? "",
    signature: signatures[at] ?? "",
  }));
  const nameTags = [tag.baseNames, tag.directoryNames, tag.oldFileNames, tag.fileLinkTargets];
  const utf8 = nameTags.every((one) => header.isUtf8(one));
  return { files, digestAlgorithm: readDigestAlgorithm(header, what), links: findLinks(files), utf8 };
}

function lengthError(what: string, one: Tag, found: number, count: number): Error {
  return packageError("rpm", `${what}: tag ${one.number} has ${found} elements for ${count} files`);
}

/** Directories and base names, or the whole names of packages before rpm 3.0.4 (`headerConvert`). */
function readPaths(header: RpmHeader, what: string): string[] {
  const baseNames = header.strings(tag.baseNames);
  if (baseNames.length === 0) return header.strings(tag.oldFileNames);
  const directories = header.strings(tag.directoryNames);
  const indexes = header.numbers(tag.directoryIndexes);
  if (indexes.length !== baseNames.length)
    throw lengthError(what, tag.directoryIndexes, indexes.length, baseNames.length);
  return baseNames.map((name, at) => {
    const directory = directories[indexes[at]!];
    if (directory === undefined) throw packageError("rpm", `${what}: ${JSON.stringify(name)} is in no directory`);
    return directory + name;
  });
}

function readDigestAlgorithm(header: RpmHeader, what: string): string {
  const number = header.number(tag.fileDigestAlgorithm) ?? 1;
  const name = digestAlgorithms[number];
  if (name === undefined) throw packageError("rpm", `${what}: digests of files of the unknown algorithm ${number}`);
  return name;
}

/** `rpmfilesBuildNLink`: regular files of one device and inode, none of them a ghost. */
function findLinks(files: readonly RpmFileInfo[]): Map<number, number[]> {
  const sets = new Map<string, number[]>();
  for (const [at, { mode, flags, device, inode }] of files.entries()) {
    if ((mode & S_IFMT) !== S_IFREG || (flags & fileFlag.ghost) !== 0 || inode === 0) continue;
    const key = `${device}:${inode}`;
    const set = sets.get(key);
    if (set === undefined) sets.set(key, [at]);
    else set.push(at);
  }
  const links = new Map<number, number[]>();
  for (const set of sets.values()) if (set.length > 1) for (const at of set) links.set(at, set);
  return links;
}
