// SPDX-License-Identifier: Apache-2.0
/**
 * All packages that take part, by number, and who provides what. Numbers are given in the order of the repositories and
 * of the packages in them, as libsolv gives them: where nothing else decides between two packages, their numbers do.
 */
import { rangesOverlap } from "../dependency.ts";
import type { RpmDependency, RpmPackage, RpmRelation } from "../model.ts";
import { compareEvr, formatEvr } from "../version.ts";
import { ArchitecturePolicy } from "./architecture.ts";
import { type Dependency, DependencyTable } from "./dependencies.ts";
import type { PoolRepository } from "./repository.ts";

/** A package's number. 0 is none; 1 is the system, which is always installed and provides what the machine itself does. */
export type Id = number;
export const systemId: Id = 1;

export interface PoolOptions {
  /** RPM's name of the machine; `undefined`: all architectures are alike. */
  readonly architecture?: string;
  /** Names are replaced by packages of the same colour only: the multilib rule of dnf. */
  readonly colours?: boolean;
  /** Obsoletes too. */
  readonly obsoletesUseColours?: boolean;
  /** Packages that must not be seen: dnf's excludes and includes. */
  readonly excluded?: (one: RpmPackage, repository: PoolRepository) => boolean;
  /** What excluded packages provide is known nevertheless, so that rules about them can be broken with a reason. */
  readonly seeExcluded?: boolean;
  /** Namespace dependencies that hold, as `namespace:language(de)`. */
  readonly namespaces?: ReadonlySet<string>;
}

const noIds: readonly Id[] = [];

export class Pool {
  readonly repositories: readonly PoolRepository[];
  readonly architectures: ArchitecturePolicy;
  readonly colours: boolean;
  readonly obsoletesUseColours: boolean;
  readonly seeExcluded: boolean;
  readonly table = new DependencyTable();
  readonly #starts: number[] = [];
  /** One more than the highest number. */
  readonly size: number;
  /** The installed packages, in order. */
  readonly installed: readonly Id[];
  readonly #excludes: PoolOptions["excluded"];
  readonly #excluded: (boolean | undefined)[] = [];
  readonly #packages: (RpmPackage | undefined)[] = [];
  readonly #places: Uint16Array;
  readonly #named = new Map<string, readonly Id[]>();
  readonly #providing = new Map<string, readonly Id[]>();
  readonly #providers: (readonly Id[] | undefined)[] = [];
  readonly #provides: ReadonlyMap<string, readonly RpmDependency[]>[] = [];
  readonly #relations: Partial<Record<RpmRelation, readonly Dependency[]>>[] = [];
  readonly #namespaces: ReadonlySet<string>;

