// SPDX-License-Identifier: Apache-2.0
/** RPM packages upon a base: what has to come (rpmostree-core.cxx, `rpmostree_context_prepare` of a client layer). */
import type { ProgressListener } from "../../base/index.ts";
import type { Variant } from "../../formats/index.ts";
import type { Checksum } from "../../ostree/index.ts";
import {
  type AvailableRpm,
  loadRepomd,
  packageOfHeader,
  type PackageId,
  readRpmDatabase,
  resolveRpms,
  type RpmHeader,
  type RpmPackage,
  RpmPackageSet,
  type RpmSolution,
} from "../../packages/index.ts";
import { withRpmDatabase } from "../diff/tree-packages.ts";
import { composeError } from "../errors.ts";
import { importPackages } from "../packages/cache.ts";
import { importIdentity } from "../rpm/import.ts";
import { packageListValue, repositoryEntry } from "../rpm/metadata.ts";
import { nevraOf, readImportedRpm, type TreeRpm } from "../rpm/package.ts";
import { rpmImport, sumOf } from "../rpm/rpm-format.ts";
import { layRpms } from "./lay-rpms.ts";
import { findLocalPackage, layerImport } from "./local-packages.ts";
import type { LayerChoice, LayerInstaller, LayerOptions } from "./model.ts";
import { type RemoteOverrides, remoteOverrides, replacedFrom, withRepository } from "./remote.ts";

/** A package of the base. */
export interface BaseRpm {
  readonly header: RpmHeader;
  readonly package: RpmPackage;
}

interface LocalRpm {
  readonly commit: Checksum;
  readonly tree: TreeRpm;
  readonly package: RpmPackage;
}

export async function chooseRpmLayers(options: LayerOptions, progress: ProgressListener): Promise<LayerChoice> {
  const { repo, remove } = options;
  const base = readBase(options);
  const locals = [...options.local, ...options.fileOverride, ...options.replace].map((one): LocalRpm => {
    const commit = findLocalPackage(repo, one);
    const tree = readImportedRpm(repo, commit);
    return { commit, tree, package: packageOfHeader(tree.head.header) };
  });
  const replacing = locals.slice(locals.length - options.replace.length);
  const names = new Set([...remove, ...replacing.map(({ package: { name } }) => name)]);
  for (const name of names) requireInBase(name, base);
  const remote = remoteOverrides(options, (name) => base.some((one) => one.package.name === name));
  const mayLeave = base.filter(({ package: { name } }) => names.has(name) || remote.active.has(name));
  const keeping = base.filter((one) => !mayLeave.includes(one));
  const wanted = options.packages.map((request) => ({ request, by: providerOf(request, keeping) }));
  const set = await loadSet(options, locals.length > 0 || remote.active.size > 0, progress);
  const solution = await resolveRpms(set, {
    install: wanted.filter(({ by }) => by === undefined).map(({ request }) => request),
    installed: base.map((one) => one.package),
    keep: keeping.map((one) => one.package),
    drop: mayLeave.map((one) => one.package),
    takeFrom: replacedFrom(remote),
    local: locals.map((one) => one.package),
    userInstalled: base.map((one) => nevraOf(one.package)),
    recommends: options.recommends ?? true,
    architecture: options.basearch,
    allowErasing: false,
  });
  const { coming, leaving } = withoutSame(comingOf(solution), mayLeave, remote);
  const staying = base.filter((one) => !leaving.includes(one));
  const isLocal = (one: RpmPackage) => locals.some((local) => local.package === one);
  const available = coming.filter((one) => !isLocal(one)) as AvailableRpm[];
  const replacement = (one: RpmPackage) => leaving.find((old) => old.package.name === one.name);
  return {
    added: coming.filter((one) => replacement(one) === undefined).map(idOf),
    removed: leaving.filter(({ package: { name } }) => remove.includes(name)).map((one) => idOf(one.package)),
    replaced: coming.flatMap((one) => {
      const old = replacement(one);
      return old === undefined ? [] : [withRepository({ from: idOf(old.package), to: idOf(one) }, remote)];
    }),
    present: wanted.flatMap(({ request, by }) => (by === undefined ? [] : [{ request, by: idOf(by) }])),
    inactive: remote.inactive,
    identities: [
      ...available.map((one) => `${one.nevra} ${importIdentity({ ...layerImport, checksum: sumOf(one) })}`),
      ...locals.map((one) => `${nevraOf(one.package)} ${one.commit}`),
    ],
    metadata: new Map<string, Variant>([
      [
        "rpmostree.rpmdb.pkglist",
        { type: "a(sssss)", value: packageListValue([...staying.map((one) => one.package), ...coming]) },
      ],
      ["rpmostree.rpmmd-repos", { type: "aa{sv}", value: set.repositories.map(({ info }) => repositoryEntry(info)) }],
    ]),
    import: (listener) => importAll(options, { available, locals, leaving, staying }, listener),
  };
}

