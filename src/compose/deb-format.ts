// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, writeFileAtomic } from "../base/index.ts";
import type { GVariantValue, Variant } from "../formats/index.ts";
import type { DebPackage, PackageId, SourceInfo } from "../packages/index.ts";
import { composeError } from "./errors.ts";
import type { Choice, Installable, PackageFormat } from "./format.ts";
import { installDebs } from "./install.ts";
import { findLayers } from "./layers.ts";
import { lockfileOf } from "./lockfile/index.ts";
import type { ComposeOptions } from "./model.ts";
import { type TreePackage, treePackage } from "./package.ts";
import { downloadMissing, importPackages, openPackageRepo, readImported } from "./packages/cache.ts";
import { debImport, importVersion } from "./packages/import.ts";
import { resolvePackages } from "./resolve.ts";
import { type BinaryPackage, describeSecurity, loadTracker, releaseOfArchive } from "./security/index.ts";
import { readPlainFile } from "./tree.ts";
import type { SecurityTracker } from "./treefile/model.ts";

/** Debian packages from apt repositories; scripts are run by the tree's own dpkg. */
export const debFormat: PackageFormat = {
  // For debconf(7); Debian's kernel hooks leave the initramfs alone, which is made once, at the end.
  environment: { DEBIAN_FRONTEND: "noninteractive", DEBCONF_NONINTERACTIVE_SEEN: "true", INITRD: "No" },
  layout: {
    database: { installed: "var/lib/dpkg", released: "usr/lib/sysimage/dpkg" },
    varFiles: "factory",
    pythonCaches: "removed",
    accounts: "sysusers",
    osRelease: "always",
  },
  inputHashKey: "atomic.inputhash",
  async choose(options, progress): Promise<Choice> {
    if (options.sourceRoot !== undefined) {
      throw composeError("treefile-unsupported", "a source root is for RPM trees", {
        hint: "`apt` of the treefile names the archives and their keyrings",
      });
    }
    const { solution, sources } = await resolvePackages(options.treefile, options, progress);
    if (options.writeLockfile !== undefined) {
      writeFileAtomic(options.writeLockfile, lockfileOf({ solution, sources }, Date.now() / 1000));
    }
    const chosen = solution.packages.map((one) => one.package);
    const ids = chosen.map(packageId);
    return {
      ids,
      identities: chosen.map((one) => `${importVersion} ${one.name} ${one.version} ${one.architecture} ${one.sha256}`),
      timestamp: Math.max(...sources.map(({ date }) => date)),
      describe: async () => {
        await fetchTracker(options);
        return {
          metadata: new Map<string, Variant>([
            ["atomic.packages", { type: "a(sss)", value: packageListValue(ids) }],
            ["atomic.sources", { type: "a(sssss)", value: sources.map(sourceEntry) }],
          ]),
        };
      },
      download: (listener) =>
        downloadMissing(
          openPackageRepo(options.cacheDir),
          chosen,
          debImport(options.cacheDir, options.offline ?? false),
          listener,
        ),
      import: (listener) => importDebs(options, chosen, listener),
    };
  },
};

function packageId({ name, version, architecture }: DebPackage): PackageId {
  return { name, version, architecture };
}

/** Name, version, architecture. */
export function packageListValue(packages: readonly PackageId[]): GVariantValue {
  return packages
    .map(({ name, version, architecture }) => [name, version, architecture])
    .toSorted((a, b) => (a.join("\0") < b.join("\0") ? -1 : 1));
}

/** URI, suite, codename, date of its Release file, SHA-256 of that file. A number would have a byte order. */
export function sourceEntry({ uri, suite, codename, date, checksum }: SourceInfo): GVariantValue {
  return [uri, suite, codename, new Date(date * 1000).toISOString(), checksum];
}

/** Now, since what follows may be done without network: the import reads it from the cache. */
async function fetchTracker({ treefile, cacheDir, offline = false }: ComposeOptions): Promise<void> {
  const { securityTracker, advisoriesMetadata } = treefile;
  if (securityTracker !== undefined && advisoriesMetadata !== "disabled")
    await loadTracker(securityTracker, { cacheDir, offline });
}

async function importDebs(
  { treefile, cacheDir, offline = false }: ComposeOptions,
  chosen: readonly DebPackage[],
  progress: ProgressListener,
): Promise<Installable> {
  const packageRepo = openPackageRepo(cacheDir);
  const commits = await importPackages(packageRepo, chosen, debImport(cacheDir, offline), progress);
  const packages: TreePackage[] = chosen.map((one, index) =>
    treePackage(readImported(packageRepo, commits[index]!), one.name),
  );
  const binaries = binariesOf(packages, chosen, treefile.securityTracker);
  return {
    told: await describeSecurity(treefile, binaries, { cacheDir, offline: true }, progress),
    install: (workspace, { treefile, repo, layerRepo = repo }, listener) => {
      const layers = findLayers(treefile, layerRepo);
      return installDebs(workspace, treefile, packages, layers, debFormat.environment, listener);
    },
  };
}

/** A function of its own: what an `install` closes over would keep the indices that `chosen` stands in. */
function binariesOf(
  packages: readonly TreePackage[],
  chosen: readonly DebPackage[],
  tracker: SecurityTracker | undefined,
): BinaryPackage[] {
  return packages.map(({ fields, data }, at) => ({
    ...releaseOfArchive(chosen[at]!.source.info, tracker),
    fields,
    file: (path) => readPlainFile(data, path),
  }));
}
