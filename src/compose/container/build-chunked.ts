// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { type ProgressListener, silent } from "../../base/index.ts";
import {
  type Checksum,
  directoryPolicy,
  findNode,
  inspectImage,
  parseImage,
  Repo,
  writeCommit,
  writeTree,
} from "../../ostree/index.ts";
import { composeError } from "../errors.ts";
import { readRootfs } from "../read-rootfs.ts";
import { encapsulateCommit, type EncapsulateCommitOptions, type EncapsulatedCommit } from "./encapsulate-commit.ts";

export interface BuildChunkedOptions extends Pick<
  EncapsulateCommitOptions,
  "labels" | "execution" | "maxLayers" | "formatVersion" | "image"
> {
  readonly rootfs: string;
  /** Where to look for the last build; default: where this one goes. */
  readonly previousBuild?: string;
  /** Signs the commit. */
  readonly sign?: (repo: Repo, commit: Checksum) => Promise<void> | void;
}

/** Makes an image of a root file system, with a commit of it inside (rpm-ostree, `BuildChunkedOCIOpts::run`). */
export async function buildChunked(
  options: BuildChunkedOptions,
  progress: ProgressListener = silent,
): Promise<EncapsulatedCommit> {
  const { rootfs, previousBuild, sign, labels, ...how } = options;
  const before = await inspectImage(previousBuild === undefined ? how.image : parseImage(previousBuild));
  const directory = mkdtempSync(join(process.env["TMPDIR"] ?? "/var/tmp", "atomic-image-"));
  try {
    const repo = Repo.init(join(directory, "repo"), "bare-user");
    const commit = await commitRootfs(repo, rootfs, progress);
    await sign?.(repo, commit);
    const all = new Map([["containers.bootc", "1"], ...(labels ?? [])]);
    const previous = before === undefined ? {} : { previous: before.manifest };
    return await encapsulateCommit({ ...how, repo, commit, labels: all, ...previous }, progress);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The time is that of the directory, so that the same one gives the same commit (`generate_commit_from_rootfs`). */
async function commitRootfs(repo: Repo, rootfs: string, progress: ProgressListener): Promise<Checksum> {
  const root = readRootfs(rootfs, { ignoreDevices: true });
  const etc = root.entries.get("etc");
  const usr = findNode(root, "usr");
  if (usr?.kind !== "dir") throw composeError("bad-tree", `${rootfs} has no /usr`);
  if (etc !== undefined) {
    if (usr.entries.has("etc")) throw composeError("bad-tree", `${rootfs} has both /etc and /usr/etc`);
    if (etc.kind !== "dir") throw composeError("bad-tree", `${rootfs}: /etc is no directory`);
    root.entries.delete("etc");
    usr.entries.set("etc", etc);
  }
  const sysroot = root.entries.get("sysroot");
  if (sysroot?.kind === "dir") sysroot.entries = new Map();
  root.meta = { ...root.meta, uid: 0, gid: 0 };
  const label = directoryPolicy(rootfs);
  const { tree, meta } = await writeTree(repo, root, label === undefined ? {} : { label }, progress);
  return writeCommit(repo, { tree, meta, timestamp: Math.floor(statSync(rootfs).mtimeMs / 1000) });
}
