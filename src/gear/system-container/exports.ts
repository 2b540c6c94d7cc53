// SPDX-License-Identifier: Apache-2.0
/** What an image says of itself below /exports (Project Atomic). It is read from a checkout of somebody else's files. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { lstatIfExists, unlessErrno } from "../../base/index.ts";
import { gearError } from "../errors.ts";

/** Configurations and units are smaller by far. */
const fileLimit = 1 << 20;

export interface ImageExports {
  readonly manifest: ExportsManifest;
  /** Of `config.json.template` or `config.json`; only the first has variables. */
  readonly config: Template | undefined;
  readonly service: Template | undefined;
  readonly tmpfiles: Template | undefined;
}

export interface Template {
  readonly path: string;
  readonly text: string;
  readonly hasVariables: boolean;
}

/** `manifest.json`, as far as it has a meaning here; `useLinks` has none: files of the host are always copies. */
export interface ExportsManifest {
  readonly defaultValues: Readonly<Record<string, string>>;
  /** Files of the host with variables, by path. */
  readonly installedFilesTemplate: readonly string[];
  /** Other names of such, which may have variables. */
  readonly renameFiles: Readonly<Record<string, string>>;
  readonly noContainerService: boolean;
}

const noManifest: ExportsManifest = {
  defaultValues: {},
  installedFilesTemplate: [],
  renameFiles: {},
  noContainerService: false,
};

/** @param rootfs directory that the image was checked out to */
export function readExports(rootfs: string): ImageExports {
  const directory = join(rootfs, "exports");
  if (lstatIfExists(directory)?.isDirectory() !== true)
    return { manifest: noManifest, config: undefined, service: undefined, tmpfiles: undefined };
  const manifest = readTemplate(directory, "manifest.json", false);
  return {
    manifest: manifest === undefined ? noManifest : decodeManifest(manifest),
    config: readTemplate(directory, "config.json.template", true) ?? readTemplate(directory, "config.json", false),
    service: readTemplate(directory, "service.template", true),
    tmpfiles: readTemplate(directory, "tmpfiles.template", true),
  };
}

function readTemplate(directory: string, name: string, hasVariables: boolean): Template | undefined {
  const text = readInside(join(directory, name), `/exports/${name}`)?.toString();
  return text === undefined ? undefined : { path: `/exports/${name}`, text, hasVariables };
}

/** A regular file, never what a link leads to: that would be read from the host. */
export function readInside(path: string, what: string): Buffer | undefined {
  const open = () => openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const fd = unlessErrno(["ENOENT"], () => unlessErrno(["ELOOP"], open) ?? -1);
  if (fd === undefined) return undefined;
  if (fd === -1) throw badExports(what, "is a symbolic link");
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw badExports(what, "is not a file");
    if (stat.size > fileLimit) throw badExports(what, `is larger than ${fileLimit} bytes`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function decodeManifest({ path, text }: Template): ExportsManifest {
  const value = parseObject(text, path);
  const texts = (key: string): Record<string, string> => {
    const found = value[key] ?? {};
    if (typeof found !== "object" || Array.isArray(found)) throw badExports(path, `${key} is not a map`);
    return Object.fromEntries(Object.entries(found as object).map(([name, one]) => [name, String(one)]));
  };
  const list = value["installedFilesTemplate"] ?? [];
  if (!Array.isArray(list)) throw badExports(path, "installedFilesTemplate is not a list");
  return {
    defaultValues: texts("defaultValues"),
    installedFilesTemplate: list.map(String),
    renameFiles: texts("renameFiles"),
    noContainerService: value["noContainerService"] === true,
  };
}

export function parseObject(text: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw badExports(what, `is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  throw badExports(what, "is not an object");
}

/**
 * Text that systemd will read: it takes a carriage return or NUL for the end of a line (read_line), where who judged it here saw none.
 * A backslash with blanks behind it would join lines once the blanks are gone.
 * @throws gear-bad-exports
 */
export function requirePlainLines(text: string, what: string): void {
  const lines = text.replaceAll("\r\n", "\n");
  if (/[^\P{Cc}\t\n]/u.test(lines)) throw badExports(what, "has control characters");
  if (/\\[ \t]+$/m.test(lines)) throw badExports(what, "has a backslash before blanks at the end of a line");
}

/** @throws gear-bad-exports */
export function badExports(what: string, problem: string) {
  return gearError("bad-exports", `${what} of the image ${problem}`);
}
