// SPDX-License-Identifier: Apache-2.0
import { chmodSync, existsSync, linkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isErrno, makeDirectories, type ProgressListener, temporaryName } from "../../base/index.ts";
import {
  containerRef,
  forgetContainers,
  isImageReference,
  type OstreeImageReference,
  parseImage,
  parseOstreeImage,
  prune,
  Repo,
} from "../../ostree/index.ts";
import type { SystemStore } from "./store.ts";

/** The host's, which shares files with its deployments. */
const hostRepository = "ostree/repo";
/** Where there is no such, or where what is in it cannot be linked to; it is where Project Atomic had it. */
const ownRepository = ".storage/ostree";

/**
 * The repository for system containers: the host's where files of it can be linked into their place, for a checkout that copies
 * is neither small nor safe from whoever changes it; else one of their own.
 */
export function openRepository(store: SystemStore): Repo {
  const host = join(store.root, hostRepository);
  makeDirectories(store.path);
  // An image's setuid programs are none that users of the host may run; one made by somebody else may be open.
  chmodSync(store.path, 0o700);
  if (existsSync(join(host, "config")) && canLink(join(host, "tmp"), store.path)) {
    const repo = Repo.open(host);
    if (repo.mode === "bare") return repo;
  }
  const own = join(store.path, ownRepository);
  makeDirectories(own);
  return Repo.init(own, "bare");
}

/** Not between file systems, nor between two mounts of one (link(2), EXDEV). */
function canLink(from: string, to: string): boolean {
  const [file, link] = [temporaryName(from), temporaryName(to)];
  try {
    writeFileSync(file, "");
    linkSync(file, link);
    return true;
  } catch (error) {
    if (isErrno(error, "EXDEV") || isErrno(error, "ENOENT") || isErrno(error, "EROFS")) return false;
    throw error;
  } finally {
    rmSync(file, { force: true });
    rmSync(link, { force: true });
  }
}

/** As `atomic host rebase` and skopeo name images; a name alone is a registry's. */
export function parseContainerImage(words: string): OstreeImageReference {
  if (isImageReference(words)) return parseOstreeImage(words);
  const hasTransport = /^(?:docker|registry|oci|oci-archive|docker-archive|dir|containers-storage):/.test(words);
  return { trust: { kind: "unverified" }, image: parseImage(hasTransport ? words : `docker://${words}`) };
}

export const generationRef = (name: string, number: number): string => `atomic/system-container/${name}/${number}`;

/** What leads to images and generations that are there no more goes, and then what nothing leads to. */
export function pruneRepository(
  store: SystemStore,
  repo: Repo,
  progress: ProgressListener,
): { readonly freed: number } {
  const containers = store.names().map((name) => ({ name, numbers: store.numbers(name) }));
  const kept = new Set(containers.flatMap(({ name, numbers }) => numbers.map((number) => generationRef(name, number))));
  for (const [ref] of repo.listRefs())
    if (ref.startsWith("atomic/system-container/") && !kept.has(ref)) repo.setRef(ref, undefined);
  const images = containers.flatMap(({ name, numbers }) =>
    numbers.map((number) => containerRef(parseContainerImage(store.generation(name, number).image).image)),
  );
  forgetContainers(repo, new Set(images));
  return prune(repo, { refsOnly: true }, progress);
}
