// SPDX-License-Identifier: Apache-2.0
/**
 * Where generations are kept: below `/var/lib/atomic/gear/applications`, a directory for each application.
 *
 *     shop/application.json   the record: which generation runs, what change is under way
 *     shop/4/generation.json  and beside it units/, files/ and source/
 *
 * A generation is written under a temporary name, flushed, renamed, and counts only once the record has it; the record is one
 * file that is replaced. So a crash at any instruction leaves the record of before or of after, and whole generations.
 */
import { closeSync, fchmodSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import {
  lstatIfExists,
  listDirectory,
  makeDirectories,
  readTextIfExists,
  removeTree,
  safeRelative,
  syncDirectory,
  temporaryName,
  writeAll,
  writeFileAtomic,
} from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { type Name, parseName } from "../name.ts";
import { decodeGeneration, decodeRecord, encodeGeneration, encodeRecord } from "./generation-file.ts";
import type { ApplicationRecord, Generation } from "./model.ts";

const place = "var/lib/atomic/gear/applications";

export class GenerationStore {
  /** Of the system that is worked on. */
  readonly root: string;
  readonly path: string;

  /** @param root `/`, or a directory that stands for it in tests */
  constructor(root = "/") {
    this.root = root;
    this.path = join(root, place);
  }

  applications(): Name[] {
    const named = listDirectory(this.path).filter((name) => !name.startsWith("."));
    return named
      .filter((name) => lstatIfExists(this.#recordPath(name))?.isFile())
      .map((name) => parseName(name, "an application"));
  }

  record(application: Name): ApplicationRecord | undefined {
    const path = this.#recordPath(application);
    const text = readTextIfExists(path);
    return text === undefined ? undefined : decodeRecord(text, path);
  }

  /** As `record`; throws `gear-no-application`. */
  requireRecord(application: Name): ApplicationRecord {
    const record = this.record(application);
    if (record !== undefined) return record;
    const known = this.applications();
    throw gearError("no-application", `there is no application ${application}`, {
      hint: known.length === 0 ? "atomic gear deploy FILE  makes one" : `there are: ${known.join(", ")}`,
    });
  }

  writeRecord(application: Name, record: ApplicationRecord): void {
    this.makeDirectory(application);
    writeFileAtomic(this.#recordPath(application), encodeRecord(record), { mode: 0o600 });
  }

  /** Only root reads it: environments and sources may hold what nobody else should see. */
  makeDirectory(application: Name): string {
    const path = join(this.path, application);
    makeDirectories(dirname(this.path));
    makeDirectories(path, 0o700);
    return path;
  }

  directory(application: Name, number: number): string {
    return join(this.path, application, String(number));
  }

  /** Path as units name it, whatever the root is: they are read by a system that runs. */
  ownDirectory(application: Name, number: number): string {
    return `/${join(place, application, String(number))}`;
  }

  /** Throws `gear-no-generation`. */
  generation(application: Name, number: number): Generation {
    const directory = this.directory(application, number);
    const path = join(directory, "generation.json");
    const text = readTextIfExists(path);
    if (text === undefined) {
      throw gearError("no-generation", `${application} has no generation ${number}`, {
        hint: `atomic gear history ${application}`,
      });
    }
    const [units, files, source] = ["units", "files", "source"].map((name) => readFiles(join(directory, name)));
    const absolute = new Map([...files!].map(([name, content]) => [`/${name}`, content]));
    return decodeGeneration(text, { units: units!, files: absolute, source: source! }, path);
  }

  /** Writes it whole or not at all. What a crash left under its number, or under a temporary name, is removed. */
  writeGeneration(generation: Generation): void {
    const { rendered, number, source } = generation;
    const parent = this.makeDirectory(rendered.application);
    this.removeUnfinished(rendered.application);
    const temporary = temporaryName(parent);
    makeDirectories(temporary, 0o700);
    const files: [path: string, content: string, mode: number][] = [
      ["generation.json", encodeGeneration(generation), 0o600],
      ...[...rendered.units].map(([name, text]): [string, string, number] => [`units/${name}`, text, 0o644]),
      ...[...rendered.files].map(([path, { content, mode }]): [string, string, number] => [
        `files/${path}`,
        content,
        mode,
      ]),
      ...[...source.files].map(([path, text]): [string, string, number] => [`source/${path}`, text, 0o600]),
    ];
    for (const [path, content, mode] of files) writeFlushed(temporary, path, content, mode);
    for (const directory of directoriesBelow(temporary)) syncDirectory(directory);
    renameSync(temporary, this.directory(rendered.application, number));
    syncDirectory(parent);
  }

  /** Removes what is under a temporary name, and generations that the record does not have, or no more. */
  removeUnfinished(application: Name): void {
    const record = this.record(application);
    const kept = new Set(record?.generations.map(({ number }) => String(number)));
    for (const name of listDirectory(join(this.path, application))) {
      if (name.startsWith(".") || (/^\d+$/.test(name) && !kept.has(name))) {
        removeTree(join(this.path, application, name));
      }
    }
  }

  /** All that is kept of an application. The record goes first: without it, there is no application. */
  remove(application: Name): void {
    const directory = join(this.path, application);
    removeTree(this.#recordPath(application));
    syncDirectory(directory);
    removeTree(directory);
  }

  #recordPath(application: string): string {
    return join(this.path, application, "application.json");
  }
}

/** A path of a rendering or of a source stays below its directory; `base-unsafe` otherwise. */
function writeFlushed(directory: string, path: string, content: string, mode: number): void {
  const target = join(directory, safeRelative(path, "generation"));
  makeDirectories(dirname(target), 0o700);
  const fd = openSync(target, "wx", mode);
  try {
    writeAll(fd, Buffer.from(content));
    // Whatever the umask is.
    fchmodSync(fd, mode);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function directoriesBelow(path: string): string[] {
  const inner = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...inner.flatMap(({ name }) => directoriesBelow(join(path, name))), path];
}

/** Files below a directory by their relative path. */
function readFiles(path: string): Map<string, string> {
  if (lstatIfExists(path) === undefined) return new Map();
  const entries = readdirSync(path, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  const paths = entries.map(({ parentPath, name }) => relative(path, join(parentPath, name))).sort();
  return new Map(paths.map((name) => [name, readFileSync(join(path, name), "utf8")]));
}
