// SPDX-License-Identifier: Apache-2.0
/** All that one run of the solver knows. The files beside this one each do one thing to it. */
import { Sat } from "../../solver/sat.ts";
import type { Job } from "./job.ts";
import { type Id, type Pool, systemId } from "./pool.ts";
import type { PackageRule } from "./package-rules.ts";
import { Rules } from "./rules.ts";

/** libsolv's solver flags, by their meaning. */
export interface SolverOptions {
  /** Recommends and Supplements are not followed. */
  readonly ignoreRecommended?: boolean;
  /** Recommends must be met unless that is impossible. */
  readonly strongRecommends?: boolean;
  /** Weak dependencies of what is installed already count again. */
  readonly addAlreadyRecommended?: boolean;
  readonly allowUninstall?: boolean;
  readonly allowDowngrade?: boolean;
  readonly allowArchitectureChange?: boolean;
  readonly allowVendorChange?: boolean;
  /** In a distro-sync. */
  readonly distupgradeDenies?: ReadonlySet<"downgrade" | "architecture" | "vendor">;
  /** Installed packages that no repository has stay. */
  readonly keepOrphans?: boolean;
  readonly breakOrphans?: boolean;
  readonly bestObeysPolicy?: boolean;
  /** Of several packages that obsolete one, those of one name are enough (yum). */
  readonly yumObsoletes?: boolean;
  /** Keep what is installed before doing the jobs. */
  readonly focus?: "installed" | "new" | "best";
  readonly strictRepositoryPriority?: boolean;
  readonly keepExplicitObsoletes?: boolean;
  readonly ignoreArchitectureOrder?: boolean;
  readonly updateProvides?: "needed" | "ignored";
  readonly kernelAndLocaleOrder?: boolean;
  readonly installAlsoUpdates?: boolean;
  readonly noAutoTarget?: boolean;
}

/** A range of rules of one purpose. */
export class Section {
  start = 0;
  end = 0;

  has(rule: number): boolean {
    return rule >= this.start && rule < this.end;
  }
}

const sectionNames = [
  "package",
  "feature",
  "update",
  "job",
  "architecture",
  "distupgrade",
  "best",
  "obsoletes",
  "blacklist",
  "recommends",
  "priority",
  "choice",
] as const;
export type SectionName = (typeof sectionNames)[number];

/** Why something was decided that no rule demands. */
export interface Decision {
  readonly kind: "job" | "update" | "keep" | "resolve" | "weak" | "orphan" | "cleandeps";
  /** The rule that asked for a choice. */
  readonly rule?: number;
}

export class State {
  readonly pool: Pool;
  readonly options: SolverOptions;
  readonly jobs: readonly Job[];
  readonly rules = new Rules();
  readonly sections: Readonly<Record<SectionName, Section>>;
  readonly sat = new Sat<number>();
  /** By rule: its clause. */
  readonly clauses: number[] = [];
  readonly decisions = new Map<Id, Decision>();
  /** Made when a person wants to know why. */
  readonly packageRules = new Map<Id, ReadonlyMap<string, PackageRule>>();

  /** Packages that supplement others. */
  readonly supplementing: readonly Id[];
  /** Packages whose rules exist. */
  readonly added: Uint8Array;
  readonly multiversion: Uint8Array;
  readonly weakExcluded: Uint8Array;
  /** By package: above 0 favoured, below 0 disfavoured. */
  readonly favour: Int32Array;
  hasFavour = false;
  hasDisfavour = false;

