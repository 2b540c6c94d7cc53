// SPDX-License-Identifier: Apache-2.0
import type { ByteSource, RequestOptions } from "../../base/index.ts";
import { parseDigest } from "../digest.ts";
import { type Evr, type RpmDependency, type RpmRelation, rpmRelations } from "../rpm/model.ts";
import { type Comps, parseComps } from "./comps.ts";
import type { FileIndex } from "./file-index.ts";
import type { Modules } from "./modules-file.ts";
import type { RepositoryInfo, RpmSource } from "./model.ts";
import {
  type NumberColumn,
  numberColumns,
  operators,
  type PackageIndex,
  preFlag,
  type TextColumn,
  textColumns,
} from "./package-index.ts";
import type { Postings } from "./postings.ts";
import { type Advisory, parseUpdateinfo } from "./updateinfo.ts";

/**
 * Whether primary.xml itself lists a path, so that filelists need not be asked (createrepo_c: cr_is_primary).
 */
export function isPrimaryPath(path: string): boolean {
  return path.startsWith("/etc/") || path === "/usr/lib/sendmail" || path.includes("bin/");
}

/** A metadata file that is being read. */
export interface OpenedMetadata extends Disposable {
  readonly what: string;
  readonly source: ByteSource;
}

export interface RepositoryContent {
  readonly bases: readonly string[];
  readonly request: RequestOptions;
  readonly index: PackageIndex;
  readonly modules: Modules | undefined;
  /** Fetches filelists; gives `undefined` where the repository has none. */
  readonly openFiles: () => Promise<FileIndex | undefined>;
  /** Fetches the first of some types; gives `undefined` where the repository has none. */
  readonly openMetadata: (types: readonly string[]) => Promise<OpenedMetadata | undefined>;
}

/** One repository with its packages by number, as the index has them. */
export class LoadedRepository {
  readonly source: RpmSource;
  readonly info: RepositoryInfo;
  readonly priority: number;
  readonly cost: number;
  /** Paths that were asked for and that only filelists can tell of, which are not loaded. */
  readonly unknownPaths = new Set<string>();
  /** Where files of the repository are to be had, the best place first: URLs or paths. */
  readonly bases: readonly string[];
  /** What its modules.yaml says, where it has one. */
  readonly modules: Modules | undefined;
  /** How its servers are asked. */
  readonly request: RequestOptions;
  readonly #index: PackageIndex;
  readonly #dependencies: RpmDependency[] = [];
  readonly #openFiles: () => Promise<FileIndex | undefined>;
  readonly #openMetadata: RepositoryContent["openMetadata"];
  #files: FileLists | undefined;
  /** Of each package whether it is as if it were not there. */
  #hidden: Uint8Array | undefined;

  constructor(
    source: RpmSource,
    info: RepositoryInfo,
    { bases, request, index, modules, openFiles, openMetadata }: RepositoryContent,
  ) {
    this.source = source;
    this.info = info;
    this.bases = bases;
    this.request = request;
    this.modules = modules;
    this.#index = index;
    this.#openFiles = openFiles;
    this.#openMetadata = openMetadata;
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

  /** @param place of the relation in `rpmRelations` */
  dependencies(number: number, place: number): RpmDependency[] {
    const { lists, listStarts } = this.#index;
    const at = number * rpmRelations.length + place;
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

  /**
   * Packages that have a file; of a path that primary.xml does not list, those that filelists tell of. (Where these are
   * loaded they are asked of every path: what SUSE once wrote had another short list.)
   */
  withFile(path: string): readonly number[] {
    const found = this.#posted(this.#index.paths, path);
    if (this.#files !== undefined) {
      const owners = this.#shown(this.#files.owners(path));
      return [...new Set([...found, ...owners])].sort((a, b) => a - b);
    }
    if (!isPrimaryPath(path)) this.unknownPaths.add(path);
    return found;
  }

  /** Loads the lists of all files, from the cache or the network. */
  async loadFilelists(): Promise<void> {
    this.#files ??= new FileLists(await this.#openFiles(), this.#index);
    this.unknownPaths.clear();
  }

  /** Numbers of the packages that have at least one dependency of the relation. */
  *withRelation(relation: RpmRelation): IterableIterator<number> {
    const { count, listStarts } = this.#index;
    const place = rpmRelations.indexOf(relation);
    for (let number = 0, at = place; number < count; number++, at += rpmRelations.length) {
      if (listStarts[at] !== listStarts[at + 1] && this.#hidden?.[number] !== 1) yield number;
    }
  }

  /** Groups and environments of the repository, from the cache or the network. */
  async loadComps(): Promise<Comps> {
    using file = await this.#openMetadata(["group_gz", "group_xz", "group"]);
    return file === undefined ? { groups: [], environments: [] } : parseComps(file.source, file.what);
  }

  async loadAdvisories(): Promise<readonly Advisory[]> {
    using file = await this.#openMetadata(["updateinfo"]);
    return file === undefined ? [] : parseUpdateinfo(file.source, file.what);
  }

  /** The numbers of all packages. */
  all(): readonly number[] {
    return this.#shown(Array.from({ length: this.count }, (_, number) => number));
  }

  /** Makes packages as if they were not there, for all lookups. */
  hide(numbers: Iterable<number>): void {
    const hidden = (this.#hidden ??= new Uint8Array(this.count));
    for (const number of numbers) hidden[number] = 1;
  }

  /** The names of all packages, each once. */
  *names(): IterableIterator<string> {
    const { names, strings } = this.#index;
    for (const key of names.keys) if (this.#shown([...names.get(key)]).length > 0) yield strings.get(key);
  }

  evr(text: string): Evr {
    const [epoch = "0", version = "", release] = text.split("\n");
    return release === undefined ? { epoch: Number(epoch), version } : { epoch: Number(epoch), version, release };
  }

  #posted(postings: Postings, key: string): readonly number[] {
    const id = this.#index.strings.find(key);
    return id === undefined ? [] : this.#shown(Array.from(postings.get(id)));
  }

  #shown(numbers: readonly number[]): readonly number[] {
    const hidden = this.#hidden;
    return hidden === undefined ? numbers : numbers.filter((number) => hidden[number] !== 1);
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

/** The file index, in numbers of the package index: the two know of a package by its check sum. */
class FileLists {
  readonly #files: FileIndex | undefined;
  readonly #numbers = new Map<string, number[]>();

  constructor(files: FileIndex | undefined, { count, strings, texts }: PackageIndex) {
    this.#files = files;
    const column = textColumns.indexOf("checksum");
    for (let number = 0; number < count; number++) {
      const { hex } = parseDigest(strings.get(texts[number * textColumns.length + column]!));
      const same = this.#numbers.get(hex);
      if (same === undefined) this.#numbers.set(hex, [number]);
      else same.push(number);
    }
  }

  owners(path: string): number[] {
    return (this.#files?.find(path) ?? []).flatMap((number) => this.#numbers.get(this.#files!.packages[number]!) ?? []);
  }
}
