// SPDX-License-Identifier: Apache-2.0
/** What Debian's relationships mean (Policy chapter 7, deb-control(5), "Multi-Arch" in dpkg), for the solver. */
import type { DebPackage, PackageSet, RelationField } from "../apt/package-set.ts";
import type { Exclusion, Requirement, Universe } from "../solver/model.ts";
import type { PackageLocks } from "../model.ts";
import { keepsTo } from "./locks.ts";
import { type Relation, type RelationGroup, satisfiesVersion } from "./relation.ts";

/** What the solver's causes and reasons carry of the Debian side. */
export type DebLabel =
  | { readonly kind: "asked"; readonly text: string }
  | { readonly kind: "essential" }
  | { readonly kind: "installed" }
  | { readonly kind: "excluded" }
  | { readonly kind: "relation"; readonly field: RelationField; readonly group: RelationGroup };

// In the order of apt's cache (debListParser::NewVersion), in which its MarkInstall goes through them.
const needs = ["Pre-Depends", "Depends", "Recommends"] as const;
const excludes = ["Conflicts", "Breaks"] as const;

/** Packages that are there already. */
export interface Standing {
  has(one: DebPackage): boolean;
  /** Whether they met a dependency of one of them before anything was asked for. */
  meets(group: RelationGroup): boolean;
}

export class DebUniverse implements Universe<DebPackage, DebLabel> {
  readonly set: PackageSet;
  /** Versions that were asked for by name, in place of the candidates. */
  readonly #chosen = new Map<string, DebPackage>();
  readonly #recommends: boolean;
  readonly #mentions = new Map<string, number>();
  readonly #locks: PackageLocks | undefined;
  readonly #locked = new Map<string, DebPackage | undefined>();
  readonly #standing: Standing | undefined;

  constructor(set: PackageSet, recommends: boolean, locks?: PackageLocks, standing?: Standing) {
    this.set = set;
    this.#recommends = recommends;
    this.#locks = locks;
    this.#standing = standing;
  }

  /** Makes `chosen` the only version of its name that is considered, as `apt-get install name=version` does. */
  choose(chosen: DebPackage): void {
    this.#chosen.set(chosen.name, chosen);
  }

  /** The one version of a package that is considered. */
  candidate(name: string): DebPackage | undefined {
    return this.#chosen.get(name) ?? (this.#locks ? this.#lockedCandidate(name) : this.set.candidate(name));
  }

  /** The versions that may be chosen, the best first. */
  versions(name: string): DebPackage[] {
    return this.set.versions(name).filter((one) => !this.#locks || keepsTo(this.#locks, one));
  }

  #lockedCandidate(name: string): DebPackage | undefined {
    if (!this.#locked.has(name)) {
      const lock = this.#locks?.packages.get(name);
      const free = lock === undefined && this.#locks?.strict !== true;
      this.#locked.set(name, free ? this.set.candidate(name) : this.versions(name)[0]);
    }
    return this.#locked.get(name);
  }

  /** The candidates that provide `name`, besides a package of that name. */
  providers(name: string): DebPackage[] {
    return this.set.providers(name).filter((one) => this.candidate(one.name) === one);
  }

  requirements(one: DebPackage): Requirement<DebPackage, DebLabel>[] {
    const standing = this.#standing?.has(one) === true ? this.#standing : undefined;
    return needs.flatMap((field) => {
      const weak = field === "Recommends";
      if (weak && (!this.#recommends || standing !== undefined)) return [];
      const groups = one.relations(field).filter((group) => standing?.meets(group) !== false);
      return groups.map((group) => ({
        candidates: this.candidates(group),
        preferred: () => this.#preferred(group),
        weak,
        label: { kind: "relation" as const, field, group },
      }));
    });
  }

  exclusions(one: DebPackage): Exclusion<DebPackage, DebLabel>[] {
    return excludes.flatMap((field) =>
      one.relations(field).map((group) => ({
        // A package may conflict with what it provides itself: then it is the only one of its kind (Policy 7.4).
        others: this.candidates(group).filter((other) => other.name !== one.name),
        label: { kind: "relation" as const, field, group },
      })),
    );
  }

  /** All packages that fulfil one of the alternatives. */
  candidates(group: RelationGroup): DebPackage[] {
    const found = group.flatMap((relation) => [...this.#real(relation), ...this.#providing(relation)]);
    return found.length < 2 ? found : [...new Set(found)];
  }

  /** The same as apt would try them: alternative by alternative, the package of that name before those that provide it. */
  *#preferred(group: RelationGroup): Generator<DebPackage, void, undefined> {
    for (const relation of group) {
      yield* this.#real(relation);
      yield* this.#providing(relation).sort((a, b) => this.#compareProviders(a, b));
    }
  }

  #real(relation: Relation): DebPackage[] {
    const real = this.candidate(relation.name);
    if (real === undefined || !fitsQualifier(real, relation)) return [];
    return satisfiesVersion(relation, real.version) ? [real] : [];
  }

  #providing(relation: Relation): DebPackage[] {
    return this.providers(relation.name).filter((one) => one.name !== relation.name && provides(one, relation));
  }

  /** apt's CompareProviders, for packages none of which is installed. */
  #compareProviders(a: DebPackage, b: DebPackage): number {
    return (
      Number(b.essential) - Number(a.essential) ||
      Number(b.isProtected) - Number(a.isProtected) ||
      priorityRank(a) - priorityRank(b) ||
      this.#mention(b.name) - this.#mention(a.name)
    );
  }

  #mention(name: string): number {
    let at = this.#mentions.get(name);
    if (at === undefined) this.#mentions.set(name, (at = this.set.firstMention(name)));
    return at;
  }
}

const priorities = ["required", "important", "standard", "optional", "extra"];

function priorityRank(one: DebPackage): number {
  const rank = priorities.indexOf(one.priority);
  return rank < 0 ? priorities.length : rank;
}

/** `:any` is for packages that allow it (Multi-Arch: allowed); an architecture is that of the package, or native for `all`. */
function fitsQualifier(one: DebPackage, { qualifier }: Relation): boolean {
  if (qualifier === undefined || qualifier === "native") return true;
  if (qualifier === "any") return one.multiArch === "allowed";
  return one.architecture === qualifier || one.architecture === "all";
}

/** A relation with a version is only fulfilled by what is provided in a version (Policy 7.5). */
function provides(one: DebPackage, relation: Relation): boolean {
  return one.provides.some((provided) => {
    if (provided.name !== relation.name || !fitsQualifier(one, relation)) return false;
    if (relation.operator === undefined) return true;
    return provided.version !== undefined && satisfiesVersion(relation, provided.version);
  });
}
