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

/** A package's number. 0 is none; 1 is the system, which is always installed and provides what the machine itself does. */
export type Id = number;
export const systemId: Id = 1;

export interface PoolRepository {
  readonly name: string;
  /** Higher is better: the negative of what .repo files and dnf call priority. */
  readonly priority: number;
  /** Decides among equals; higher is better. */
  readonly subpriority?: number;
  readonly packages: readonly RpmPackage[];
  readonly installed?: boolean;
  /** The packages that have a file of this path; without it each package is asked. */
  packagesWithFile?(path: string): Iterable<RpmPackage>;
}

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
  readonly packages: (RpmPackage | undefined)[] = [undefined, undefined];
  readonly #repositoryOf: (PoolRepository | undefined)[] = [undefined, undefined];
  readonly #excluded = new Set<Id>();
  /** The installed packages, in order. */
  readonly installed: Id[] = [];
  readonly #isInstalled: boolean[] = [false, false];
  readonly #ids = new Map<RpmPackage, Id>();
  readonly #byProvide = new Map<string, Id[]>();
  readonly #byName = new Map<string, Id[]>();
  readonly #providers: (readonly Id[] | undefined)[] = [];
  readonly #relations: Partial<Record<RpmRelation, readonly Dependency[]>>[] = [];
  readonly #namespaces: ReadonlySet<string>;

  constructor(repositories: readonly PoolRepository[], options: PoolOptions = {}) {
    this.repositories = repositories;
    this.architectures = new ArchitecturePolicy(options.architecture);
    this.colours = options.colours ?? false;
    this.obsoletesUseColours = options.obsoletesUseColours ?? false;
    this.seeExcluded = options.seeExcluded ?? false;
    this.#namespaces = options.namespaces ?? new Set();
    if (repositories.filter(({ installed }) => installed).length > 1) throw new Error("only one repository is the system");
    for (const repository of repositories) {
      for (const one of repository.packages) this.#take(one, repository, options.excluded?.(one, repository) ?? false);
    }
  }

  #take(one: RpmPackage, repository: PoolRepository, excluded: boolean): void {
    const id = this.packages.push(one) - 1;
    const installed = repository.installed === true;
    this.#repositoryOf.push(repository);
    this.#ids.set(one, id);
    this.#isInstalled.push(installed);
    if (installed) this.installed.push(id);
    if (excluded) this.#excluded.add(id);
    // Source packages provide nothing; what cannot be installed is as good as not there.
    if (isSource(one) || (!installed && !this.installable(id) && !(excluded && this.seeExcluded))) return;
    append(this.#byName, one.name, id);
    append(this.#byProvide, one.name, id);
    for (const { name } of one.dependencies("provides")) append(this.#byProvide, name, id);
  }

  /** One more than the highest number. */
  get size(): number {
    return this.packages.length;
  }

  package(id: Id): RpmPackage {
    const one = this.packages[id];
    if (one === undefined) throw new Error(`no package ${id}`);
    return one;
  }

  idOf(one: RpmPackage): Id {
    const id = this.#ids.get(one);
    if (id === undefined) throw new Error(`${one.name} is not in the pool`);
    return id;
  }

  repositoryOf(id: Id): PoolRepository {
    return this.#repositoryOf[id]!;
  }

  isInstalled(id: Id): boolean {
    return this.#isInstalled[id]!;
  }

  isExcluded(id: Id): boolean {
    return this.#excluded.has(id);
  }

  installable(id: Id): boolean {
    return !this.#excluded.has(id) && this.architectures.runs(this.package(id).architecture) && !isSource(this.package(id));
  }

  name(id: Id): string {
    return this.packages[id]!.name;
  }

  score(id: Id): number {
    return this.architectures.score(this.package(id).architecture);
  }

  priority(id: Id): number {
    return this.#repositoryOf[id]!.priority;
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
    return this.#byName.get(name) ?? noIds;
  }

  names(): Iterable<string> {
    return this.#byName.keys();
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
    const named = this.#byProvide.get(wanted.name) ?? noIds;
    const found = wanted.operator === undefined ? named : named.filter((id) => this.#provides(id, wanted));
    if (!wanted.name.startsWith("/") || wanted.operator !== undefined) return found;
    return merged(found, this.#withFile(wanted.name));
  }

  #provides(id: Id, wanted: RpmDependency): boolean {
    const one = this.package(id);
    if (one.name === wanted.name && this.matchesName(id, wanted)) return true;
    return one.dependencies("provides").some((provide) => provide.name === wanted.name && rangesOverlap(provide, wanted));
  }

  #withFile(path: string): Id[] {
    const found: Id[] = [];
    for (const repository of this.repositories) {
      const having = repository.packagesWithFile?.(path) ?? repository.packages.filter((one) => one.hasFile(path));
      for (const one of having) {
        const id = this.idOf(one);
        if (this.isInstalled(id) || this.installable(id)) found.push(id);
      }
    }
    return found.sort((a, b) => a - b);
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

function append(lists: Map<string, Id[]>, key: string, id: Id): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [id]);
  else if (list.at(-1) !== id) list.push(id);
}

/** Both are in order, and so is the outcome. */
function merged(a: readonly Id[], b: readonly Id[]): readonly Id[] {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  return [...new Set([...a, ...b])].sort((x, y) => x - y);
}
