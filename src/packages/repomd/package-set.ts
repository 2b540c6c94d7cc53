// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent, stage } from "../../base/index.ts";
import type { RpmRelation } from "../rpm/model.ts";
import { AvailableRpm } from "./available-rpm.ts";
import { type Comps, mergeComps } from "./comps.ts";
import type { LoadedRepository } from "./loaded-repository.ts";
import type { ModuleStream } from "./modules-file.ts";
import { fitsForm, nevraForms, nevraTest } from "./nevra-pattern.ts";
import type { Advisory } from "./updateinfo.ts";

/** The packages of some repositories, with the lookups that a solver needs. */
export class RpmPackageSet {
  readonly repositories: readonly LoadedRepository[];
  /** Builds of module streams that are on. */
  readonly modules: readonly ModuleStream[];
  /** Packages in all. */
  readonly count: number;
  readonly #starts: number[] = [];
  readonly #packages: (AvailableRpm | undefined)[] = [];

  constructor(repositories: readonly LoadedRepository[], modules: readonly ModuleStream[] = []) {
    this.repositories = repositories;
    this.modules = modules;
    let start = 0;
    for (const { count } of repositories) {
      this.#starts.push(start);
      start += count;
    }
    this.count = start;
    this.#applyFilters();
  }

  /** Names of packages, each once. */
  names(): Set<string> {
    return new Set(this.repositories.flatMap((repository) => [...repository.names()]));
  }

  /** All packages of a name, in the order of the repositories. */
  named(name: string): AvailableRpm[] {
    return this.#select((repository) => repository.named(name));
  }

  /**
   * The packages that may satisfy a dependency on `name`: those that provide the name, in whatever version, and, where
   * it is a path, those that have the file.
   */
  providing(name: string): AvailableRpm[] {
    const providers = this.#select((repository) => repository.providing(name));
    if (!name.startsWith("/")) return providers;
    return [...new Set([...providers, ...this.withFile(name)])].sort((a, b) => a.ordinal - b.ordinal);
  }

  obsoleting(name: string): AvailableRpm[] {
    return this.#select((repository) => repository.obsoleting(name));
  }

  /** The packages that have a file. See `unknownPaths`. */
  withFile(path: string): AvailableRpm[] {
    return this.#select((repository) => repository.withFile(path));
  }

  /** All packages that have a dependency of a kind; `supplements` are what a solver must know of in advance. */
  having(relation: RpmRelation): AvailableRpm[] {
    return this.#select((repository) => [...repository.withRelation(relation)]);
  }

  /** The package at a place in the order of the repositories. */
  at(ordinal: number): AvailableRpm {
    let place = this.#starts.length - 1;
    while (place > 0 && this.#starts[place]! > ordinal) place--;
    const repository = this.repositories[place];
    if (repository === undefined || ordinal >= this.count) throw new Error(`no package ${ordinal}`);
    return this.#package(repository, ordinal - this.#starts[place]!, ordinal);
  }

  all(): AvailableRpm[] {
    return this.#select((repository) => repository.all());
  }

  /** The packages that a pattern such as `kernel*`, `*.i686` or `bash-5.1.8-2.el9` means, as dnf takes it. */
  matching(pattern: string): AvailableRpm[] {
    return bestForm(pattern, this.names(), (name) => this.named(name));
  }

  /**
   * Paths that lookups asked for, and that primary.xml cannot tell of: nobody seemed to have them. When there are some
   * after a search for a solution, it is to be made again after `loadFilelists`.
   */
  get unknownPaths(): readonly string[] {
    return [...new Set(this.repositories.flatMap(({ unknownPaths }) => [...unknownPaths]))];
  }

  /** Loads the lists of all files of the repositories that were asked for paths beyond primary.xml. */
  async loadFilelists(progress: ProgressListener = silent): Promise<void> {
    const asked = this.repositories.filter(({ unknownPaths }) => unknownPaths.size > 0);
    if (asked.length === 0) return;
    await stage(
      progress,
      "packages.filelists",
      `Loading the file lists of ${asked.map(({ id }) => id).join(", ")}`,
      async () => {
        const loading = asked.map((repository) => repository.loadFilelists());
        await Promise.allSettled(loading);
        await Promise.all(loading);
      },
      () => "",
    );
  }

  /** Groups and environments of all repositories. */
  async loadComps(): Promise<Comps> {
    return mergeComps(await Promise.all(this.repositories.map((repository) => repository.loadComps())));
  }

  /** Advisories of all repositories, each once. */
  async loadAdvisories(): Promise<Advisory[]> {
    const all = await Promise.all(this.repositories.map((repository) => repository.loadAdvisories()));
    return [...new Map(all.flat().map((one) => [one.id, one])).values()];
  }

  /**
   * `excludepkgs` and `includepkgs` of each repository. A pattern is held against the packages of all (dnf:
   * Base._setup_excludes_includes), but only those of its repository go.
   */
  #applyFilters(): void {
    const filtered = this.repositories.filter(
      ({ source: { excludes = [], includes = [] } }) => excludes.length + includes.length > 0,
    );
    if (filtered.length === 0) return;
    const names = this.names();
    const matched = filtered.map((repository) => {
      const { excludes = [], includes = [] } = repository.source;
      const [gone, kept] = [excludes, includes].map((patterns) => {
        const packages = patterns.flatMap((pattern) => bestForm(pattern, names, (name) => this.named(name)));
        return new Set(packages.filter((one) => one.repository === repository).map((one) => one.number));
      });
      const others = includes.length === 0 ? [] : repository.all().filter((number) => !kept!.has(number));
      return [repository, [...gone!, ...others]] as const;
    });
    // Afterwards: what one repository leaves out still says what a pattern of another means.
    for (const [repository, numbers] of matched) repository.hide(numbers);
  }

  #select(choose: (repository: LoadedRepository) => readonly number[]): AvailableRpm[] {
    return this.repositories.flatMap((repository, place) =>
      choose(repository).map((number) => this.#package(repository, number, this.#starts[place]! + number)),
    );
  }

  #package(repository: LoadedRepository, number: number, ordinal: number): AvailableRpm {
    return (this.#packages[ordinal] ??= new AvailableRpm(repository, number, ordinal));
  }
}

/** The packages that fit the first form of the pattern that any package fits; of none, those whose whole NEVRA fits. */
function bestForm(
  pattern: string,
  names: ReadonlySet<string>,
  named: (name: string) => readonly AvailableRpm[],
): AvailableRpm[] {
  for (const form of nevraForms(pattern)) {
    const found = [...names]
      .filter((name) => form.name.test(name))
      .flatMap(named)
      .filter((one) => fitsForm(form, one));
    if (found.length > 0) return found;
  }
  return [...names].flatMap(named).filter(nevraTest(pattern));
}
