// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent, stage } from "../../base/index.ts";
import { packageError } from "../errors.ts";
import type { AptSource, SourceInfo } from "../model.ts";
import { fetchIndex } from "./fetch-index.ts";
import { distributionUrl, type FetchOptions, fetchRelease } from "./fetch-release.ts";
import { type Keyring, loadKeyring } from "../keyring.ts";
import { type IndexedSource, PackageSet } from "./package-set.ts";
import { defaultPriority, type Release } from "./release.ts";

export interface LoadAptOptions {
  /** Use only what earlier loads left in the cache; default false. */
  readonly offline?: boolean;
  /** The time against which Valid-Until is held, in seconds since 1970; default: now. */
  readonly now?: number;
}

/**
 * Loads the packages of apt repositories. Each Release file is fetched and its signature verified; the indices come from
 * the cache where their check sums are known.
 * @param sources in the order of sources.list, all of one architecture
 * @param cacheDir made when missing; may be shared by processes, which only add to it
 */
export async function loadApt(
  sources: readonly AptSource[],
  cacheDir: string,
  options: LoadAptOptions = {},
  progress: ProgressListener = silent,
): Promise<PackageSet> {
  const architectures = new Set(sources.map((source) => source.architecture));
  const [architecture] = architectures;
  if (architecture === undefined || architectures.size > 1)
    throw new Error("sources of exactly one architecture wanted");
  const fetchOptions = { cacheDir, offline: options.offline ?? false, now: options.now ?? Date.now() / 1000 };
  return stage(
    progress,
    "packages.load",
    `Loading the packages of ${sources.map((source) => source.suite).join(", ")}`,
    async () => {
      const keyrings = new Map<string | undefined, Promise<Keyring>>();
      const loaded = sources.map((source) => {
        const keyring = keyrings.get(source.signedBy) ?? loadKeyring(source.signedBy);
        keyrings.set(source.signedBy, keyring);
        return loadSource(source, keyring, fetchOptions);
      });
      return new PackageSet(architecture, (await allOrFirstError(loaded)).flat());
    },
    (set) => `${set.count} packages`,
  );
}

/** As Promise.all, but waits for all, so that nothing goes on in the background after an error. */
async function allOrFirstError<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

async function loadSource(
  source: AptSource,
  keyring: Promise<Keyring>,
  options: FetchOptions,
): Promise<IndexedSource[]> {
  const release = await fetchRelease(source, await keyring, options);
  const url = distributionUrl(source);
  const info = sourceInfo(source, release);
  const priority = source.priority ?? defaultPriority(release);
  const baseUrl = source.suite.endsWith("/") ? url : source.uri.replace(/\/+$/, "");
  const loaded: IndexedSource[] = [];
  for (const path of indexPaths(source, release)) {
    loaded.push({ index: await fetchIndex(url, release, path, options), info, priority, baseUrl });
  }
  return loaded;
}

function indexPaths(source: AptSource, release: Release): string[] {
  if (source.suite.endsWith("/")) return ["Packages"];
  if (source.components.length === 0) throw packageError("not-found", `${source.suite}: no component is asked for`);
  return source.components.flatMap((component) => {
    // Debian's security archive calls its components updates/main, with the files in main/ (sources.list(5)).
    const directory = component.replace(/^updates\//, "");
    const own = `${directory}/binary-${source.architecture}/Packages`;
    const forAll = `${directory}/binary-all/Packages`;
    const hasAll = !release.allInEach && [...release.files.keys()].some((path) => path.startsWith(forAll));
    return hasAll ? [own, forAll] : [own];
  });
}

function sourceInfo(source: AptSource, release: Release): SourceInfo {
  const { codename, origin, label, version, date, checksum } = release;
  return {
    uri: source.uri,
    suite: source.suite,
    components: source.components,
    codename,
    origin,
    label,
    version,
    date,
    checksum,
  };
}
