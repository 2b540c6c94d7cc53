// SPDX-License-Identifier: Apache-2.0
import { readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import {
  baseError,
  type HeldLock,
  findLockHolder,
  holderText,
  listDirectory,
  lockFile,
  makeDirectories,
  readTextIfExists,
  removeIfExists,
  removeTree,
  syncDirectory,
  temporaryName,
  unlessErrno,
  writeFileAtomic,
} from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { type Name, parseName } from "../name.ts";
import type { SystemChange, SystemContainer, SystemGeneration } from "./model.ts";

/** Where Project Atomic had them. */
const place = "var/lib/containers/atomic";

/**
 * Generations `NAME.N` with a link `NAME` to the one that counts. A generation is written under a temporary name; the link is
 * replaced by a rename, which is what a switch comes down to.
 */
export class SystemStore {
  readonly root: string;
  readonly path: string;

  constructor(root = "/") {
    this.root = root;
    this.path = join(root, place);
  }

  /** For as long as one of them is changed. @throws gear-busy */
  lock(): HeldLock {
    const directory = join(this.root, "run/atomic");
    makeDirectories(directory);
    const path = join(directory, "gear-system-containers.lock");
    try {
      return lockFile(path, { record: true });
    } catch (error) {
      if (!baseError.is(error, "busy")) throw error;
      const holder = findLockHolder(path);
      const who = holder === undefined ? "another program" : holderText(holder);
      throw gearError("busy", `${who} is changing system containers`, { hint: "wait for it" });
    }
  }

  /** Those that have a generation that counts, or a change that began. */
  names(): Name[] {
    const found = listDirectory(this.path).flatMap((entry) => {
      const name = /^\.([a-z0-9-]+)\.change$/.exec(entry)?.[1] ?? (/^[a-z0-9-]+$/.test(entry) ? entry : undefined);
      return name === undefined ? [] : [parseName(name, "a system container")];
    });
    return [...new Set(found)].toSorted();
  }

  /** Number of the generation that counts. */
  current(name: Name): number | undefined {
    const target = unlessErrno(["ENOENT", "EINVAL"], () => readlinkSync(join(this.path, name)));
    const number = target === undefined ? undefined : new RegExp(`^${name}\\.(\\d{1,9})$`).exec(target)?.[1];
    return number === undefined ? undefined : Number(number);
  }

  setCurrent(name: Name, number: number | undefined): void {
    const link = join(this.path, name);
    if (number === undefined) removeIfExists(link);
    else {
      const temporary = temporaryName(this.path);
      symlinkSync(`${name}.${number}`, temporary);
      renameSync(temporary, link);
    }
    syncDirectory(this.path);
  }

  find(name: Name): SystemContainer | undefined {
    const number = this.current(name);
    if (number === undefined) return undefined;
    const others = this.numbers(name).filter((other) => other !== number);
    return {
      name,
      current: this.generation(name, number),
      others: others.toReversed().map((other) => this.generation(name, other)),
      change: this.change(name),
    };
  }

  /** @throws gear-not-installed */
  require(name: Name): SystemContainer {
    const found = this.find(name);
    if (found !== undefined) return found;
    const known = this.names();
    throw gearError("not-installed", `there is no system container ${name}`, {
      hint: known.length === 0 ? "atomic gear install --system IMAGE" : `there are: ${known.join(", ")}`,
    });
  }

  /** Every generation that is whole. */
  all(): { readonly name: Name; readonly number: number }[] {
    return listDirectory(this.path).flatMap((entry) => {
      const [, name, number] = /^([a-z0-9-]+)\.(\d{1,9})$/.exec(entry) ?? [];
      return name === undefined ? [] : [{ name: parseName(name, "a system container"), number: Number(number) }];
    });
  }

  /** Of the generations that are whole, ascending. */
  numbers(name: Name): number[] {
    const pattern = new RegExp(`^${name}\\.(\\d{1,9})$`);
    const found = listDirectory(this.path).flatMap((entry) => pattern.exec(entry)?.[1] ?? []);
    return found.map(Number).toSorted((a, b) => a - b);
  }

  directory(name: Name, number: number): string {
    return join(this.path, `${name}.${number}`);
  }

  /** As units name it, whatever the root is. */
  ownDirectory(name: Name, number: number): string {
    return `/${place}/${name}.${number}`;
  }

  generation(name: Name, number: number): SystemGeneration {
    const path = join(this.directory(name, number), "info");
    const text = readTextIfExists(path);
    try {
      const info = JSON.parse(text ?? "") as SystemGeneration;
      if (info.name === name && info.number === number) return info;
    } catch {
      // Told below.
    }
    throw gearError("store", `${path} does not read as it was written`);
  }

  change(name: Name): SystemChange | undefined {
    const text = readTextIfExists(this.#changePath(name));
    return text === undefined ? undefined : (JSON.parse(text) as SystemChange);
  }

  writeChange(name: Name, change: SystemChange | undefined): void {
    const path = this.#changePath(name);
    if (change !== undefined) writeFileAtomic(path, JSON.stringify(change));
    else if (removeIfExists(path)) syncDirectory(this.path);
  }

  #changePath(name: Name): string {
    return join(this.path, `.${name}.change`);
  }

  /** What was being written when somebody was killed. The caller holds the lock. */
  removeTemporary(): void {
    for (const entry of listDirectory(this.path)) if (entry.startsWith(".tmp-")) removeTree(join(this.path, entry));
  }

  removeGeneration(name: Name, number: number): void {
    const temporary = temporaryName(this.path);
    const moved = unlessErrno(["ENOENT"], () => (renameSync(this.directory(name, number), temporary), true));
    if (moved === true) rmSync(temporary, { recursive: true, force: true });
  }
}
