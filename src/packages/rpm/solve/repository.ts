// SPDX-License-Identifier: Apache-2.0
/** Where the solver has packages from: by number, in the order of the repository, with the lookups that it needs. */
import type { RpmPackageSet } from "../../repomd/package-set.ts";
import type { RpmPackage, RpmRelation } from "../model.ts";

export interface PoolRepository {
  readonly name: string;
  /** Higher is better: the negative of what .repo files and dnf call priority. */
  readonly priority: number;
  /** Decides among equals; higher is better: the negative of what they call cost. */
  readonly subpriority?: number;
  /** The packages are those of the system that is to be changed. */
  readonly installed?: boolean;
  readonly count: number;
  package(number: number): RpmPackage;
  named(name: string): readonly number[];
  /** Who has a `Provides` of this name, whatever the version. */
  providing(name: string): readonly number[];
  /** Who has an `Obsoletes` of this name, whatever the version. */
  obsoleting(name: string): readonly number[];
  withFile(path: string): readonly number[];
  having(relation: RpmRelation): Iterable<number>;
  names(): Iterable<string>;
}

/** The repositories of a set, one for each. */
export function repositoriesOf(set: RpmPackageSet): PoolRepository[] {
  let start = 0;
  return set.repositories.map((repository) => {
    const first = start;
    start += repository.count;
    return {
      name: repository.id,
      priority: -repository.priority,
      subpriority: -repository.cost,
      count: repository.count,
      package: (number) => set.at(first + number),
      named: (name) => repository.named(name),
      providing: (name) => repository.providing(name),
      obsoleting: (name) => repository.obsoleting(name),
      withFile: (path) => repository.withFile(path),
      having: (relation) => repository.withRelation(relation),
      names: () => repository.names(),
    };
  });
}

/** A repository of packages that are at hand, as installed ones are. */
export function listRepository(
  about: Pick<PoolRepository, "name" | "priority" | "subpriority" | "installed">,
  packages: readonly RpmPackage[],
): PoolRepository {
  const names = new Map<string, number[]>();
  const provides = new Map<string, number[]>();
  const obsoletes = new Map<string, number[]>();
  for (const [number, one] of packages.entries()) {
    append(names, one.name, number);
    for (const { name } of one.dependencies("provides")) append(provides, name, number);
    for (const { name } of one.dependencies("obsoletes")) append(obsoletes, name, number);
  }
  const numbers = (fits: (one: RpmPackage) => boolean) =>
    packages.flatMap((one, number) => (fits(one) ? [number] : []));
  return {
    ...about,
    count: packages.length,
    package: (number) => packages[number]!,
    named: (name) => names.get(name) ?? [],
    providing: (name) => provides.get(name) ?? [],
    obsoleting: (name) => obsoletes.get(name) ?? [],
    withFile: (path) => numbers((one) => one.hasFile(path)),
    having: (relation) => numbers((one) => one.dependencies(relation).length > 0),
    names: () => names.keys(),
  };
}

function append(lists: Map<string, number[]>, key: string, number: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [number]);
  else if (list.at(-1) !== number) list.push(number);
}
