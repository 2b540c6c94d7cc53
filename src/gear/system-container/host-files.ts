// SPDX-License-Identifier: Apache-2.0
/** Files that an image brings to the host (`/exports/hostfs`): copied, recorded, and removed when they are as they were. */
import { createHash } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  symlinkSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import {
  isErrno,
  lstatIfExists,
  makeDirectories,
  removeIfExists,
  temporaryName,
  writeFileAtomic,
} from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { badExports, type ExportsManifest, readInside } from "./exports.ts";
import type { HostFile } from "./model.ts";
import { expandTemplate } from "./variables.ts";

/** Of the host, where an image may bring files to; a host of OSTree has no others that can be written. */
const allowedPlaces = ["/etc", "/opt", "/srv", "/usr/local", "/var/lib", "/var/opt"];
/** What is ours or systemd's to write among them. */
const keptPlaces = ["/var/lib/atomic", "/var/lib/containers", "/etc/systemd/system", "/etc/tmpfiles.d"];
const filesLimit = 2000;
/** Their contents are in memory until they are placed; equal ones cost an image nothing. */
const bytesLimit = 64 << 20;

export interface BroughtFile extends HostFile {
  readonly content: Buffer;
}

/** Reads what an image brings, with its variables and names. @throws gear-bad-exports for what leads elsewhere */
export function readHostFiles(
  rootfs: string,
  { installedFilesTemplate, renameFiles }: ExportsManifest,
  variables: ReadonlyMap<string, string>,
  used: Set<string>,
): BroughtFile[] {
  const top = join(rootfs, "exports/hostfs");
  const isHere = [dirname(top), top].every((path) => lstatIfExists(path)?.isDirectory() === true);
  if (!isHere) return [];
  const names = new Map(
    Object.entries(renameFiles).map(([from, to]) => [from, expandTemplate(to, "renameFiles", variables, used)]),
  );
  let bytes = 0;
  const files = walk(top).map((path): BroughtFile => {
    const target = names.get(path) ?? path;
    checkPlace(target);
    const source = join(top, path);
    const stat = lstatSync(source);
    if (stat.isSymbolicLink()) return { ...described(Buffer.alloc(0), 0o777, readlinkSync(source)), path: target };
    const content = readInside(source, path);
    if (content === undefined) throw badExports(path, "is no file");
    const isTemplate = installedFilesTemplate.includes(path);
    const text = isTemplate ? Buffer.from(expandTemplate(content.toString(), path, variables, used)) : content;
    bytes += text.length;
    if (bytes > bytesLimit) throw badExports("/exports/hostfs", `is larger than ${bytesLimit} bytes`);
    // Nothing that makes another user of whoever runs it.
    return { ...described(text, stat.mode & 0o777, undefined), path: target };
  });
  if (new Set(files.map(({ path }) => path)).size < files.length)
    throw badExports("/exports/hostfs", "has a name twice");
  return files;
}

function described(content: Buffer, mode: number, link: string | undefined) {
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { content, mode, link, sha256 };
}

/** Files and links below a directory, none of which is followed. */
function walk(top: string): string[] {
  const found: string[] = [];
  const directories = ["/"];
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    for (const entry of readdirSync(join(top, directory), { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) directories.push(path);
      else if (entry.isFile() || entry.isSymbolicLink()) found.push(path);
      else throw badExports(path, "is neither file nor symbolic link");
    }
    if (found.length + directories.length > filesLimit)
      throw badExports("/exports/hostfs", `has more than ${filesLimit} files`);
  }
  return found.toSorted();
}

function checkPlace(path: string): void {
  const isBelow = (place: string) => path.startsWith(`${place}/`);
  const isWhole = path.split("/").every((part) => part !== ".." && part !== ".") && !path.includes("\0");
  if (isWhole && path !== "" && allowedPlaces.some(isBelow) && !keptPlaces.some(isBelow)) return;
  throw badExports(
    `the file ${path}`,
    `would be outside of what it may bring to the host: ${allowedPlaces.join(", ")}`,
  );
}

/**
 * Where a file comes to be below `root`. The allowed place itself may be a link, as /opt of a host of OSTree is; no directory
 * below it may lead elsewhere.
 */
function placeOf(root: string, path: string): string {
  const place = allowedPlaces.find((one) => path.startsWith(`${one}/`))!;
  const absolute = join(root, place);
  const parts = relative(place, path).split("/");
  let directory = lstatIfExists(absolute) === undefined ? absolute : realpathIn(root, absolute);
  for (const part of parts.slice(0, -1)) {
    directory = join(directory, part);
    if (lstatIfExists(directory)?.isSymbolicLink() === true)
      throw gearError("conflict", `${path} cannot be brought to the host: ${directory} is a symbolic link`);
  }
  return join(directory, parts.at(-1)!);
}

/** Links of another root are its own; on the host itself there is nothing to translate. */
function realpathIn(root: string, path: string): string {
  return root === "/" ? realpathSync(path) : path;
}

/** Paths that somebody else has. @param own files of the generation that is replaced */
export function hostFileConflicts(root: string, files: readonly HostFile[], own: readonly HostFile[]): string[] {
  return files
    .filter((file) => !own.some(({ path }) => path === file.path))
    .filter(({ path }) => lstatIfExists(placeOf(root, path)) !== undefined)
    .map(({ path }) => `${path} is there already`);
}

/** @param directory of the generation, which has their content below `hostfs` */
export function placeHostFiles(root: string, directory: string, files: readonly HostFile[]): void {
  for (const [index, file] of files.entries()) {
    const target = placeOf(root, file.path);
    makeDirectories(dirname(target));
    if (isAsBrought(target, file)) continue;
    if (file.link === undefined) {
      writeFileAtomic(target, readFileSync(join(directory, "hostfs", String(index))), { mode: file.mode });
      chmodSync(target, file.mode);
      continue;
    }
    const temporary = temporaryName(dirname(target));
    symlinkSync(file.link, temporary);
    renameSync(temporary, target);
  }
}

/** @returns those that somebody has changed since, which stay */
export function removeHostFiles(root: string, files: readonly HostFile[]): string[] {
  return files.flatMap((file) => {
    const target = placeOf(root, file.path);
    if (lstatIfExists(target) === undefined) return [];
    if (!isAsBrought(target, file)) return [file.path];
    removeIfExists(target);
    removeEmptyParents(file.path, target);
    return [];
  });
}

function isAsBrought(target: string, { link, sha256 }: HostFile): boolean {
  const stat = lstatIfExists(target);
  if (stat === undefined) return false;
  if (link !== undefined) return stat.isSymbolicLink() && readlinkSync(target) === link;
  return stat.isFile() && createHash("sha256").update(readFileSync(target)).digest("hex") === sha256;
}

/** Directories that are empty now, as far as they are below an allowed place's own. */
function removeEmptyParents(path: string, target: string): void {
  const place = allowedPlaces.find((one) => path.startsWith(`${one}/`))!;
  const levels = relative(place, path).split("/").length - 1;
  let directory = dirname(target);
  // The first level (/etc/cron.d) is likely the host's own, empty or not.
  for (let level = levels; level > 1; level--, directory = dirname(directory)) {
    try {
      rmdirSync(directory);
    } catch (error) {
      if (isErrno(error, "ENOTEMPTY") || isErrno(error, "ENOENT") || isErrno(error, "EBUSY")) return;
      throw error;
    }
  }
}
