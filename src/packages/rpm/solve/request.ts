// SPDX-License-Identifier: Apache-2.0
/** What can be asked of the solver, and the jobs that dnf makes of it. */
import { closestNames } from "../../../base/index.ts";
import { packageError } from "../../errors.ts";
import type { PackageLocks } from "../../model.ts";
import type { Comps } from "../../repomd/comps.ts";
import type { RpmPackage } from "../model.ts";
import { groupJobs } from "./groups.ts";
import type { Job } from "./job.ts";
import type { Id, Pool } from "./pool.ts";
import { select } from "./spec.ts";
import { replacedInstalled } from "./updates.ts";

export interface RpmRequest {
  /** Packages to install, in the words of `select`, and groups: `@NAME`. */
  readonly install: readonly string[];
  /** Packages to install out of one repository only. */
  readonly fromRepository?: readonly { readonly repository: string; readonly install: readonly string[] }[];
  /** Packages that are not seen: names, globs, NEVRAs. */
  readonly exclude?: readonly string[];
  /** Packages of which only one build is seen: `[EPOCH:]VERSION-RELEASE`. */
  readonly locks?: PackageLocks;
  /** Whether Recommends and Supplements are followed. */
  readonly recommends: boolean;
  /** RPM's name of the machine, as `x86_64`. */
  readonly architecture: string;
  /** The packages of the system that is to be changed; default: it is empty. */
  readonly installed?: readonly RpmPackage[];
  readonly erase?: readonly string[];
  /** Whether other installed packages may go for the request's sake; default: when something is to be erased. */
  readonly allowErasing?: boolean;
  /** Packages to update; an empty list: all. */
  readonly update?: readonly string[];
  readonly distroSync?: boolean;
  /** The newest version or none; default true. */
  readonly best?: boolean;
  /** What a person asked for earlier: it does not go with what nobody needs. */
  readonly userInstalled?: readonly string[];
  /** Installed packages that stay as they are. */
  readonly keep?: readonly RpmPackage[];
  /** Installed packages that go, and nothing with them. */
  readonly drop?: readonly RpmPackage[];
  /** Names of packages of which one of this repository is to be installed, in place of an installed one that goes. */
  readonly takeFrom?: readonly { readonly repository: string; readonly name: string }[];
  /** Packages that no repository has, as files at hand: all are to be installed. */
  readonly local?: readonly RpmPackage[];
}

/** dnf.conf(5), `installonlypkgs`: several versions of these may be installed. */
const installOnly = [
  "kernel",
  "kernel-PAE",
  "installonlypkg(kernel)",
  "installonlypkg(kernel-module)",
  "installonlypkg(vm)",
  "multiversion(kernel)",
];

/** What there is to choose from. */
export interface Choice {
  readonly pool: Pool;
  readonly comps: Comps;
}

/** Whether groups must be loaded for it. */
export function asksForGroups({ install }: RpmRequest): boolean {
  return install.some((text) => text.startsWith("@"));
}

export function jobsOf(choice: Choice, request: RpmRequest): Job[] {
  const { pool } = choice;
  const best = request.best ?? true;
  const jobs: Job[] = request.install.flatMap((text) => installJobs(choice, text, best));
  for (const { repository, install } of request.fromRepository ?? []) {
    const within = (id: Id) => pool.isInstalled(id) || pool.repositoryOf(id).name === repository;
    jobs.push(...install.flatMap((text) => installJobs(choice, text, best, within)));
  }
  for (const { repository, name } of request.takeFrom ?? []) jobs.push(takeJob(pool, repository, name));
  for (const text of request.erase ?? []) jobs.push(...eraseJobs(pool, text));
  jobs.push(...exactJobs(pool, request));
  if (request.update !== undefined) jobs.push(...updateJobs(pool, request.update, best));
  if (request.distroSync) jobs.push({ action: "distupgrade", packages: [], scope: "all", best, text: "all packages" });
  for (const text of request.userInstalled ?? []) {
    jobs.push({ action: "userinstalled", packages: installedFor(pool, text), text });
  }
  const unwanted = decidedAgainst(pool);
  if (unwanted.length > 0)
    jobs.push({ action: "excludefromweak", packages: unwanted, text: "what was not wanted before" });
  for (const name of installOnly) {
    const packages = pool.providers(pool.table.of({ name }));
    if (packages.length > 0) jobs.push({ action: "multiversion", packages, text: name });
  }
  return jobs;
}

function installJobs(
  { pool, comps }: Choice,
  text: string,
  best: boolean,
  accepts: (id: Id) => boolean = () => true,
): Job[] {
  if (text.startsWith("@")) return groupJobs(pool, comps, text, best);
  const found = select(pool, text, true)
    .map((list) => list.filter(accepts))
    .filter((list) => list.length > 0);
  if (found.length === 0) throw unknown(pool, text);
  const fixed = new Set(["architecture", "evr"] as const);
  return found.map((packages) => ({ action: "install" as const, packages, optional: true, best, fixed, text }));
}

