// SPDX-License-Identifier: Apache-2.0
/** Runs libsolv's test cases (ext/testcase.c: their format) on our solver. */
import type { RpmDependency, RpmPackage, RpmRelation } from "../../../../src/packages/rpm/model.ts";
import { parseDependency } from "../../../../src/packages/rpm/dependency.ts";
import type { Action, Fixed, Job } from "../../../../src/packages/rpm/solve/job.ts";
import { type Id, Pool, type PoolOptions } from "../../../../src/packages/rpm/solve/pool.ts";
import { recommendations } from "../../../../src/packages/rpm/solve/recommendations.ts";
import { listRepository, type PoolRepository } from "../../../../src/packages/rpm/solve/repository.ts";
import type { Search } from "../../../../src/packages/rpm/solve/search.ts";
import { solveJobs } from "../../../../src/packages/rpm/solve/solve.ts";
import type { SolverOptions } from "../../../../src/packages/rpm/solve/state.ts";
import { transactionOf } from "../../../../src/packages/rpm/solve/transaction.ts";
import { formatEvr, parseEvr } from "../../../../src/packages/rpm/version.ts";

export interface CaseOutcome {
  readonly kinds: readonly string[];
  readonly expected: readonly string[];
  readonly found: readonly string[];
}

type Mutable<One> = { -readonly [Key in keyof One]: One[Key] };

interface Section {
  flags: string[];
  jobs: string[];
  kinds: string[];
  expected: string[];
}

interface Case {
  readonly repositories: Mutable<PoolRepository>[];
  architecture: string | undefined;
  poolFlags: Set<string>;
  readonly disabled: Set<string>;
  readonly sections: Section[];
}

const emptySection = (): Section => ({ flags: [], jobs: [], kinds: [], expected: [] });

export function runCase(text: string): CaseOutcome[] {
  const read = readCase(text);
  const options: PoolOptions = {
    colours: read.poolFlags.has("implicitobsoleteusescolors"),
    obsoletesUseColours: read.poolFlags.has("obsoleteusescolors"),
    seeExcluded: read.poolFlags.has("whatprovideswithdisabled"),
    excluded: (one, repository) => read.disabled.has(`${nevra(one)}@${repository.name}`),
    ...(read.architecture !== undefined && { architecture: read.architecture }),
  };
  return read.sections
    .filter(({ kinds }) => kinds.includes("transaction"))
    .map((section) => {
      const pool = new Pool(read.repositories, options);
      const jobs = section.jobs.map((job) => readJob(pool, job));
      const search = solveJobs(pool, jobs, solverOptions(section.flags));
      const expected = section.expected.filter((line) => !line.startsWith("alternative ")).map(shortProblem);
      return { kinds: section.kinds, expected: [...new Set(expected)].sort(), found: outcome(search, section).sort() };
    });
}

/** Problems are numbered by hashes of libsolv's own: only that there is one counts. */
function shortProblem(line: string): string {
  return line.startsWith("problem ") ? "problem" : line;
}

function readCase(text: string): Case {
  const read: Case = {
    repositories: [],
    architecture: undefined,
    poolFlags: new Set(),
    disabled: new Set(),
    sections: [emptySection()],
  };
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const [word, ...rest] = lines[at]!.trim().split(/\s+/);
    const inline: string[] = [];
    if (rest.at(-1) === "<inline>") while (lines[at + 1]?.startsWith("#>")) inline.push(lines[++at]!.slice(2));
    const section = read.sections.at(-1)!;
    if (word === "repo") {
      const [priority = "0", subpriority = "0"] = rest[1]!.split(".");
      const about = { name: rest[0]!, priority: Number(priority), subpriority: Number(subpriority) };
      read.repositories.push(listRepository(about, readTags(inline)));
    } else if (word === "system") {
      read.architecture = rest[0] === "unset" ? undefined : rest[0];
      for (const repository of read.repositories) repository.installed = repository.name === rest[2];
    } else if (word === "poolflags") read.poolFlags = flags(rest, read.poolFlags);
    else if (word === "solverflags") section.flags.push(...rest.flatMap((one) => one.split(",")));
    else if (word === "disable") read.disabled.add(rest[1]!);
    else if (word === "job") section.jobs.push(rest.join(" "));
    else if (word === "nextjob") read.sections.push(emptySection());
    else if (word === "result") {
      section.kinds.push(...rest[0]!.split(","));
      section.expected.push(...inline.filter((line) => line !== ""));
    }
  }
  return read;
}