  constructor(repositories: readonly PoolRepository[], options: PoolOptions = {}) {
    if (repositories.filter(({ installed }) => installed).length > 1)
      throw new Error("only one repository is the system");
    this.repositories = repositories;
    this.architectures = new ArchitecturePolicy(options.architecture);
    this.colours = options.colours ?? false;
    this.obsoletesUseColours = options.obsoletesUseColours ?? false;
    this.seeExcluded = options.seeExcluded ?? false;
    this.#excludes = options.excluded;
    this.#namespaces = options.namespaces ?? new Set();
    let size = systemId + 1;
    let installed: readonly Id[] = [];
    for (const repository of repositories) {
      const start = size;
      this.#starts.push(start);
      size += repository.count;
      if (repository.installed) installed = Array.from({ length: repository.count }, (_, at) => start + at);
    }
    this.size = size;
    this.installed = installed;
    this.#places = new Uint16Array(size);
    for (const [place, start] of this.#starts.entries()) this.#places.fill(place, start);
  }

  package(id: Id): RpmPackage {
    return (this.#packages[id] ??= this.#load(id));
  }

  #load(id: Id): RpmPackage {
    if (id <= systemId || id >= this.size) throw new Error(`no package ${id}`);
    return this.repositoryOf(id).package(id - this.#starts[this.#places[id]!]!);
  }

  repositoryOf(id: Id): PoolRepository {
    return this.repositories[this.#places[id]!]!;
  }

  isInstalled(id: Id): boolean {
    const first = this.installed[0];
    return first !== undefined && id >= first && id < first + this.installed.length;
  }

  isExcluded(id: Id): boolean {
    if (this.#excludes === undefined) return false;
    return (this.#excluded[id] ??= this.#excludes(this.package(id), this.repositoryOf(id)));
  }

  installable(id: Id): boolean {
    const one = this.package(id);
    return this.architectures.runs(one.architecture) && !isSource(one) && !this.isExcluded(id);
  }

  /** Whether a package can be considered: source packages provide nothing, others only when they can be installed. */
  #isVisible(id: Id): boolean {
    if (this.isInstalled(id)) return !isSource(this.package(id));
    return this.installable(id) || (this.seeExcluded && this.isExcluded(id));
  }

  #select(choose: (repository: PoolRepository) => readonly number[]): Id[] {
    const found: Id[] = [];
    for (const [place, repository] of this.repositories.entries()) {
      for (const number of choose(repository)) {
        const id = this.#starts[place]! + number;
        if (this.#isVisible(id)) found.push(id);
      }
    }
    return found;
  }

  name(id: Id): string {
    return this.package(id).name;
  }

  score(id: Id): number {
    return this.architectures.score(this.package(id).architecture);
  }

  priority(id: Id): number {
    return this.repositoryOf(id).priority;
  }

  compareVersions(a: Id, b: Id): number {
    return compareEvr(this.package(a).evr, this.package(b).evr);
  }

  /** Whether both hold code of the same sort, so that one may take the other's place. */
  sameColour(a: Id, b: Id): boolean {
    const [first, second] = [this.package(a).architecture, this.package(b).architecture];
    return first === second || (this.architectures.colour(first) & this.architectures.colour(second)) !== 0;
  }

  /** Whether a package of the same name would take the place of the other on the disk. */
  replacesByName(a: Id, b: Id): boolean {
    return !this.colours || this.sameColour(a, b);
  }

  /** All packages of a name that can be considered, in order. */
  named(name: string): readonly Id[] {
    let found = this.#named.get(name);
    if (found === undefined) this.#named.set(name, (found = this.#select((repository) => repository.named(name))));
    return found;
  }

  /** The packages that obsolete one, in order. */
  obsoletersOf(id: Id): Id[] {
    return this.#select((repository) => repository.obsoleting(this.name(id))).filter((other) =>
      this.obsoletes(other, id),
    );
  }

  /** Packages that would meet a dependency, were they not excluded. */
  hidden(wanted: RpmDependency): Id[] {
    return this.repositories.flatMap((repository, place) => {
      const numbers = new Set([...repository.named(wanted.name), ...repository.providing(wanted.name)]);
      const ids = [...numbers].map((number) => this.#starts[place]! + number);
      return ids.filter((id) => this.isExcluded(id) && this.#meets(id, wanted));
    });
  }

  /** All packages that have a dependency of a kind, in order. */
  having(relation: RpmRelation): readonly Id[] {
    return this.#select((repository) => [...repository.having(relation)]);
  }

  /** Each once. */
  names(): ReadonlySet<string> {
    return new Set(this.repositories.flatMap((repository) => [...repository.names()]));
  }

  relation(id: Id, relation: RpmRelation): readonly Dependency[] {
    const known = (this.#relations[id] ??= {});
    return (known[relation] ??= this.#intern(id, relation));
  }

  #intern(id: Id, relation: RpmRelation): readonly Dependency[] {
    if (id === systemId) return [];
    const found = this.package(id).dependencies(relation);
    // rpm itself provides its features; repository metadata leaves them out mostly.
    const asked = relation === "requires" ? found.filter(({ name }) => !name.startsWith("rpmlib(")) : found;
    return asked.map((one) => this.table.of(one));
  }

  /** Who meets a dependency, in order. A rich one is taken as if its conditions held. */
  providers(dependency: Dependency): readonly Id[] {
    return (this.#providers[dependency.id] ??= this.#findProviders(dependency));
  }

  #findProviders(dependency: Dependency): readonly Id[] {
    switch (dependency.kind) {
      case "plain":
        return this.#plainProviders(dependency.plain);
      case "namespace":
        return this.#namespaces.has(dependency.text) ? [systemId] : noIds;
      case "architecture":
        return this.providers(dependency.of).filter((id) => this.package(id).architecture === dependency.architecture);
      case "with": {
        const second = new Set(this.providers(dependency.second));
        return this.providers(dependency.first).filter((id) => second.has(id));
      }
      case "without": {
        const second = new Set(this.providers(dependency.second));
        return this.providers(dependency.first).filter((id) => !second.has(id));
      }
      case "and":
      case "or":
        return merged(this.providers(dependency.first), this.providers(dependency.second));
      case "if":
      case "unless":
        if (dependency.otherwise === undefined) return this.providers(dependency.first);
        return merged(this.providers(dependency.first), this.providers(dependency.otherwise));
    }
  }

  #plainProviders(wanted: RpmDependency): readonly Id[] {
    const named = this.#providingName(wanted.name);
    if (wanted.operator !== undefined) return named.filter((id) => this.#meets(id, wanted));
    if (!wanted.name.startsWith("/")) return named;
    return merged(
      named,
      this.#select((repository) => repository.withFile(wanted.name)),
    );
  }

  /** Every package provides itself. */
  #providingName(name: string): readonly Id[] {
    let found = this.#providing.get(name);
    if (found !== undefined) return found;
    found = merged(
      this.named(name),
      this.#select((repository) => repository.providing(name)),
    );
    this.#providing.set(name, found);
    return found;
  }

  #meets(id: Id, wanted: RpmDependency): boolean {
    if (this.matchesName(id, wanted)) return true;
    return this.#provided(id, wanted.name).some((provide) => rangesOverlap(provide, wanted));
  }

  /** What a package provides under a name. Kernels provide thousands of symbols, and are asked for each. */
  #provided(id: Id, name: string): readonly RpmDependency[] {
    const provides = this.package(id).dependencies("provides");
    if (provides.length < 16) return provides.filter((one) => one.name === name);
    const byName = (this.#provides[id] ??= Map.groupBy(provides, (one) => one.name));
    return byName.get(name) ?? [];
  }

  /** Whether a package's own name and version meet a range: what Obsoletes look at (rpm matches names, not provides). */
  matchesName(id: Id, wanted: RpmDependency): boolean {
    const { name, evr } = this.package(id);
    return name === wanted.name && rangesOverlap({ operator: "=", evr }, wanted);
  }

  /** The packages that an Obsoletes takes the place of. */
  obsoletedBy(id: Id, obsoletes: Dependency): readonly Id[] {
    if (obsoletes.kind !== "plain") return noIds;
    const { plain } = obsoletes;
    return this.named(plain.name).filter(
      (other) =>
        other !== id && this.matchesName(other, plain) && (!this.obsoletesUseColours || this.sameColour(id, other)),
    );
  }

  /** Whether one of the Obsoletes of `id` names `other`. */
  obsoletes(id: Id, other: Id): boolean {
    return this.relation(id, "obsoletes").some((one) => this.obsoletedBy(id, one).includes(other));
  }

  /** solvable_identical: the same build, as far as one can see. */
  identical(a: Id, b: Id): boolean {
    const [first, second] = [this.package(a), this.package(b)];
    if (first.name !== second.name || first.architecture !== second.architecture) return false;
    if (formatEvr(first.evr) !== formatEvr(second.evr) || first.vendor !== second.vendor) return false;
    if (first.buildTime !== 0 && second.buildTime !== 0) return first.buildTime === second.buildTime;
    const requires = [a, b].map((id) => this.relation(id, "requires").map((one) => one.id));
    const [one, other] = requires.map((ids) => [...ids].sort((x, y) => x - y).join());
    return one === other;
  }

  /** `NAME-[EPOCH:]VERSION-RELEASE.ARCH`. */
  nevra(id: Id): string {
    const { name, evr, architecture } = this.package(id);
    return `${name}-${formatEvr(evr)}.${architecture}`;
  }
}

function isSource(one: RpmPackage): boolean {
  return one.architecture === "src" || one.architecture === "nosrc";
}

/** Both are in order, and so is the outcome. */
function merged(a: readonly Id[], b: readonly Id[]): readonly Id[] {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  return [...new Set([...a, ...b])].sort((x, y) => x - y);
}
