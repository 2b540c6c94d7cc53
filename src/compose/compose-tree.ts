// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { lockFile, makeDirectories, type ProgressListener, removeTree, silent, stage } from "../base/index.ts";
import type { Checksum, DirNode, Repo } from "../ostree/index.ts";
import type { DebPackage, PackageId, SourceInfo } from "../packages/index.ts";
import { debianArchitecture } from "./architecture.ts";
import { assemble } from "./assemble.ts";
import { writeTreeCommit } from "./commit.ts";
import { writeDpkgDatabase } from "./dpkg-database.ts";
import { applyTreefile, makeInitramfs } from "./edits.ts";
import { pathFilter } from "./filter.ts";
import { inputHash } from "./input-hash.ts";
import { shapeDeployment } from "./layout/index.ts";
import { kernelVersion } from "./layout/kernel.ts";
import { materialize } from "./materialize.ts";
import { applyUpper } from "./overlay.ts";
import { orderForUnpack, replaces, type TreePackage, treePackage } from "./package.ts";
import { importPackages, openPackageRepo, readImported } from "./packages/cache.ts";
import { incomplete, resolvePackages } from "./resolve.ts";
import { makeWorkspace, requireRoot, type Workspace } from "./sandbox.ts";
import { prepareLower, runMaintainerScripts } from "./scripts.ts";
import { ensureDirectory } from "./tree.ts";
import type { Treefile } from "./treefile/model.ts";
import { nextVersion } from "./version.ts";

export interface ComposeOptions {
  readonly treefile: Treefile;
  readonly repo: Repo;
  /** Repository indices, packages, imported packages and the workspace; made when missing. */
  readonly cacheDir: string;
  /** Compose even if nothing changed. */
  readonly force?: boolean;
  /** Stop when all packages are imported. */
  readonly downloadOnly?: boolean;
  /** Stop when the packages are chosen. */
  readonly dryRun?: boolean;
  /** Use what the cache has; no network. */
  readonly offline?: boolean;
  /** Parent of the commit, or none; default: what the ref is at. */
  readonly parent?: Checksum | "none";
  /** What to compare the input with; default: what the ref is at. */
  readonly previous?: Checksum;
  readonly version?: string;
  readonly metadata?: ReadonlyMap<string, unknown>;
  /** The self-contained `atomic` program for /usr/bin/atomic. */
  readonly executable?: string;
  /** Seconds since 1970; default: the newest Release file's date. */
  readonly timestamp?: number;
  /** Whether the ref moves to the new commit; default true. */
  readonly setRef?: boolean;
  /** Leave the workspace for inspection. */
  readonly keepWorkspace?: boolean;
}

export interface ComposeResult {
  readonly ref?: string;
  /** Absent when nothing was committed (dry run, download only). */
  readonly commit?: Checksum;
  readonly version?: string;
  /** False when the input is that of the previous commit, which `commit` then is. */
  readonly changed: boolean;
  readonly packages: readonly PackageId[];
  readonly inputHash: string;
}

/** Given to maintainer scripts as SOURCE_DATE_EPOCH: constant, so that two releases differ by what changed only. */
const epoch = "1";

/** Composes a treefile's tree and commits it. */
export async function composeTree(
  options: ComposeOptions,
  progress: ProgressListener = silent,
): Promise<ComposeResult> {
  const { treefile, repo, cacheDir } = options;
  if (treefile.ref === undefined) throw incomplete(treefile, "ref", "ref: debian/13/${basearch}/container-host");
  requireRoot();
  for (const text of treefile.warnings) progress({ type: "warning", text });
  makeDirectories(cacheDir);
  using _ = lockFile(join(cacheDir, ".lock"));
  const inputs = await gather(options, progress);
  const { packages, hash, previous } = inputs;
  const summary = { ref: treefile.ref, packages: inputs.ids, inputHash: hash };
  if (!inputs.changed && previous !== undefined) {
    return { ...summary, commit: previous, changed: false, ...versionOf(repo, previous) };
  }
  if (packages === undefined || options.downloadOnly === true) return { ...summary, changed: true };
  const commit = await composeChanged(options, { ...inputs, packages }, progress);
  return { ...summary, commit, changed: true, ...versionOf(repo, commit) };
}

/** What a compose is made of. It holds nothing of the repositories' indices, which take more memory than all the rest. */
interface Inputs {
  readonly ids: readonly PackageId[];
  readonly sources: readonly SourceInfo[];
  readonly hash: string;
  readonly previous: Checksum | undefined;
  readonly changed: boolean;
}

/** Chooses the packages and, where there is something to compose, imports them. */
async function gather(
  options: ComposeOptions,
  progress: ProgressListener,
): Promise<Inputs & { readonly packages?: readonly TreePackage[] }> {
  const { treefile, repo } = options;
  const { solution, sources } = await resolvePackages(treefile, options, progress);
  const chosen = solution.packages.map((one) => one.package);
  const hash = inputHash(treefile, chosen, options.executable);
  const previous = options.previous ?? repo.tryResolve(treefile.ref ?? "");
  const changed = options.force === true || previous === undefined || !sameInput(repo, previous, hash);
  const inputs = { ids: chosen.map(packageId), sources, hash, previous, changed };
  if (!changed || options.dryRun === true) return inputs;
  return { ...inputs, packages: await importAll(options, chosen, progress) };
}

