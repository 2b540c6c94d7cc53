// SPDX-License-Identifier: Apache-2.0
/** Debian packages upon a base: what has to come, and how it is unpacked and configured there. */
import type { ProgressListener } from "../../base/index.ts";
import { stage } from "../../base/index.ts";
import { Stanza } from "../../formats/index.ts";
import type { Variant } from "../../formats/index.ts";
import type { Checksum, DirNode } from "../../ostree/index.ts";
import {
  type DebPackage,
  type IndexedSource,
  type InstalledPackage,
  loadApt,
  type PackageId,
  PackageSet,
  readDpkgStatus,
  solveUpon,
  stanzaSource,
} from "../../packages/index.ts";
import { debianArchitecture } from "../architecture.ts";
import { assemble } from "../assemble.ts";
import { debFormat, packageListValue, sourceEntry } from "../deb-format.ts";
import { addToDpkgDatabase, dpkgFileList, removeFromDpkgDatabase, writeDpkgFileList } from "../dpkg-database.ts";
import { epoch } from "../finish.ts";
import { materialize } from "../materialize.ts";
import { applyUpper } from "../overlay.ts";
import { infoNameOf, orderForUnpack, replaces, type TreePackage, treePackage } from "../package.ts";
import { importPackages, readImported } from "../packages/cache.ts";
import { debImport, importVersion } from "../packages/import.ts";
import type { Workspace } from "../sandbox.ts";
import { prepareLower, runMaintainerScripts } from "../scripts.ts";
import { ensureDirectory, lookup, readText, take } from "../tree.ts";
import { dropKernel } from "./drop-kernel.ts";
import { controlOf, findLocalPackage } from "./local-packages.ts";
import type { LayerChoice, LayerInstaller, LayerOptions } from "./model.ts";
import { remoteOverrides, replacedFrom, withRepository } from "./remote.ts";

/** A local file is preferred to what is installed, and that to all repositories (apt_preferences(5)). */
const priorities = { local: 30_000, installed: 20_000 };

interface LocalDeb {
  readonly commit: Checksum;
  readonly sha256: string;
  readonly control: Stanza;
}

/** @param database path of dpkg's in the base's tree */
export async function chooseDebs(
  options: LayerOptions,
  tree: DirNode,
  database: string,
  progress: ProgressListener,
): Promise<LayerChoice> {
  const status = Buffer.from(readText(tree, `${database}/status`) ?? "");
  const installed = readDpkgStatus(status, `${database}/status`).filter(({ state }) => state === "installed");
  const locals = [...options.local, ...options.fileOverride, ...options.replace].map((one) => {
    const commit = findLocalPackage(options.repo, one);
    return { commit, sha256: one.sha256, control: controlOf(options.repo, commit, one.nevra) };
  });
  const localReplaced = locals
    .slice(locals.length - options.replace.length)
    .map(({ control }) => control.get("Package") ?? "");
  const sources = {
    installed: stanzaSource(
      installed.map(({ fields }) => fields),
      "installed",
      priorities.installed,
    ),
    local: stanzaSource(locals.map(withDigest), "local", priorities.local),
  };
  const remote = remoteOverrides(options, (name) => installed.some((one) => one.name === name));
  const set = await loadSet(options, sources, remote.active.size > 0, progress);
  const solution = solveUpon(set, {
    install: options.packages,
    ...sources,
    removed: options.remove,
    replaced: localReplaced,
    takeFrom: replacedFrom(remote),
    recommends: options.recommends ?? true,
  });
  const added = solution.added.map((one) => one.package);
  const isReplaced = ({ name }: PackageId) => localReplaced.includes(name) || remote.active.has(name);
  const replaced = added.filter(isReplaced);
  const gone = new Map(installed.map((one) => [one.name, one]));
  const goes = (name: string) => gone.get(name)!;
  const leaving = [...options.remove, ...replaced.map(({ name }) => name)].map(goes);
  return {
    added: added.filter((one) => !isReplaced(one)).map(idOf),
    removed: options.remove.map((name) => idOf(goes(name))),
    replaced: replaced.map((one) => withRepository({ from: idOf(goes(one.name)), to: idOf(one) }, remote)),
    present: solution.present.map(({ request, by }) => ({ request, by: idOf(by) })),
    inactive: remote.inactive,
    identities: added.map((one) => `${importVersion} ${one.name} ${one.version} ${one.architecture} ${one.sha256}`),
    metadata: new Map<string, Variant>([
      [
        "atomic.packages",
        {
          type: "a(sss)",
          value: packageListValue([...installed.filter((one) => !leaving.includes(one)), ...added].map(idOf)),
        },
      ],
      [
        "atomic.sources",
        {
          type: "a(sssss)",
          value: [...new Set(set.sources.map(({ info }) => info))].filter(({ date }) => date > 0).map(sourceEntry),
        },
      ],
    ]),
    import: (listener) => importDebs(options, { added, locals, leaving, installed }, listener),
  };
}

function withDigest({ control, sha256 }: LocalDeb): Stanza {
  const fields = [...control.entries()].filter(([name]) => name.toLowerCase() !== "sha256");
  return new Stanza([...fields, ["SHA256", sha256]]);
}

function idOf({ name, version, architecture }: PackageId): PackageId {
  return { name, version, architecture };
}

