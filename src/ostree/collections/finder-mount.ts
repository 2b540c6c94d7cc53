// SPDX-License-Identifier: Apache-2.0
import { realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { listDirectory } from "../../base/index.ts";
import { makeSummary } from "../make-summary.ts";
import { listRemotes, tryFindRemote } from "../remotes.ts";
import { Repo } from "../repo.ts";
import { readSummary } from "../summary.ts";
import type { Summary } from "../summary-format.ts";
import { type CollectionRef, formatCollectionRef } from "./collection-ref.ts";
import type { FoundPlace } from "./finder.ts";
import { listCollectionRefs } from "./list-collection-refs.ts";
import { listMediaMounts } from "./mounts.ts";

/** Places that a volume may have a repository at, besides those in `.ostree/repos.d`. */
const wellKnown = [".ostree/repo", "ostree/repo", "var/lib/flatpak/repo"];

/** Finds refs in repositories on volumes that are mounted (OstreeRepoFinderMount). */
export function findOnMounts(
  repo: Repo,
  refs: readonly CollectionRef[],
  mounts: readonly string[] = listMediaMounts(),
): Promise<FoundPlace[]> {
  return Promise.resolve(mounts.flatMap((mount) => findOnMount(repo, refs, mount)));
}

function findOnMount(repo: Repo, refs: readonly CollectionRef[], mount: string): FoundPlace[] {
  const volume = statSync(mount, { throwIfNoEntry: false });
  if (!volume?.isDirectory()) return [];
  const linked = listDirectory(join(mount, ".ostree/repos.d")).sort();
  const paths = [...linked.map((name) => `.ostree/repos.d/${name}`), ...wellKnown];
  const repos = paths.flatMap((path) => openOn(repo, join(mount, path), volume.dev) ?? []);
  const places = new Map<string, FoundPlace>();
  for (const ref of refs) {
    const name = formatCollectionRef(ref);
    const remote = keyringRemote(repo, ref.collection);
    // The first repository of the volume that has the ref is as good as the others.
    const found = repos.find(({ has }) => has.has(name));
    if (!found || remote === undefined) continue;
    const url = pathToFileURL(realpathSync(found.repo.path)).href;
    const key = `${url} ${remote}`;
    if (places.has(key)) continue;
    const summary = summaryOf(found.repo);
    places.set(key, { finder: "OstreeRepoFinderMount", priority: 50, url, remote, summary });
  }
  return [...places.values()];
}

interface RepoOnMount {
  readonly repo: Repo;
  readonly has: ReadonlySet<string>;
}

/** Symbolic links must not lead out of the volume, nor to the repository that asks (scan_repo). */
function openOn(own: Repo, path: string, device: number): RepoOnMount | undefined {
  try {
    const there = statSync(path);
    const here = statSync(own.path);
    if (there.dev !== device || (there.dev === here.dev && there.ino === here.ino)) return undefined;
    const repo = Repo.open(path);
    return { repo, has: new Set(listCollectionRefs(repo, { remotes: false }).map(formatCollectionRef)) };
  } catch {
    // Whatever else a volume holds is no repository.
    return undefined;
  }
}

/** The remote whose keys vouch for a collection (ostree_repo_resolve_keyring_for_collection). */
function keyringRemote(repo: Repo, collection: string): string | undefined {
  return listRemotes(repo).find((name) => tryFindRemote(repo, name)?.collectionId === collection);
}

/** A summary that is out of date, or missing, is no loss: what it says can be read from the refs. */
function summaryOf(repo: Repo): Summary {
  try {
    return readSummary(repo).summary;
  } catch {
    return makeSummary(repo);
  }
}
