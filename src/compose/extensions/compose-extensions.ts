// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import {
  lockFile,
  makeDirectories,
  type ProgressListener,
  readTextIfExists,
  silent,
  writeFileAtomic,
} from "../../base/index.ts";
import type { Checksum, Repo } from "../../ostree/index.ts";
import {
  type AvailableRpm,
  compareEvr,
  downloadRpms,
  findRpmDatabase,
  packageError,
  readInstalledPackages,
  resolveRpms,
  type RpmPackage,
  type RpmPackageSet,
} from "../../packages/index.ts";
import { installedRpms } from "../diff/index.ts";
import { composeError } from "../errors.ts";
import { loadRpms } from "../rpm/resolve.ts";
import { verifyDownloaded } from "../rpm/verify-downloaded.ts";
import type { Treefile } from "../treefile/model.ts";
import { type Extensions, formatExtensions, parseExtensions } from "./parse.ts";

export interface ExtensionsOptions {
  readonly treefile: Treefile;
  /** Path of extensions.yaml. */
  readonly file: string;
  readonly outputDir: string;
  readonly cacheDir: string;
  readonly offline?: boolean;
  /** The release that they are for: a commit, or a root. */
  readonly base: { readonly repo: Repo; readonly commit: Checksum } | { readonly rootfs: string };
}

export interface ExtensionsResult {
  readonly changed: boolean;
  /** NEVRAs of the packages in the output directory, those that are needed too. */
  readonly packages: readonly string[];
  readonly development: readonly string[];
}

/** rpm-ostree's name, so that its pipelines find it. */
const stateFile = ".rpm-ostree-state-chksum";

/**
 * Downloads the packages of extensions, with what they need beyond the base, into a directory, and says in
 * `extensions.json` what is there (rpmostree-compose-builtin-tree.cxx `rpmostree_compose_builtin_extensions`). Nothing is
 * done where the same packages were downloaded before.
 */
export async function composeExtensions(
  options: ExtensionsOptions,
  progress: ProgressListener = silent,
): Promise<ExtensionsResult> {
  const { treefile, file, outputDir, cacheDir, offline = false } = options;
  if (treefile.format === "deb") {
    throw composeError("extensions", `${treefile.path}: extensions are of RPM trees; this composes from \`apt\``);
  }
  const base = basePackages(options);
  const evrs = new Map(base.map(({ name, version }) => [name, version]));
  const extensions = parseExtensions(readFileSync(file, "utf8"), file, { basearch: treefile.basearch, base: evrs });
  for (const text of extensions.warnings) progress({ type: "warning", text });
  makeDirectories(cacheDir);
  using _ = lockFile(join(cacheDir, ".lock"));
  const set = await loadRpms(withRepositories(treefile, extensions), { cacheDir, offline }, progress);
  const layered = await layeredPackages(set, treefile, extensions, base);
  const development = packagesOf(extensions, "development").map((spec) => newestMatch(set, spec, treefile.basearch));
  const result = { packages: layered.map(({ nevra }) => nevra), development: development.map(({ nevra }) => nevra) };
  makeDirectories(outputDir);
  const all = [...new Set([...layered, ...development])];
  const state = stateOf(extensions, all);
  if (readTextIfExists(join(outputDir, stateFile)) === state) return { ...result, changed: false };
  const paths = await downloadRpms(all, cacheDir, progress, { offline });
  await verifyDownloaded(paths, { cacheDir, offline });
  for (const [one, path] of paths) copyWhole(path, join(outputDir, fileName(one)));
  writeFileAtomic(join(outputDir, "extensions.json"), formatExtensions(extensions));
  // Last: it says that the rest is there.
  writeFileAtomic(join(outputDir, stateFile), state);
  return { ...result, changed: true };
}

function basePackages({ base }: ExtensionsOptions): RpmPackage[] {
  if ("repo" in base) {
    const found = installedRpms(base.repo, base.repo.loadCommit(base.commit));
    if (found) return found;
    throw composeError("bad-tree", `${base.commit} has no database of rpm`);
  }
  const database = findRpmDatabase(base.rootfs);
  if (database === undefined) throw composeError("bad-tree", `${base.rootfs} has no database of rpm`);
  return readInstalledPackages(database);
}

function withRepositories(treefile: Treefile, { repos = [] }: Extensions): Treefile {
  return treefile.repos === undefined && repos.length === 0
    ? treefile
    : { ...treefile, repos: [...(treefile.repos ?? []), ...repos] };
}

function packagesOf({ extensions }: Extensions, kind: "os-extension" | "development"): string[] {
  return [...extensions.values()].filter((one) => one.kind === kind).flatMap(({ packages }) => packages);
}

/** What a host of the base would install. The base stays as it is: rpm-ostree's `check_goal_solution`. */
async function layeredPackages(
  set: RpmPackageSet,
  { basearch }: Treefile,
  extensions: Extensions,
  base: readonly RpmPackage[],
): Promise<AvailableRpm[]> {
  const install = packagesOf(extensions, "os-extension");
  if (install.length === 0) return [];
  const locked = new Map(base.map(({ name, version }) => [name, { version }]));
  const request = { install, installed: base, recommends: true, architecture: basearch, allowErasing: false };
  const solution = await resolveRpms(set, { ...request, locks: { packages: locked, strict: false } });
  const replaced = [...solution.update, ...solution.downgrade].map(({ from }) => from);
  const gone = [...solution.erase, ...replaced].map(({ name, version }) => `${name}-${version}`);
  if (gone.length > 0) {
    throw composeError("extensions", `packages of the base would be removed or replaced: ${gone.join(", ")}`, {
      hint: "compose the base from the same state of the repositories",
    });
  }
  return solution.install.map((one) => one.package);
}

/** Development packages are taken as they are, without what they need. */
function newestMatch(set: RpmPackageSet, spec: string, basearch: string): AvailableRpm {
  const fitting = set.matching(spec).filter(({ architecture }) => [basearch, "noarch"].includes(architecture));
  const [newest] = fitting.toSorted((a, b) => compareEvr(b.evr, a.evr) || a.ordinal - b.ordinal);
  if (newest === undefined) throw packageError("unknown", `no package fits ${spec}`);
  return newest;
}

/** Changes with the packages and with what extensions.json would say. */
function stateOf(extensions: Extensions, packages: readonly AvailableRpm[]): string {
  const sums = packages.map((one) => `${one.nevra} ${one.checksum.type}:${one.checksum.hex}`).toSorted();
  return createHash("sha512")
    .update(JSON.stringify([formatExtensions(extensions), sums]))
    .digest("hex");
}

/** As the repository calls the file; what it says is not to lead elsewhere. */
function fileName(one: AvailableRpm): string {
  const name = basename(one.text("location"));
  if (/^[^./][^/]*\.rpm$/.test(name)) return name;
  const { name: own, evr, architecture } = one;
  return `${own}-${evr.version}-${evr.release ?? ""}.${architecture}.rpm`;
}

function copyWhole(from: string, to: string): void {
  copyFileSync(from, `${to}.part`);
  renameSync(`${to}.part`, to);
}