function flags(words: readonly string[], before: ReadonlySet<string>): Set<string> {
  const found = new Set(before);
  for (const word of words.flatMap((one) => one.split(","))) {
    if (word.startsWith("!")) found.delete(word.slice(1));
    else found.add(word);
  }
  return found;
}

const relationTags: Readonly<Record<string, RpmRelation>> = {
  Req: "requires",
  Prq: "requires",
  Prv: "provides",
  Con: "conflicts",
  Obs: "obsoletes",
  Rec: "recommends",
  Sug: "suggests",
  Sup: "supplements",
  Enh: "enhances",
};

function readTags(lines: readonly string[]): RpmPackage[] {
  const packages: RpmPackage[] = [];
  let relations = new Map<RpmRelation, RpmDependency[]>();
  let files = new Set<string>();
  for (const line of lines) {
    const [, tag, value = ""] = /^=(\w+):\s*(.*)$/.exec(line) ?? [];
    if (tag === "Pkg") {
      relations = new Map();
      files = new Set();
      packages.push(makePackage(value, relations, files));
    } else if (tag === "Vnd") (packages.at(-1) as Mutable<RpmPackage>).vendor = value;
    else if (tag === "Tim") (packages.at(-1) as Mutable<RpmPackage>).buildTime = Number(value);
    else if (tag === "Fls") files.add(value);
    else if (tag !== undefined && relationTags[tag]) {
      const relation = relationTags[tag];
      relations.set(relation, [...(relations.get(relation) ?? []), dependency(value)]);
    }
  }
  return packages;
}

function makePackage(text: string, relations: Map<RpmRelation, RpmDependency[]>, files: Set<string>): RpmPackage {
  const [name = "", version = "", release = "", architecture = ""] = text.split(" ");
  const evr = parseEvr(release === "-" ? version : `${version}-${release}`);
  const found = { name, architecture, evr, version: formatEvr(evr), vendor: "", buildTime: 0, installedSize: 0 };
  return {
    ...found,
    dependencies: (relation) => relations.get(relation) ?? [],
    hasFile: (path) => files.has(path),
  };
}

/** testcase_dep2str's spelling of rich dependencies as RPM's, or RPM's own. */
function dependency(text: string): RpmDependency {
  const own = !/ [&|+-] |<(IF|UNLESS|ELSE)>/.test(text);
  if (own) return text.startsWith("(") ? { name: text } : parseDependency(text);
  const words = text
    .replaceAll(/\((?=[^()]*<ELSE>)([^()]*)\)/g, "$1")
    .replaceAll(" & ", " and ")
    .replaceAll(" | ", " or ")
    .replaceAll(" + ", " with ")
    .replaceAll(" - ", " without ")
    .replaceAll(/<(IF|UNLESS|ELSE)>/g, (_, word: string) => word.toLowerCase());
  return { name: `(${words})` };
}

function nevra(one: RpmPackage): string {
  return `${one.name}-${formatEvr(one.evr)}.${one.architecture}`;
}

function label(pool: Pool, id: Id): string {
  return `${pool.nevra(id)}@${pool.repositoryOf(id).name}`;
}

const fixedFlags: Readonly<Record<string, Fixed>> = {
  setname: "name",
  setarch: "architecture",
  setvendor: "vendor",
  setrepo: "repository",
  setevr: "evr",
  setev: "version",
};

