// SPDX-License-Identifier: Apache-2.0
import { packageError } from "../errors.ts";
import type { PackageId, SourceInfo } from "../model.ts";
import { parseRelations, type Relation, type RelationGroup } from "../deb/relation.ts";
import { sourceOf, type SourceVersion } from "../deb/source-packages.ts";
import { compareDebianVersions } from "../deb/version.ts";
import { fieldNumber, type IndexField, indexFields, type PackageIndex, readRecord } from "./index-file.ts";

/** The relationship fields that the solver reads. */
export type RelationField = "Pre-Depends" | "Depends" | "Recommends" | "Suggests" | "Conflicts" | "Breaks";

/** One index of one source, with what is needed to use its packages. */
export interface IndexedSource {
  readonly index: PackageIndex;
  readonly info: SourceInfo;
  /** Priority as of apt_preferences(5). */
  readonly priority: number;
  /** What `Filename` is relative to. */
  readonly baseUrl: string;
}

/** A package of a repository. Its fields are decoded when they are first asked for. */
export class DebPackage implements PackageId {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly source: IndexedSource;
  /** Place in the order in which the indices were read. */
  readonly ordinal: number;
  readonly #values: readonly string[];
  readonly #relations = new Map<IndexField, readonly RelationGroup[]>();
  #provides: readonly Relation[] | undefined;

  constructor(source: IndexedSource, number: number, ordinal: number) {
    const values = readRecord(source.index, number);
    if (values.length !== indexFields.length) throw new Error("a record of another shape in a verified index");
    this.#values = values;
    this.source = source;
    this.ordinal = ordinal;
    this.name = this.field("Package");
    this.version = this.field("Version");
    this.architecture = this.field("Architecture");
  }

  /** A field of the index, empty when it is not there. Folded values are on one line. */
  field(name: IndexField): string {
    return this.#values[fieldNumber[name]]!;
  }

  relations(field: RelationField): readonly RelationGroup[] {
    let groups = this.#relations.get(field);
    if (groups === undefined) {
      groups = parseRelations(this.field(field), `${this}: ${field}`);
      this.#relations.set(field, groups);
    }
    return groups;
  }

  /** What it provides besides its own name; a version only when it is given with `=`. */
  get provides(): readonly Relation[] {
    this.#provides ??= parseRelations(this.field("Provides"), `${this}: Provides`).map((group) => group[0]!);
    return this.#provides;
  }

  get essential(): boolean {
    return this.field("Essential").toLowerCase() === "yes";
  }

  /** `Protected: yes`, formerly `Important: yes` (deb-control(5)). */
  get isProtected(): boolean {
    return [this.field("Protected"), this.field("Important")].some((value) => value.toLowerCase() === "yes");
  }

  /** `required`, `important`, `standard`, `optional`, `extra`. */
  get priority(): string {
    return this.field("Priority") || "optional";
  }

  get multiArch(): string {
    return this.field("Multi-Arch") || "no";
  }

  /** Name and version of the source package. */
  get sourcePackage(): SourceVersion {
    return sourceOf(this.name, this.version, this.field("Source"));
  }

  /** Bytes of the package file. */
  get size(): number {
    return Number(this.field("Size")) || 0;
  }

  /** Bytes on the disk when installed, as the package says. */
  get installedSize(): number {
    return (Number(this.field("Installed-Size")) || 0) * 1024;
  }

  get sha256(): string {
    const sum = this.field("SHA256");
    if (!/^[0-9a-f]{64}$/.test(sum)) throw packageError("bad-index", `${this}: no SHA256 in the index`);
    return sum;
  }

  get url(): string {
    return `${this.source.baseUrl}/${this.field("Filename").replace(/^(\.\/)+/, "")}`;
  }

  /** `name_version_architecture` without the epoch's colon problem: as dpkg names it, for people. */
  toString(): string {
    return `${this.name} ${this.version} (${this.architecture})`;
  }
}