async function loadSet(
  { repositories, basearch, cacheDir, offline = false, packages }: LayerOptions,
  own: { readonly installed: IndexedSource; readonly local: IndexedSource },
  /** Whether base packages come from a repository. */
  remote: boolean,
  progress: ProgressListener,
): Promise<PackageSet> {
  const first = [own.local, own.installed];
  // Without a wish for packages repositories are only for what local ones need, and perhaps there is no network.
  const asked = remote || packages.length > 0 || own.local.index.count > 0;
  const sources = repositories.format === "deb" && asked ? repositories.sources : [];
  if (sources.length === 0) return new PackageSet(debianArchitecture(basearch), first);
  const set = await loadApt(sources, cacheDir, { offline }, progress);
  return new PackageSet(set.architecture, [...first, ...set.sources]);
}

interface Chosen {
  readonly added: readonly DebPackage[];
  readonly locals: readonly LocalDeb[];
  /** Base packages that go. */
  readonly leaving: readonly InstalledPackage[];
  readonly installed: readonly InstalledPackage[];
}

async function importDebs(
  { repo, cacheDir, offline = false, fileOverride }: LayerOptions,
  { added, locals, leaving, installed }: Chosen,
  progress: ProgressListener,
): Promise<LayerInstaller> {
  const local = new Map(locals.map(({ sha256, commit }) => [sha256, commit]));
  const fromRepositories = added.filter((one) => !local.has(one.sha256));
  const commits = await importPackages(repo, fromRepositories, debImport(cacheDir, offline), progress);
  const commitOf = (one: DebPackage) => local.get(one.sha256) ?? commits[fromRepositories.indexOf(one)]!;
  const packages = added.map((one) => treePackage(readImported(repo, commitOf(one)), one.name));
  const wins = new Set(
    added.filter(({ sha256 }) => fileOverride.some((one) => one.sha256 === sha256)).map(({ name }) => name),
  );
  return {
    kernel: packages.some(({ data }) => ["boot", "lib/modules", "usr/lib/modules"].some((path) => lookup(data, path))),
    install: (workspace, tree, _, listener) =>
      layDebs(
        workspace,
        tree,
        { packages, leaving, wins, stay: installed.filter((one) => !leaving.includes(one)) },
        listener,
      ),
  };
}

interface Laid {
  readonly packages: readonly TreePackage[];
  readonly leaving: readonly InstalledPackage[];
  readonly stay: readonly InstalledPackage[];
  /** Whose files win over those of the base. */
  readonly wins: ReadonlySet<string>;
}

async function layDebs(workspace: Workspace, tree: DirNode, laid: Laid, progress: ProgressListener): Promise<void> {
  const ordered = orderForUnpack(laid.packages);
  const before = new Map(laid.leaving.map(({ name, version }) => [name, version]));
  await stage(progress, "compose.assemble", `Laying out ${ordered.length} packages`, () => {
    removeDebs(tree, laid);
    const { lists } = unpack(tree, ordered, laid);
    addToDpkgDatabase(tree, ordered, lists, before);
    for (const name of ["dev", "proc", "run", "sys", "tmp", "var/tmp"]) ensureDirectory(tree, name);
    materialize(tree, workspace.lower);
    if (ordered.length > 0) prepareLower(workspace);
  });
  if (ordered.length === 0) return;
  const env = { ...debFormat.environment, SOURCE_DATE_EPOCH: epoch };
  await stage(progress, "compose.scripts", "Running maintainer scripts", () =>
    runMaintainerScripts(workspace, ordered, env, progress, before),
  );
  applyUpper(tree, workspace.upper);
}

/** Files that no other package has go; scripts of what is removed are not run, as rpm-ostree runs none. */
function removeDebs(tree: DirNode, { leaving, stay }: Laid): void {
  if (leaving.length === 0) return;
  const kept = new Set(stay.flatMap(({ fields }) => dpkgFileList(tree, infoNameOf(fields))));
  for (const { fields } of leaving) {
    dropKernel(tree, dpkgFileList(tree, infoNameOf(fields)));
    for (const path of dpkgFileList(tree, infoNameOf(fields)).toReversed()) {
      const node = lookup(tree, path);
      if (kept.has(path) || node === undefined || (node.kind === "dir" && node.entries.size > 0)) continue;
      if (path !== "/.") take(tree, path);
    }
  }
  removeFromDpkgDatabase(tree, new Set(leaving.map(({ fields }) => infoNameOf(fields))));
}

function unpack(tree: DirNode, ordered: readonly TreePackage[], { stay, wins }: Laid) {
  const byName = new Map(ordered.map((one) => [one.infoName, one]));
  const present = new Map(stay.map((one) => [infoNameOf(one.fields), one]));
  return assemble(
    ordered.map((one) => ({
      name: one.infoName,
      data: one.data,
      filter: () => false,
      replaces: (other) => wins.has(one.name) || replacesNamed(one, byName.get(other) ?? present.get(other)),
    })),
    {
      tree,
      ownerOf(paths) {
        for (const [name, one] of present) {
          if (!dpkgFileList(tree, name).some((path) => paths.includes(path))) continue;
          return {
            name,
            replaces: (other) => byName.has(other) && replaces(one, byName.get(other)!),
            lose: (lost) =>
              writeDpkgFileList(
                tree,
                name,
                dpkgFileList(tree, name).filter((path) => !lost.includes(path)),
              ),
          };
        }
        return undefined;
      },
    },
  );
}

function replacesNamed(one: TreePackage, other: Pick<TreePackage, "name" | "version"> | undefined): boolean {
  return other !== undefined && replaces(one, other);
}
