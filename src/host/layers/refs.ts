// SPDX-License-Identifier: Apache-2.0
/** Refs that keep what layered deployments need: their bases, and imported packages (rpm-ostree's rpmostree-sysroot-core.cxx). */
import { type Commit, Transaction } from "../../ostree/index.ts";
import { isLayered, metadataValue, tryLoadCommit } from "../commit-metadata.ts";
import type { Sysroot } from "../sysroot.ts";

const baseRef = /^rpmostree\/base\/[0-9]+$/;
const packageRef = /^(rpmostree\/pkg|atomic\/deb)\//;

/** Of origins: lists of SHA256:NEVRA. */
const localKeys = [
  ["packages", "requested-local"],
  ["packages", "requested-local-fileoverride"],
  ["overrides", "replace-local"],
] as const;

/** `rpmostree/base/N` for each base of a layered deployment (`generate_baselayer_refs`). */
export function setBaseRefs({ repo, deployments }: Sysroot): void {
  const bases = new Set(
    deployments.flatMap(({ checksum }) => {
      const commit = tryLoadCommit(repo, checksum);
      return isLayered(commit) && commit?.parent !== undefined ? [commit.parent] : [];
    }),
  );
  const wanted = new Map([...bases].map((commit, index) => [`rpmostree/base/${index}`, commit]));
  const present = repo.listRefs();
  const changed = [...wanted].filter(([ref, commit]) => present.get(ref) !== commit);
  const unneeded = [...present.keys()].filter((ref) => baseRef.test(ref) && !wanted.has(ref));
  setRefs({ repo }, changed, unneeded);
}

/** Forgets imported packages that no deployment has (`clean_pkgcache_orphans`). */
export function trimPackageRefs({ repo, deployments }: Pick<Sysroot, "repo" | "deployments">): void {
  const used = new Set<string>();
  for (const { checksum, origin } of deployments) {
    for (const [group, key] of localKeys)
      for (const entry of origin?.getList(group, key) ?? []) used.add(entry.slice(0, 64));
    const commit = tryLoadCommit(repo, checksum);
    const ids = isLayered(commit) ? packageIds(commit) : [];
    // Another program's, of a time when commits did not say what is in them.
    if (isLayered(commit) && ids.length === 0) return;
    for (const id of ids) used.add(id);
  }
  const unneeded = [...repo.listRefs()].filter(([ref, checksum]) => {
    if (!packageRef.test(ref)) return false;
    const commit = tryLoadCommit(repo, checksum);
    const sums = ["rpmostree.metadata_sha256", "atomic.deb.sha256"].map((key) => metadataValue(commit, key));
    return !sums.some((sum) => used.has(String(sum))) && !used.has(idOfRef(ref));
  });
  setRefs(
    { repo },
    [],
    unneeded.map(([ref]) => ref),
  );
}

/** Name and version of all packages of a commit, as `idOfRef` has them. */
function packageIds(commit: Commit | undefined): string[] {
  const rows = (key: string) => (metadataValue(commit, key) ?? []) as unknown as readonly (readonly string[])[];
  const debs = rows("atomic.packages").map(([name, version, architecture]) => `${name} ${version} ${architecture}`);
  const rpms = rows("rpmostree.rpmdb.pkglist").map(
    ([name, epoch, version, release, architecture]) =>
      `${name} ${epoch === "0" ? "" : `${epoch}:`}${version}-${release} ${architecture}`,
  );
  return [...debs, ...rpms];
}

/** The inverse of `packageRef` and `rpmPackageRef`, as far as it is needed to compare. */
function idOfRef(ref: string): string {
  const parts = ref.replace(packageRef, "").split("/").map(unescape);
  const [name = "", rest = ""] = parts;
  const isDeb = ref.startsWith("atomic/deb/");
  const at = isDeb ? rest.lastIndexOf(" ") : rest.lastIndexOf(".");
  return `${name} ${rest.slice(0, at)} ${rest.slice(at + 1)}`;
}

/** `__` is an underscore, `_XX` any other character; one alone divides version and architecture of a Debian package. */
function unescape(text: string): string {
  return text.replaceAll(/__|_([0-9A-F]{2})|_/g, (whole, hex?: string) =>
    hex === undefined ? (whole === "__" ? "_" : " ") : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function setRefs(
  { repo }: Pick<Sysroot, "repo">,
  changed: readonly (readonly [ref: string, commit: string])[],
  unneeded: readonly string[],
): void {
  if (changed.length + unneeded.length === 0) return;
  using transaction = Transaction.begin(repo);
  for (const [ref, commit] of changed) transaction.setRef(ref, commit as Parameters<typeof transaction.setRef>[1]);
  for (const ref of unneeded) transaction.setRef(ref, undefined);
  transaction.commit();
}