function packageId({ name, version, architecture }: DebPackage): PackageId {
  return { name, version, architecture };
}

function sameInput(repo: Repo, commit: Checksum, hash: string): boolean {
  return repo.loadCommit(commit).metadata.get("atomic.inputhash")?.value === hash;
}

function versionOf(repo: Repo, commit: Checksum): { version?: string } {
  const version = repo.loadCommit(commit).metadata.get("version")?.value;
  return typeof version === "string" ? { version } : {};
}

async function importAll(
  { cacheDir, offline = false }: ComposeOptions,
  chosen: readonly DebPackage[],
  progress: ProgressListener,
): Promise<TreePackage[]> {
  const packageRepo = openPackageRepo(cacheDir);
  const commits = await importPackages(packageRepo, chosen, { cacheDir, offline }, progress);
  return chosen.map((one, index) => {
    const commit = commits[index];
    if (commit === undefined) throw new Error(`${one} has no commit`);
    return treePackage(readImported(packageRepo, commit), one.name);
  });
}

async function composeChanged(
  options: ComposeOptions,
  inputs: Inputs & { readonly packages: readonly TreePackage[] },
  progress: ProgressListener,
): Promise<Checksum> {
  const { treefile, repo } = options;
  const workspace = makeWorkspace(join(options.cacheDir, "work"));
  const timestamp = options.timestamp ?? Math.max(...inputs.sources.map(({ date }) => date));
  const version = options.version ?? automaticVersion(treefile, repo, inputs.previous, timestamp);
  try {
    const tree = await installTree(workspace, treefile, inputs.packages, progress);
    await finishTree(workspace, tree, options, progress);
    const layout = shapeDeployment(tree, {
      machineidCompat: treefile.machineidCompat,
      tmpIsDir: treefile.tmpIsDir,
      selinux: treefile.selinux,
      readonlyExecutables: treefile.readonlyExecutables,
      ...(treefile.mutateOsRelease !== undefined && { osReleaseBase: treefile.mutateOsRelease }),
      ...(version !== undefined && { version }),
    });
    return await writeTreeCommit(
      options,
      inputs,
      { tree, layout, timestamp, ...(version !== undefined && { version }) },
      progress,
    );
  } finally {
    if (options.keepWorkspace !== true) removeTree(workspace.path);
  }
}

function automaticVersion(
  treefile: Treefile,
  repo: Repo,
  previous: Checksum | undefined,
  timestamp: number,
): string | undefined {
  if (treefile.versionPrefix === undefined) return undefined;
  const last = previous === undefined ? undefined : versionOf(repo, previous).version;
  return nextVersion(treefile.versionPrefix, treefile.versionSuffix ?? ".", last, timestamp);
}

/** Lays the packages' files out and has their maintainer scripts run. */
async function installTree(
  workspace: Workspace,
  treefile: Treefile,
  packages: readonly TreePackage[],
  progress: ProgressListener,
): Promise<DirNode> {
  const ordered = orderForUnpack(packages);
  const byName = new Map(packages.map((one) => [one.infoName, one]));
  const tree = await stage(progress, "compose.assemble", `Assembling ${packages.length} packages`, () => {
    const { tree, lists } = assemble(
      ordered.map((one) => ({
        name: one.infoName,
        data: one.data,
        filter: pathFilter(treefile, one.name),
        replaces: (other) => replacesNamed(one, byName.get(other)),
      })),
    );
    for (const name of ["dev", "proc", "run", "sys", "tmp", "var/tmp"]) ensureDirectory(tree, name);
    writeDpkgDatabase(tree, ordered, lists, debianArchitecture(treefile.basearch));
    materialize(tree, workspace.lower);
    prepareLower(workspace);
    return tree;
  });
  await stage(progress, "compose.scripts", "Running maintainer scripts", () =>
    runMaintainerScripts(workspace, ordered, { SOURCE_DATE_EPOCH: epoch }, progress),
  );
  applyUpper(tree, workspace.upper);
  return tree;
}

function replacesNamed(one: TreePackage, other: TreePackage | undefined): boolean {
  return other !== undefined && replaces(one, other);
}

/** The treefile's changes, then the initramfs of what came of them. */
async function finishTree(
  workspace: Workspace,
  tree: DirNode,
  { treefile, executable }: ComposeOptions,
  progress: ProgressListener,
): Promise<void> {
  const env = { SOURCE_DATE_EPOCH: epoch };
  await stage(progress, "compose.postprocess", "Applying the treefile", () =>
    applyTreefile(workspace, tree, treefile, executable, env),
  );
  const kernel = kernelVersion(tree);
  if (kernel === undefined) return;
  await stage(progress, "compose.initramfs", `Making the initramfs for ${kernel}`, () =>
    makeInitramfs(workspace, kernel, treefile, env),
  );
  applyUpper(tree, workspace.upper);
}