  /** Of installed packages. */
  updateAll = false;
  readonly update: Uint8Array;
  bestUpdateAll = false;
  readonly bestUpdate: Uint8Array;
  fixAll = false;
  readonly fix: Uint8Array;
  readonly noUpdate: Uint8Array;
  readonly allowUninstall: Uint8Array;
  hasAllowUninstall = false;
  dropOrphansAll = false;
  readonly dropOrphans: Uint8Array;
  /** Of a distro-sync: what may be there afterwards, and what it is about. */
  processOrphans = false;
  distupgrade = false;
  distupgradeAll = false;
  readonly distupgradeGood: Uint8Array;
  readonly distupgradeInvolved: Uint8Array;
  readonly orphans: Id[] = [];
  readonly updateTargets = new Map<Id, Set<Id>>();
  /** Updates of packages of which several versions may be installed. */
  readonly specialUpdaters = new Map<Id, readonly Id[]>();
  /** Packages of other names that obsolete an installed one. */
  readonly obsoleters = new Map<Id, readonly Id[]>();
  /** By rule of a job: its place among the jobs. */
  readonly jobOf = new Map<number, number>();
  /** By best rule: the installed package it is about, or the negative of the job's rule. */
  readonly bestInfo = new Map<number, number>();
  /** By choice rule: the rule it narrows. */
  readonly choiceInfo = new Map<number, number>();
  /** Policy rules that are out because of what is asked for. */
  readonly givenWay = new Set<number>();
  readonly recommendsRules = new Set<number>();
  readonly features = new Map<Id, number>();
  readonly brokenOrphanRules: number[] = [];

  cleanDependencies = false;
  readonly clean: Uint8Array;
  readonly cleanUpdates = new Set<Id>();
  readonly cleanMistakes = new Set<Id>();
  /** The installed packages may be replaced still: they are not kept before the jobs are done. */
  beforeInstalled = false;

  constructor(pool: Pool, jobs: readonly Job[], options: SolverOptions) {
    this.pool = pool;
    this.jobs = jobs;
    this.options = options;
    this.sections = Object.fromEntries(sectionNames.map((name) => [name, new Section()])) as Record<
      SectionName,
      Section
    >;
    this.supplementing = pool.having("supplements").filter((id) => pool.installable(id));
    const map = () => new Uint8Array(pool.size);
    this.added = map();
    this.added[systemId] = 1;
    this.multiversion = map();
    this.weakExcluded = map();
    this.favour = new Int32Array(pool.size);
    this.update = map();
    this.bestUpdate = map();
    this.fix = map();
    this.noUpdate = map();
    this.allowUninstall = map();
    this.dropOrphans = map();
    this.distupgradeGood = map();
    this.distupgradeInvolved = map();
    this.clean = map();
    for (let id = 0; id < pool.size; id++) this.sat.newVariable();
  }

  /** Runs `make` and remembers which rules it made. */
  section(name: SectionName, make: () => unknown): void {
    this.sections[name].start = this.rules.count;
    make();
    this.sections[name].end = this.rules.count;
  }

  /** Of the packages whose rules exist, the first of each name. */
  *addedNames(): IterableIterator<Id> {
    const seen = new Set<string>();
    for (let id = systemId + 1; id < this.pool.size; id++) {
      const name = this.added[id] === 0 ? undefined : this.pool.name(id);
      if (name === undefined || seen.has(name)) continue;
      seen.add(name);
      yield id;
    }
  }

  wantsUpdate(id: Id): boolean {
    return this.updateAll || this.update[id] === 1;
  }

  isDistupgraded(id: Id): boolean {
    return this.distupgradeAll || this.distupgradeInvolved[id] === 1;
  }

  dropsOrphan(id: Id): boolean {
    return this.dropOrphansAll || this.dropOrphans[id] === 1;
  }

  isMulti(id: Id): boolean {
    return this.multiversion[id] === 1;
  }

  mayUninstall(id: Id): boolean {
    return this.options.allowUninstall === true || this.allowUninstall[id] === 1;
  }

  /** The rule that says which updates an installed package may have; it may be empty. */
  updateRule(id: Id): number {
    return this.sections.update.start + id - this.pool.installed[0]!;
  }

  /** The rule that allows every update, where it says another thing than the update rule; else 0. */
  featureRule(id: Id): number {
    return this.features.get(id) ?? 0;
  }

  /** The literals of the rule that allows most, of those that count for an installed package. */
  widestUpdate(id: Id): number {
    return this.featureRule(id) === 0 ? this.updateRule(id) : this.featureRule(id);
  }

  setOut(rule: number, out: boolean): void {
    this.rules.out[rule] = out;
    const clause = this.clauses[rule];
    if (clause !== undefined) this.sat.setEnabled(clause, !out);
  }
}
