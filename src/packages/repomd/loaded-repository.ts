// SPDX-License-Identifier: Apache-2.0
import type { Evr, RpmDependency } from "../rpm/model.ts";
import type { RepositoryInfo, RpmSource } from "./model.ts";
import {
  type NumberColumn,
  numberColumns,
  operators,
  type PackageIndex,
  preFlag,
  relations,
  type TextColumn,
  textColumns,
} from "./package-index.ts";
import type { Postings } from "./postings.ts";

/**
 * Whether primary.xml itself lists a path, so that filelists need not be asked (createrepo_c: cr_is_primary).
 */
export function isPrimaryPath(path: string): boolean {
  return path.startsWith("/etc/") || path === "/usr/lib/sendmail" || path.includes("bin/");
}

/** One repository with its packages by number, as the index has them. */
export class LoadedRepository {
  readonly source: RpmSource;
  readonly info: RepositoryInfo;
  readonly priority: number;
  readonly cost: number;
  /** Paths that were asked for and that only filelists could tell of. */
  readonly unknownPaths = new Set<string>();
  readonly #index: PackageIndex;
  readonly #dependencies: RpmDependency[] = [];

  constructor(source: RpmSource, info: RepositoryInfo, index: PackageIndex) {
    this.source = source;
    this.info = info;
    this.#index = index;
    // dnf.conf(5): the defaults of `priority` and `cost`.
    this.priority = source.priority ?? 99;
    this.cost = source.cost ?? 1000;
  }

  get id(): string {
    return this.source.id;
  }

  get count(): number {
    return this.#index.count;
  }

  text(number: number, column: TextColumn): string {
    const { strings, texts } = this.#index;
    return strings.get(texts[number * textColumns.length + textColumns.indexOf(column)]!);
  }

  number(number: number, column: NumberColumn): number {
    return this.#index.numbers[number * numberColumns.length + numberColumns.indexOf(column)]!;
  }

  /** @param place of the relation in `relations` */
  dependencies(number: number, place: number): RpmDependency[] {
    const { lists, listStarts } = this.#index;
    const at = number * relations.length + place;
    return Array.from(lists.subarray(listStarts[at], listStarts[at + 1]), (id) => this.#dependency(id));
  }

  shortFiles(number: number): string[] {
    const { files, fileStarts, strings } = this.#index;
    return Array.from(files.subarray(fileStarts[number], fileStarts[number + 1]), (id) => strings.get(id));
  }

  named(name: string): readonly number[] {
    return this.#posted(this.#index.names, name);
  }

  /** Packages whose `Provides` has the name, whatever the version. */
  providing(name: string): readonly number[] {
    return this.#posted(this.#index.provides, name);
  }

  obsoleting(name: string): readonly number[] {
    return this.#posted(this.#index.obsoletes, name);
  }

  /** Packages that have a file; of a path that primary.xml does not list, those that filelists tell of. */
  withFile(path: string): readonly number[] {
    const found = this.#posted(this.#index.paths, path);
    if (found.length === 0 && !isPrimaryPath(path)) this.unknownPaths.add(path);
    return found;
  }

  /** Numbers of the packages that have at least one dependency of the relation. */
  *having(place: number): IterableIterator<number> {
    const { count, listStarts } = this.#index;
    for (let number = 0, at = place; number < count; number++, at += relations.length) {
      if (listStarts[at] !== listStarts[at + 1]) yield number;
    }
  }

  /** The names of all packages, each once. */
  *names(): IterableIterator<string> {
    for (const key of this.#index.names.keys) yield this.#index.strings.get(key);
  }

  evr(text: string): Evr {
    const [epoch = "0", version = "", release] = text.split("\n");
    return release === undefined ? { epoch: Number(epoch), version } : { epoch: Number(epoch), version, release };
  }

  #posted(postings: Postings, key: string): readonly number[] {
    const id = this.#index.strings.find(key);
    return id === undefined ? [] : Array.from(postings.get(id));
  }

  #dependency(id: number): RpmDependency {
    return (this.#dependencies[id] ??= this.#decode(id));
  }

  #decode(id: number): RpmDependency {
    const { dependencies, strings } = this.#index;
    const [name, flags, evr] = dependencies.subarray(3 * id, 3 * id + 3) as unknown as [number, number, number];
    const operator = operators[flags & ~preFlag];
    return {
      name: strings.get(name),
      ...(operator ? { operator, evr: this.evr(strings.get(evr)) } : {}),
      ...(flags & preFlag ? { pre: true } : {}),
    };
  }
}
