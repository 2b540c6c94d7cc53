// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lstatIfExists, type ProgressListener, silent } from "../../base/index.ts";
import type { Stanza, Variant } from "../../formats/index.ts";
import type { DirNode } from "../../ostree/index.ts";
import { findRpmDatabase, type PackageId, readDpkgStatus, readInstalledPackages } from "../../packages/index.ts";
import { formatOf } from "../build.ts";
import { writeTreeCommit } from "../commit.ts";
import { packageListValue as debianList } from "../deb-format.ts";
import { composeError } from "../errors.ts";
import type { Told } from "../format.ts";
import { versionOf } from "../gather.ts";
import { describeDeployment } from "../layout/describe.ts";
import type { ComposeOptions, ComposeResult } from "../model.ts";
import { readRootfs } from "../read-rootfs.ts";
import { requireRoot } from "../sandbox.ts";
import { describeSecurity, releaseOfTree } from "../security/index.ts";
import { readPlainFile, readText } from "../tree.ts";
import { accountsOfCommit, checkAccounts } from "../rpm/accounts.ts";
import { initramfsMetadata, packageListValue as rpmList } from "../rpm/metadata.ts";
import type { Treefile } from "../treefile/model.ts";
import { requireSupported } from "../treefile/supported.ts";
import { postprocessRoot } from "./postprocess-root.ts";

export interface CommitRootOptions extends Pick<
  ComposeOptions,
  "treefile" | "repo" | "parent" | "metadata" | "setRef" | "version" | "timestamp" | "gpgHome"
> {
  readonly rootfs: string;
}

export type CommitRootResult = Omit<ComposeResult, "inputHash">;

/**
 * The last step of a compose: commits a directory with the labels of its own policy, after it was postprocessed
 * (rpmostree-compose-builtin-tree.cxx `rpmostree_compose_builtin_commit`). What the repositories were, and the hash of
 * the input, nobody knows any more; the packages are those of the tree's database.
 */
export async function commitRoot(
  options: CommitRootOptions,
  progress: ProgressListener = silent,
): Promise<CommitRootResult> {
  const { treefile, repo, rootfs, version } = options;
  requireSupported(treefile);
  requireRoot();
  await postprocessRoot(rootfs, treefile, progress);
  const tree = readRootfs(rootfs, treefile);
  const previous = treefile.ref === undefined ? undefined : repo.tryResolve(treefile.ref);
  if (treefile.format === "rpm") {
    checkAccounts(tree, treefile, previous === undefined ? undefined : accountsOfCommit(repo, previous));
  }
  const { packages, metadata, stanzas } = installed(rootfs, treefile);
  const security = stanzas === undefined ? undefined : await securityOf(stanzas, tree, treefile, progress);
  const { inputHashKey } = formatOf(treefile);
  const timestamp = options.timestamp ?? Math.floor(Date.now() / 1000);
  const layout = describeDeployment(tree, treefile);
  const written = await writeTreeCommit(
    options,
    {
      metadata: new Map([...metadata, ...(security?.metadata ?? [])]),
      previous,
      inputHashKey,
      ...(security?.detached && { detached: security.detached }),
    },
    { tree, layout, timestamp, ...(version !== undefined && { version }) },
    progress,
  );
  const named = treefile.ref === undefined ? {} : { ref: treefile.ref };
  return { ...named, ...written, packages, changed: true, ...versionOf(repo, written.commit) };
}

function installed(
  rootfs: string,
  treefile: Treefile,
): {
  readonly packages: readonly PackageId[];
  readonly metadata: ReadonlyMap<string, Variant>;
  /** Of Debian packages. */
  readonly stanzas?: readonly Stanza[];
} {
  if (treefile.format === "deb") {
    const path = join(rootfs, "usr/lib/sysimage/dpkg/status");
    if (!lstatIfExists(path)) throw noDatabase(rootfs, "dpkg");
    const packages = readDpkgStatus(readFileSync(path), path).filter(({ state }) => state === "installed");
    const metadata = new Map([["atomic.packages", { type: "a(sss)", value: debianList(packages) }]]);
    return { packages, metadata, stanzas: packages.map(({ fields }) => fields) };
  }
  const database = findRpmDatabase(rootfs);
  if (database === undefined) throw noDatabase(rootfs, "rpm");
  const packages = readInstalledPackages(database).filter(({ name }) => name !== "gpg-pubkey");
  const list = ["rpmostree.rpmdb.pkglist", { type: "a(sssss)", value: rpmList(packages) }] as const;
  return { packages, metadata: new Map<string, Variant>([list, ...initramfsMetadata(treefile)]) };
}

/** As a compose tells it; from which archive a package came, nobody knows any more. */
async function securityOf(
  stanzas: readonly Stanza[],
  tree: DirNode,
  treefile: Treefile,
  progress: ProgressListener,
): Promise<Told> {
  const release = releaseOfTree(readText(tree, "usr/lib/os-release") ?? "", treefile.securityTracker);
  const binaries = stanzas.map((fields) => ({ ...release, fields, file: (path: string) => readPlainFile(tree, path) }));
  return describeSecurity(treefile, binaries, {}, progress);
}

function noDatabase(rootfs: string, program: string) {
  return composeError("bad-tree", `${rootfs} has no database of ${program}, so nobody could tell what is in it`);
}
