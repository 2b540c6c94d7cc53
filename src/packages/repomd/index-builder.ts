// SPDX-License-Identifier: Apache-2.0
import {
  type NumberColumn,
  numberColumns,
  operators,
  type PackageIndex,
  preFlag,
  type TextColumn,
  textColumns,
} from "./package-index.ts";
import { collided, mixBits, probeLimit } from "./hash.ts";
import { NumberList } from "./number-list.ts";
import { PostingsBuilder } from "./postings.ts";
import { StringPoolBuilder } from "./string-pool.ts";
import { type RpmOperator, type RpmRelation, rpmRelations } from "../rpm/model.ts";

/** Texts are strings of one character for each byte, as `parseXml` hands them over with `latin1`. */
export interface DependencyTexts {
  readonly name: string;
  readonly operator: RpmOperator | "";
  /** Epoch, version and, where there is one, release, on lines of their own. */
  readonly evr: string;
  readonly pre: boolean;
}

/** Collects packages one after another; makes a `PackageIndex` of them. */
export class IndexBuilder {
  readonly #strings = new StringPoolBuilder();
  readonly #texts = new NumberList();
  readonly #numbers: number[] = [];
  readonly #dependencies = new NumberList();
  /** Hash table over `#dependencies`: number of a dependency plus one, or 0. */
  #places = new Uint32Array(1 << 12);
  readonly #lists = new NumberList();
  readonly #listStarts = new NumberList();
  readonly #files = new NumberList();
  readonly #fileStarts = new NumberList();
  readonly #names = new PostingsBuilder();
  readonly #provides = new PostingsBuilder();
  readonly #obsoletes = new PostingsBuilder();
  readonly #paths = new PostingsBuilder();
  readonly #current = rpmRelations.map((): number[] => []);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  addDependency(relation: RpmRelation, { name, operator, evr, pre }: DependencyTexts): void {
    const nameId = this.#strings.intern(name);
    const flags = operators.indexOf(operator) | (pre ? preFlag : 0);
    this.#current[rpmRelations.indexOf(relation)]!.push(this.#dependency(nameId, flags, this.#strings.intern(evr)));
    if (relation === "provides") this.#provides.add(nameId, this.#count);
    else if (relation === "obsoletes") this.#obsoletes.add(nameId, this.#count);
  }

  addFile(path: string): void {
    const id = this.#strings.intern(path);
    this.#files.push(id);
    this.#paths.add(id, this.#count);
  }

  /** Ends a package; its dependencies and files were given before. */
  addPackage(texts: Readonly<Record<TextColumn, string>>, numbers: Readonly<Record<NumberColumn, number>>): void {
    this.#provideItself(texts);
    for (const column of textColumns) this.#texts.push(this.#strings.intern(texts[column]));
    for (const column of numberColumns) this.#numbers.push(numbers[column]);
    for (const list of this.#current) {
      this.#listStarts.push(this.#lists.length);
      for (const dependency of list.splice(0)) this.#lists.push(dependency);
    }
    this.#names.add(this.#strings.intern(texts.name), this.#count);
    this.#count++;
    this.#fileStarts.push(this.#files.length);
  }

  /** Packages that rpm 3 made do not say that they provide themselves (libsolv adds it: repo_rpmmd.c). */
  #provideItself({ name, evr, arch }: Readonly<Record<TextColumn, string>>): void {
    if (arch === "src" || arch === "nosrc") return;
    const own = this.#dependency(this.#strings.intern(name), operators.indexOf("="), this.#strings.intern(evr));
    const provides = this.#current[rpmRelations.indexOf("provides")]!;
    if (provides.includes(own)) return;
    provides.push(own);
    this.#provides.add(this.#strings.intern(name), this.#count);
  }

  build(): PackageIndex {
    const strings = this.#strings.build();
    const keys = strings.parts[1].length;
    this.#listStarts.push(this.#lists.length);
    return {
      count: this.#count,
      strings,
      texts: this.#texts.view(),
      numbers: Float64Array.from(this.#numbers),
      dependencies: this.#dependencies.view(),
      lists: this.#lists.view(),
      listStarts: this.#listStarts.view(),
      files: this.#files.view(),
      fileStarts: Uint32Array.from([0, ...this.#fileStarts.view()]),
      names: this.#names.build(keys),
      provides: this.#provides.build(keys),
      obsoletes: this.#obsoletes.build(keys),
      paths: this.#paths.build(keys),
    };
  }

  #dependency(name: number, flags: number, evr: number): number {
    const list = this.#dependencies;
    const mask = this.#places.length - 1;
    let place = hashOf(name, flags, evr) & mask;
    for (let steps = 0; this.#places[place] !== 0; steps++, place = (place + 1) & mask) {
      if (steps > probeLimit) throw collided();
      const at = 3 * (this.#places[place]! - 1);
      if (list.at(at) === name && list.at(at + 1) === flags && list.at(at + 2) === evr) return at / 3;
    }
    const id = list.length / 3;
    list.push(name);
    list.push(flags);
    list.push(evr);
    this.#places[place] = id + 1;
    if (2 * id > this.#places.length) this.#rehash();
    return id;
  }

  #rehash(): void {
    const list = this.#dependencies;
    const places = new Uint32Array(this.#places.length * 2);
    const mask = places.length - 1;
    for (let at = 0; at < list.length; at += 3) {
      let place = hashOf(list.at(at), list.at(at + 1), list.at(at + 2)) & mask;
      while (places[place] !== 0) place = (place + 1) & mask;
      places[place] = at / 3 + 1;
    }
    this.#places = places;
  }
}

function hashOf(name: number, flags: number, evr: number): number {
  return mixBits(Math.imul(name, 0x9e3779b1) ^ mixBits(evr ^ (flags << 28)));
}
