// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, writeFileAtomic } from "../../base/index.ts";
import type { GVariantValue, Variant } from "../../formats/index.ts";
import { type AvailableRpm, downloadRpms, loadGpgKeys, type RepositoryInfo } from "../../packages/index.ts";
import type { Choice, Installable, PackageFormat } from "../format.ts";
import { findLayers } from "../layers.ts";
import type { ComposeOptions } from "../model.ts";
import { importPackages, openPackageRepo, type PackageImport } from "../packages/cache.ts";
import { rpmPackageRef } from "../packages/escape.ts";
import { makeFileNode, put } from "../tree.ts";
import { accountsOfCommit } from "./accounts.ts";
import { writeRpmDatabase } from "./database.ts";
import { importIdentity, keysIdentity, type RpmImportOptions } from "./import.ts";
import { colorOf, installRpms } from "./install.ts";
import { readImportedRpm } from "./package.ts";
import { resolveRpmTreefile, rpmLockfile } from "./resolve.ts";

/** RPM packages from rpm-md repositories; scriptlets are run here, as rpm would. */
export const rpmFormat: PackageFormat = {
  environment: {},
  layout: {
    database: { installed: "var/lib/rpm", released: "usr/share/rpm" },
    varFiles: "dropped",
    pythonCaches: "kept",
    accounts: "altfiles",
  },
  inputHashKey: "rpmostree.inputhash",
  async choose(options, progress): Promise<Choice> {
    const resolution = await resolveRpmTreefile(options.treefile, options, progress);
    if (options.writeLockfile !== undefined) {
      writeFileAtomic(options.writeLockfile, rpmLockfile(resolution, Date.now() / 1000));
    }
    const chosen = resolution.solution.install.map((one) => one.package);
    const { initramfsArgs } = options.treefile;
    const repositories = resolution.set.repositories.map(({ info }) => info);
    return {
      ids: chosen.map(({ name, version, architecture }) => ({ name, version, architecture })),
      identities: chosen.map(
        (one) => `${one.nevra} ${importIdentity({ ...importOptions(options), checksum: sumOf(one) })}`,
      ),
      timestamp: Math.max(...repositories.map(({ timestamp }) => timestamp)),
      metadata: new Map<string, Variant>([
        ["rpmostree.rpmdb.pkglist", { type: "a(sssss)", value: packageList(chosen) }],
        ["rpmostree.rpmmd-repos", { type: "aa{sv}", value: repositories.map(repositoryEntry) }],
        ...(initramfsArgs.length > 0
          ? [["rpmostree.initramfs-args", { type: "as", value: initramfsArgs }] as const]
          : []),
      ]),
      import: (listener) => importAll(options, chosen, listener),
    };
  },
};

/** Name, epoch, version, release, architecture (rpmostree-rpm-util.cxx `rpmostree_create_rpmdb_pkglist_variant`). */
function packageList(packages: readonly AvailableRpm[]): GVariantValue {
  return packages
    .map(({ name, evr, architecture }) => [name, String(evr.epoch), evr.version, evr.release ?? "", architecture])
    .toSorted((a, b) => (a.join("\0") < b.join("\0") ? -1 : 1));
}

/** Numbers are big-endian, as all of a composed commit's metadata in rpm-ostree (`rpmostree_compose_commit`). */
function repositoryEntry({ id, timestamp }: RepositoryInfo): GVariantValue {
  return new Map<string, Variant>([
    ["id", { type: "s", value: id }],
    ["timestamp", { type: "t", value: byteSwapped(timestamp) }],
  ]);
}

function byteSwapped(value: number): bigint {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes.readBigUInt64BE();
}

function importOptions({ treefile }: ComposeOptions): RpmImportOptions {
  const { documentation, readonlyExecutables, ima } = treefile;
  return { documentation, readonlyExecutables, ima };
}

function sumOf({ checksum }: AvailableRpm): string {
  return `${checksum.type}:${checksum.hex}`;
}

async function importAll(
  options: ComposeOptions,
  chosen: readonly AvailableRpm[],
  progress: ProgressListener,
): Promise<Installable> {
  const packageRepo = openPackageRepo(options.cacheDir);
  const commits = await importPackages(packageRepo, chosen, await rpmImport(options, chosen), progress);
  const packages = commits.map((commit) => readImportedRpm(packageRepo, commit));
  return {
    async install(workspace, { treefile, repo, layerRepo = repo, previous }, listener) {
      const last = previous ?? repo.tryResolve(treefile.ref ?? "");
      const base = {
        previous: last === undefined ? undefined : accountsOfCommit(repo, last),
        layers: findLayers(treefile, layerRepo),
      };
      const { tree, assembled, ordered } = await installRpms(workspace, treefile, packages, base, listener);
      writeRpmDatabase(tree, workspace, ordered, assembled.skipped, colorOf(treefile.basearch));
      const flattened = `${JSON.stringify(treefile.flattened, undefined, 2)}\n`;
      put(tree, "usr/share/rpm-ostree/treefile.json", makeFileNode(flattened));
      return tree;
    },
  };
}

async function rpmImport(
  options: ComposeOptions,
  chosen: readonly AvailableRpm[],
): Promise<PackageImport<AvailableRpm>> {
  const { cacheDir, offline = false } = options;
  const given = importOptions(options);
  const keys = await armoredKeys(options, chosen);
  return {
    ref: rpmPackageRef,
    isCurrent: (one, metadata) =>
      metadata.get("atomic.rpm.import")?.value === importIdentity({ ...given, checksum: sumOf(one) }) &&
      metadata.get("atomic.rpm.keys")?.value === keysIdentity(keys.get(one.repository.info.id)),
    download: (packages, progress) => downloadRpms(packages, cacheDir, progress, { offline }),
    task: (one, path) => {
      const { id, timestamp } = one.repository.info;
      const armored = keys.get(id);
      const common = { format: "rpm", path, checksum: sumOf(one), repository: { id, timestamp } } as const;
      return { ...common, ...given, ...(armored !== undefined && { keys: armored }) };
    },
    size: ({ packageSize }) => packageSize,
  };
}

/** The keys of the repositories whose packages must be signed, by repository. */
async function armoredKeys(
  { cacheDir, offline = false }: ComposeOptions,
  chosen: readonly AvailableRpm[],
): Promise<Map<string, string>> {
  const keys = new Map<string, string>();
  for (const { repository } of chosen) {
    const { source, id } = repository;
    if (keys.has(id) || source.gpgCheck === false) continue;
    const keyring = await loadGpgKeys(source, { cacheDir, offline });
    keys.set(id, keyring.keys.map((key) => key.armor()).join("\n"));
  }
  return keys;
}