function readJob(pool: Pool, text: string): Job {
  const [, body = "", options = ""] = /^(.*?)(?:\s*\[([^\]]*)\])?$/.exec(text)!;
  const [action = "", kind = "", ...rest] = body.split(" ");
  const set = new Set(options.split(",").filter((one) => one !== ""));
  const fixed = new Set([...set].map((one) => fixedFlags[one]).filter((one) => one !== undefined));
  const job: Mutable<Job> & { fixed: Set<Fixed> } = { action: action as Action, packages: [], text, fixed };
  const all = Array.from({ length: pool.size - 2 }, (_, at) => at + 2);
  if (kind === "all") Object.assign(job, { scope: "all", packages: all });
  else if (kind === "repo") {
    Object.assign(job, { scope: "repository", packages: all.filter((id) => pool.repositoryOf(id).name === rest[0]) });
  } else if (kind === "pkg" || kind === "oneof") {
    job.packages = rest.map((one) => all.find((id) => label(pool, id) === one)!);
    if (kind === "pkg") job.exact = true;
    else job.optional = true;
    if (kind === "pkg" && !set.has("noautoset")) {
      for (const one of ["name", "architecture", "vendor", "repository", "evr"] as const) fixed.add(one);
    }
  } else {
    const asked = dependency(rest.join(" "));
    job.packages =
      kind === "name"
        ? pool.named(asked.name).filter((id) => pool.matchesName(id, asked))
        : pool.providers(pool.table.of(asked));
    if (kind === "name" && !set.has("noautoset")) {
      fixed.add("name");
      if (asked.operator === "=") fixed.add(asked.evr!.release === undefined ? "version" : "evr");
    }
  }
  if (set.has("forcebest")) job.best = true;
  if (set.has("cleandeps")) job.cleanDependencies = true;
  if (set.has("targeted")) job.targeted = true;
  if (set.has("weak")) job.weak = true;
  return job;
}

function solverOptions(words: readonly string[]): SolverOptions {
  const set = flags(words, new Set());
  const denied = new Set<"downgrade" | "architecture" | "vendor">();
  if (words.includes("!dupallowdowngrade")) denied.add("downgrade");
  if (words.includes("!dupallowarchchange")) denied.add("architecture");
  if (words.includes("!dupallowvendorchange")) denied.add("vendor");
  const focus = (["installed", "new", "best"] as const).find((one) => set.has(`focus${one}`));
  return {
    ignoreRecommended: set.has("ignorerecommended"),
    strongRecommends: set.has("strongrecommends"),
    addAlreadyRecommended: set.has("addalreadyrecommended"),
    allowUninstall: set.has("allowuninstall"),
    allowDowngrade: set.has("allowdowngrade"),
    allowArchitectureChange: set.has("allowarchchange"),
    allowVendorChange: set.has("allowvendorchange"),
    keepOrphans: set.has("keeporphans"),
    breakOrphans: set.has("breakorphans"),
    bestObeysPolicy: set.has("bestobeypolicy"),
    yumObsoletes: set.has("yumobsoletes"),
    strictRepositoryPriority: set.has("strictrepopriority"),
    keepExplicitObsoletes: set.has("keepexplicitobsoletes"),
    kernelAndLocaleOrder: set.has("urpmreorder"),
    distupgradeDenies: denied,
    ...(focus && { focus }),
  };
}

function outcome(search: Search, { kinds }: Section): string[] {
  const { pool } = search.state;
  const { install, upgrade, downgrade, change, erase } = transactionOf(search);
  const pairs = (verb: string, map: Iterable<[Id, Id | undefined]>) =>
    [...map].map(([id, by]) => `${verb} ${label(pool, id)}${by === undefined ? "" : ` ${label(pool, by)}`}`);
  const { recommended, suggested } = recommendations(search);
  const wanted = (verb: string, ids: readonly Id[]) => ids.map((id) => `${verb} ${label(pool, id)}`);
  return [
    ...wanted("install", install),
    ...pairs("upgrade", upgrade),
    ...pairs("downgrade", downgrade),
    ...pairs(
      "reinstall",
      [...change].filter(([id, by]) => pool.identical(id, by)),
    ),
    ...pairs(
      "change",
      [...change].filter(([id, by]) => !pool.identical(id, by)),
    ),
    ...pairs("erase", erase),
    ...(search.problems.length > 0 ? ["problem"] : []),
    ...(kinds.includes("recommended")
      ? [...wanted("recommended", recommended), ...wanted("suggested", suggested)]
      : []),
    ...(kinds.includes("cleandeps") ? wanted("cleandeps", search.cleaned()) : []),
  ];
}