function idOf({ name, version, architecture }: PackageId): PackageId {
  return { name, version, architecture };
}

function readBase({ repo, base }: LayerOptions): BaseRpm[] {
  const commit = repo.loadCommit(base);
  const headers = withRpmDatabase(repo, commit, (directory) => [...readRpmDatabase(directory)]);
  if (headers === undefined) throw composeError("bad-tree", `commit ${base} has no database of rpm`);
  return headers.map((header) => ({ header, package: packageOfHeader(header) }));
}

function requireInBase(name: string, base: readonly BaseRpm[]): void {
  if (base.some((one) => one.package.name === name)) return;
  throw composeError("missing-layer", `Package "${name}" is not part of the base`, {
    hint: "atomic host db list  tells what is",
  });
}

/** The base package that meets a request already: by its name or NEVRA, or by what it provides. */
function providerOf(request: string, base: readonly BaseRpm[]): RpmPackage | undefined {
  return base.find(({ package: one }) => {
    const { name, version, architecture } = one;
    const forms = [name, `${name}.${architecture}`, `${name}-${version}`, `${name}-${version}.${architecture}`];
    return forms.includes(request) || one.dependencies("provides").some((provide) => provide.name === request);
  })?.package;
}

/** What the repository has in the very version of the base stays as it is (`rpmostree_context_prepare` passes reinstalls over). */
function withoutSame(coming: readonly RpmPackage[], leaving: readonly BaseRpm[], { active }: RemoteOverrides) {
  const isSame = (one: RpmPackage, other: RpmPackage) => active.has(one.name) && nevraOf(one) === nevraOf(other);
  return {
    coming: coming.filter((one) => !leaving.some((old) => isSame(one, old.package))),
    leaving: leaving.filter((old) => !coming.some((one) => isSame(one, old.package))),
  };
}

async function loadSet(
  { repositories, cacheDir, offline = false, packages }: LayerOptions,
  /** Packages without a wish for one come from somewhere, and may need others. */
  others: boolean,
  progress: ProgressListener,
): Promise<RpmPackageSet> {
  const sources = repositories.format === "rpm" && (packages.length > 0 || others) ? repositories.sources : [];
  if (sources.length === 0) return new RpmPackageSet([]);
  return loadRepomd(sources, cacheDir, { offline }, progress);
}

/** All that a solution brings; the base is locked, so that nothing else of it can change. */
function comingOf({ install, update, downgrade }: RpmSolution): RpmPackage[] {
  return [...install, ...update.map(({ to }) => to), ...downgrade.map(({ to }) => to)].map((one) => one.package);
}

interface Chosen {
  readonly available: readonly AvailableRpm[];
  readonly locals: readonly LocalRpm[];
  readonly leaving: readonly BaseRpm[];
  readonly staying: readonly BaseRpm[];
}

async function importAll(
  options: LayerOptions,
  { available, locals, leaving, staying }: Chosen,
  progress: ProgressListener,
): Promise<LayerInstaller> {
  const { repo, fileOverride } = options;
  const commits = await importPackages(repo, available, await rpmImport(options, layerImport, available), progress);
  const packages = [...locals.map((one) => one.tree), ...commits.map((commit) => readImportedRpm(repo, commit))];
  const wins = new Set(fileOverride.map(({ nevra }) => nevra));
  return {
    kernel: packages.some(({ files }) => files.some((path) => /^\/(usr\/)?lib\/modules\/|^\/boot\//.test(path))),
    install: (workspace, tree, base, listener) =>
      layRpms(workspace, tree, base, { packages, leaving, staying, wins, basearch: options.basearch }, listener),
  };
}
