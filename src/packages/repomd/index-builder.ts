// SPDX-License-Identifier: Apache-2.0
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
import { NumberList } from "./number-list.ts";
import { PostingsBuilder } from "./postings.ts";
import { StringPoolBuilder } from "./string-pool.ts";
import type { RpmOperator, RpmRelation } from "../rpm/model.ts";

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
  /** Dependency by its three numbers, as text: a few per package are new, the rest is found here. */
  readonly #known = new Map<number, number[]>();
  readonly #lists = new NumberList();
  readonly #listStarts = new NumberList();
  readonly #files = new NumberList();
  readonly #fileStarts = new NumberList();
  readonly #names = new PostingsBuilder();
  readonly #provides = new PostingsBuilder();
  readonly #obsoletes = new PostingsBuilder();
  readonly #paths = new PostingsBuilder();
  readonly #current = relations.map((): number[] => []);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  addDependency(relation: RpmRelation, { name, operator, evr, pre }: DependencyTexts): void {
    const nameId = this.#strings.intern(name);
    const flags = operators.indexOf(operator) | (pre ? preFlag : 0);
    this.#current[relations.indexOf(relation)]!.push(this.#dependency(nameId, flags, this.#strings.intern(evr)));
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
    // The dependencies of one name are few: two or three versions are asked for of most.
    const same = this.#known.get(name);
    const found = same?.find(
      (id) => this.#dependencies.at(3 * id + 1) === flags && this.#dependencies.at(3 * id + 2) === evr,
    );
    if (found !== undefined) return found;
    const id = this.#dependencies.length / 3;
    this.#dependencies.push(name);
    this.#dependencies.push(flags);
    this.#dependencies.push(evr);
    if (same === undefined) this.#known.set(name, [id]);
    else same.push(id);
    return id;
  }
}
