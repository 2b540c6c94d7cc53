// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, writeFileAtomic } from "../../base/index.ts";
import { type AvailableRpm, downloadRpms, loadRepositoryKeys } from "../../packages/index.ts";
import type { Choice, Installable, PackageFormat } from "../format.ts";
import { findLayers } from "../layers.ts";
import type { ComposeOptions } from "../model.ts";
import { downloadMissing, importPackages, openPackageRepo, type PackageImport } from "../packages/cache.ts";
import { rpmPackageRef } from "../packages/escape.ts";
import { makeFileNode, put } from "../tree.ts";
import { accountsOfCommit } from "./accounts.ts";
import { writeWrappers } from "./cliwrap.ts";
import { writeRpmDatabase } from "./database.ts";
import { importIdentity, keysIdentity, type RpmImportOptions, type TrustedKeys } from "./import.ts";
import { colorOf, installRpms } from "./install.ts";
import { describeCommit } from "./metadata.ts";
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
    osRelease: "asked",
  },
  inputHashKey: "rpmostree.inputhash",
  async choose(options, progress): Promise<Choice> {
    const resolution = await resolveRpmTreefile(options.treefile, options, progress);
    if (options.writeLockfile !== undefined) {
      writeFileAtomic(options.writeLockfile, rpmLockfile(resolution, Date.now() / 1000));
    }
    const chosen = resolution.solution.install.map((one) => one.package);
    const repositories = resolution.set.repositories.map(({ info }) => info);
    return {
      ids: chosen.map(({ name, version, architecture }) => ({ name, version, architecture })),
      identities: chosen.map(
        (one) => `${one.nevra} ${importIdentity({ ...importOptions(options), checksum: sumOf(one) })}`,
      ),
      timestamp: Math.max(...repositories.map(({ timestamp }) => timestamp)),
      describe: () => describeCommit(options.treefile, resolution.set, chosen),
      download: async (listener) => {
        const packageRepo = openPackageRepo(options.cacheDir);
        await downloadMissing(packageRepo, chosen, await rpmImport(options, importOptions(options), chosen), listener);
      },
      import: (listener) => importAll(options, chosen, listener),
    };
  },
};

function importOptions({ treefile }: ComposeOptions): RpmImportOptions {
  const { documentation, readonlyExecutables, ima, ignoreDevices } = treefile;
  return { documentation, readonlyExecutables, ima, ignoreDevices };
}

export function sumOf({ checksum }: AvailableRpm): string {
  return `${checksum.type}:${checksum.hex}`;
}

async function importAll(
  options: ComposeOptions,
  chosen: readonly AvailableRpm[],
  progress: ProgressListener,
): Promise<Installable> {
  const packageRepo = openPackageRepo(options.cacheDir);
  const commits = await importPackages(
    packageRepo,
    chosen,
    await rpmImport(options, importOptions(options), chosen),
    progress,
  );
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
      writeWrappers(tree, workspace, treefile);
      return tree;
    },
  };
}

/** @param given decisions that change what an imported package is */
export async function rpmImport(
  options: Pick<ComposeOptions, "cacheDir" | "offline">,
  given: RpmImportOptions,
  chosen: readonly AvailableRpm[],
): Promise<PackageImport<AvailableRpm>> {
  const { cacheDir, offline = false } = options;
  const keys = await trustedKeys(options, chosen);
  return {
    ref: rpmPackageRef,
    isCurrent: (one, metadata) =>
      metadata.get("atomic.rpm.import")?.value === importIdentity({ ...given, checksum: sumOf(one) }) &&
      metadata.get("atomic.rpm.keys")?.value === keysIdentity(keys.get(one.repository.info.id)),
    download: (packages, progress) => downloadRpms(packages, cacheDir, progress, { offline }),
    task: (one, path) => {
      const { id, timestamp } = one.repository.info;
      const trusted = keys.get(id);
      const common = { format: "rpm", path, checksum: sumOf(one), repository: { id, timestamp } } as const;
      return { ...common, ...given, ...(trusted !== undefined && { keys: trusted }) };
    },
    size: ({ packageSize }) => packageSize,
  };
}

/** The keys of the repositories whose packages must be signed, by repository. */
async function trustedKeys(
  { cacheDir, offline = false }: Pick<ComposeOptions, "cacheDir" | "offline">,
  chosen: readonly AvailableRpm[],
): Promise<Map<string, TrustedKeys>> {
  const keys = new Map<string, TrustedKeys>();
  for (const { repository } of chosen) {
    const { source, id } = repository;
    if (keys.has(id) || source.gpgCheck === false) continue;
    const { identity, signing } = await loadRepositoryKeys(source, { cacheDir, offline });
    keys.set(id, { identity, signing });
  }
  return keys;
}
