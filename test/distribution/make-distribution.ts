// SPDX-License-Identifier: Apache-2.0
/**
 * Makes a distribution of RPM packages: Debian's, repacked by rpmbuild, beside packages written for what Debian has no like
 * of; signed, with metadata by createrepo_c. Needs rpmbuild, rpmsign, createrepo_c, dpkg-deb, gpg, and but for
 * `features` Debian's mirror.
 */
import { copyFileSync, globSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { lockFile, makeDirectories, run } from "../../src/base/index.ts";
import { basePackage, convert } from "./convert.ts";
import { fetchDebianPackages } from "./debian-package.ts";
import type { DebianPackage, Distribution, Recipe } from "./model.ts";
import { buildPackages } from "./rpmbuild.ts";
import { collectOffers } from "./scriptlets.ts";
import { DistributionKey } from "./signing-key.ts";
import { type DistributionSize, packageLists, writeTreefile } from "./sizes.ts";

export interface DistributionOptions {
  /** `features`: only the hand-written packages; `base`: a shell and what it needs, too; `host`: a container host that boots. */
  readonly size: DistributionSize;
  /** Debian packages to have besides, with all that they depend on. */
  readonly packages?: readonly string[];
  /** Debian packages that are there in a second, newer build, too. */
  readonly rebuilt?: readonly string[];
  /** What was built before and the key; default: in the user's cache. */
  readonly cacheDir?: string;
}

const repositoryId = "atomic-test";
/** Of the repository's metadata, in seconds since 1970: the same packages give the same repository. */
const revision = 1_767_225_600;

/** @param directory made anew */
export async function makeDistribution(directory: string, options: DistributionOptions): Promise<Distribution> {
  const cacheDir = options.cacheDir ?? defaultCache();
  makeDirectories(cacheDir);
  // Tests of several files run side by side, and the first that needs a package builds it for all.
  using _ = lockFile(join(cacheDir, ".lock"), { timeoutMs: 600_000 });
  const built = await buildPackages(await recipes(options, cacheDir), cacheDir);
  const key = await DistributionKey.load(cacheDir);
  try {
    return await publish(directory, options.size, await key.signPackages(built), key);
  } finally {
    await key.close();
  }
}

export function defaultCache(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "atomic/distribution");
}

async function recipes(options: DistributionOptions, cacheDir: string): Promise<Recipe[]> {
  const names = [...packageLists[options.size], ...(options.packages ?? [])];
  const debs = names.length === 0 ? [] : await fetchDebianPackages(names, cacheDir);
  const common = { shared: baseDirectories(debs), offers: collectOffers(debs) };
  const again = debs.filter(({ name }) => options.rebuilt?.includes(name));
  return [
    ...handWritten(options.size),
    ...debs.map((deb) => convert(deb, common)),
    ...again.map((deb) => convert(deb, { ...common, rebuild: "+again1" })),
  ];
}

function baseDirectories(debs: readonly DebianPackage[]): Set<string> {
  const base = debs.find(({ name }) => name === basePackage);
  return new Set(base?.files.filter(({ isDirectory }) => isDirectory).map(({ path }) => path));
}

const specs = join(import.meta.dirname, "specs");

/** The packages of hand-written specs: those of a host, or those of the features of RPM. */
function handWritten(size: DistributionSize): Recipe[] {
  const folder = join(specs, size === "host" ? "host" : "features");
  const paths = globSync("*.spec", { cwd: folder }).toSorted();
  return paths.flatMap((path) => {
    const spec = readFileSync(join(folder, path), "utf8");
    const recipe = { name: basename(path, ".spec"), spec, epoch: revision };
    const targets = path === "feature-multilib.spec" ? (["x86_64", "i686"] as const) : (["x86_64"] as const);
    return targets.map((target): Recipe => ({ ...recipe, target }));
  });
}

async function publish(
  directory: string,
  size: DistributionSize,
  packages: readonly string[],
  key: DistributionKey,
): Promise<Distribution> {
  rmSync(directory, { recursive: true, force: true });
  const repo = join(directory, "repo");
  makeDirectories(join(repo, "packages"));
  for (const path of packages) {
    const to = join(repo, "packages", basename(path, ".signed"));
    copyFileSync(path, to);
    utimesSync(to, revision, revision);
  }
  const metadata = ["--no-database", "--revision", String(revision), "--set-timestamp-to-revision"];
  await run("createrepo_c", ["--quiet", ...metadata, repo]);
  await key.signDetached(join(repo, "repodata/repomd.xml"));
  const armored = await key.armored();
  const keyFile = join(directory, "RPM-GPG-KEY-atomic-test");
  writeFileSync(keyFile, armored);
  const repoFile = join(directory, `${repositoryId}.repo`);
  writeFileSync(repoFile, formatRepoFile(`file://${repo}`, `file://${keyFile}`));
  const treefile = writeTreefile(directory, size, repositoryId);
  return { directory, repo, key: armored, id: repositoryId, repoFile, treefile };
}

function formatRepoFile(baseurl: string, gpgkey: string): string {
  return `[${repositoryId}]
name=Test distribution
baseurl=${baseurl}
gpgcheck=1
repo_gpgcheck=1
gpgkey=${gpgkey}
`;
}