/** As rpm-ostree's remote overrides: names alone, and whatever of the repository fits, the newest first. */
function takeJob(pool: Pool, repository: string, name: string): Job {
  const packages = pool.named(name).filter((id) => pool.repositoryOf(id).name === repository);
  if (packages.length === 0)
    throw packageError("unknown", `no package of the repository ${repository} is called ${name}`, {
      hint: "check the spelling, and that the repository is enabled",
    });
  return { action: "install", packages, optional: true, fixed: new Set(["architecture", "evr"]), text: name };
}

/** Jobs about packages themselves, whatever they are called. */
function exactJobs(pool: Pool, { keep = [], drop = [], local = [] }: RpmRequest): Job[] {
  const job = (action: Job["action"], one: RpmPackage): Job => {
    const id = pool.named(one.name).find((each) => pool.package(each) === one);
    const text = `${one.name}-${one.version}.${one.architecture}`;
    if (id === undefined) throw packageError("unsolvable", `${text} is for another architecture, or excluded`);
    return { action, packages: [id], exact: true, text };
  };
  return [
    ...keep.map((one) => job("lock", one)),
    ...drop.map((one) => job("erase", one)),
    ...local.map((one) => job("install", one)),
  ];
}

function unknown(pool: Pool, text: string): Error {
  const hidden = pool.hidden({ name: text }).map((id) => pool.nevra(id));
  if (hidden.length > 0) {
    return packageError("unknown", `no package fits ${text}`, {
      hint: `${hidden.slice(0, 3).join(", ")} would, but it is excluded`,
    });
  }
  const closest = closestNames(pool.names(), text);
  const hint = closest.length > 0 ? `did you mean ${closest.join(", ")}?` : "check the spelling, and the repositories";
  return packageError("unknown", `no package fits ${text}`, { hint });
}

function installedFor(pool: Pool, text: string): Id[] {
  return select(pool, text, false)
    .flat()
    .filter((id) => pool.isInstalled(id));
}

/** dnf's Base.remove: each package by itself, so that no other of its name comes in its place. */
function eraseJobs(pool: Pool, text: string): Job[] {
  const packages = installedFor(pool, text);
  if (packages.length === 0) throw packageError("unknown", `no installed package fits ${text}`);
  return packages.map((id) => ({ action: "erase", packages: [id], exact: true, cleanDependencies: true, text }));
}

/** dnf's Base.upgrade: packages of the names that are meant, and what obsoletes the installed or newer of them, as targets. */
function updateJobs(pool: Pool, texts: readonly string[], best: boolean): Job[] {
  const fixed = new Set(["architecture", "evr"] as const);
  const job = (ids: readonly Id[], text: string): Job => {
    const obsoleters = ids
      .filter((id) => pool.isInstalled(id) || isUpgrade(pool, id))
      .flatMap((id) => pool.obsoletersOf(id))
      .filter((id) => !pool.isInstalled(id));
    const names = new Set([...ids, ...obsoleters].map((id) => pool.name(id)));
    // The installed ones too: else the same version of another build would be taken for an update.
    const installed = pool.installed.filter((id) => names.has(pool.name(id)));
    const packages = [...new Set([...ids, ...obsoleters, ...installed])].sort((a, b) => a - b);
    return { action: "update", packages, targeted: true, optional: true, best, fixed, text };
  };
  if (texts.length === 0) {
    const names = new Set(pool.installed.map((id) => pool.name(id)));
    return [
      job(
        [...names].flatMap((name) => pool.named(name)),
        "all packages",
      ),
    ];
  }
  return texts.map((text) => {
    const found = select(pool, text, false).flat();
    if (found.length === 0) throw unknown(pool, text);
    if (!found.some((id) => pool.isInstalled(id) || replacedInstalled({ pool }, id).length > 0)) {
      throw packageError("unknown", `${text} is not installed`, { hint: "install it instead of updating it" });
    }
    return job(found, text);
  });
}

function isUpgrade(pool: Pool, id: Id): boolean {
  return pool.named(pool.name(id)).some((other) => pool.isInstalled(other) && pool.compareVersions(id, other) > 0);
}

/**
 * What an installed package recommends, and what supplements one, and is not there: somebody did not want it, and an update
 * does not bring it (dnf.conf(5), `exclude_from_weak_autodetect`; libdnf's Goal::exclude_from_weak_autodetect).
 */
function decidedAgainst(pool: Pool): Id[] {
  if (pool.installed.length === 0) return [];
  const found = new Set<Id>();
  for (const id of pool.installed) {
    for (const one of pool.relation(id, "recommends")) {
      // Whatever the version: that of the update may be another one.
      const providers = one.kind === "plain" ? pool.providers(pool.table.of({ name: one.plain.name })) : [];
      if (!providers.some((other) => pool.isInstalled(other))) for (const other of providers) found.add(other);
    }
  }
  const names = new Set(pool.installed.map((id) => pool.name(id)));
  for (const id of pool.having("supplements")) {
    if (names.has(pool.name(id))) continue;
    const plain = pool.relation(id, "supplements").filter(({ kind }) => kind === "plain");
    if (plain.some((one) => pool.providers(one).some((other) => pool.isInstalled(other)))) found.add(id);
  }
  return [...found];
}