/** All packages of some sources: what a solver chooses from. */
export class PackageSet {
  /** The native architecture. */
  readonly architecture: string;
  readonly sources: readonly IndexedSource[];
  /** Packages in all indices, before the newest version of each is chosen. */
  readonly count: number;
  readonly #starts: number[] = [];
  readonly #packages = new Map<number, DebPackage>();
  readonly #candidates = new Map<string, DebPackage | undefined>();

  constructor(architecture: string, sources: readonly IndexedSource[]) {
    this.architecture = architecture;
    this.sources = sources;
    let start = 0;
    for (const { index } of sources) {
      this.#starts.push(start);
      start += index.count;
    }
    this.count = start;
  }

  /** The names of all packages. */
  names(): Set<string> {
    return new Set(this.sources.flatMap(({ index }) => [...index.names.keys()]));
  }

  /** All versions of a package that this architecture can run, the best first; the first one is the candidate. */
  versions(name: string): DebPackage[] {
    const packages = this.#numbered((index) => index.names.get(name)).filter((one) => this.#canRun(one));
    return packages.sort(comparePreference);
  }

  /** The version that is installed unless another is asked for: of the highest priority, then the newest. */
  candidate(name: string): DebPackage | undefined {
    if (!this.#candidates.has(name)) {
      const best = this.versions(name)[0];
      this.#candidates.set(name, best !== undefined && best.source.priority > 0 ? best : undefined);
    }
    return this.#candidates.get(name);
  }

  /** The candidates of all names, one after the other: kept, they would take more memory than the indices. */
  *candidates(): Generator<DebPackage> {
    for (const name of this.names()) {
      const packages = this.sources.flatMap((source, place) =>
        source.index.names.get(name).map((number) => new DebPackage(source, number, this.#starts[place]! + number)),
      );
      const [best] = packages.filter((one) => this.#canRun(one)).sort(comparePreference);
      if (best !== undefined && best.source.priority > 0) yield best;
    }
  }

  /** The packages whose `Provides` has `name`, of all versions, in the order of the indices. */
  providers(name: string): DebPackage[] {
    return this.#numbered((index) => index.provides.get(name));
  }

  /** The packages that are Essential or of priority required, of all versions. */
  essential(): DebPackage[] {
    return this.#numbered((index) => index.essential);
  }

  /**
   * When the name first occurs in the indices, as a package or in a relationship: the identity that apt gives it, which
   * decides between providers that are equal otherwise (CompareProviders: the later one wins).
   */
  firstMention(name: string): number {
    let start = 0;
    for (const { index } of this.sources) {
      const at = findName(index.records, name);
      if (at >= 0) return start + at;
      start += index.records.length;
    }
    return start;
  }

  #numbered(select: (index: PackageIndex) => readonly number[]): DebPackage[] {
    return this.sources.flatMap(({ index }, place) =>
      select(index).map((number) => this.#package(this.#starts[place]! + number)),
    );
  }

  #package(ordinal: number): DebPackage {
    let found = this.#packages.get(ordinal);
    if (found === undefined) {
      const place = this.#starts.findLastIndex((start) => start <= ordinal);
      found = new DebPackage(this.sources[place]!, ordinal - this.#starts[place]!, ordinal);
      this.#packages.set(ordinal, found);
    }
    return found;
  }

  #canRun({ architecture }: DebPackage): boolean {
    return architecture === this.architecture || architecture === "all";
  }
}

function comparePreference(a: DebPackage, b: DebPackage): number {
  return b.source.priority - a.source.priority || compareDebianVersions(b.version, a.version) || a.ordinal - b.ordinal;
}

/** Where `name` stands as a whole word in a name or relationship line; values of other fields cannot be mistaken for it. */
function findName(records: Buffer, name: string): number {
  for (let at = records.indexOf(name); at >= 0; at = records.indexOf(name, at + 1)) {
    const before = at === 0 ? newline : records[at - 1]!;
    const after = records[at + name.length] ?? newline;
    if (before === newline || before === blank || before === comma || before === bar) {
      if (after === newline || after === blank || after === comma || after === bar) return at;
    }
  }
  return -1;
}

const newline = 10;
const blank = 32;
const comma = 44;
const bar = 124;
