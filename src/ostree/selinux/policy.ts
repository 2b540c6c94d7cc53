// SPDX-License-Identifier: Apache-2.0
/** The SELinux policy of a root file system: a directory or a commit (ostree-sepolicy.c). */
import { join } from "node:path";
import { readTextIfExists } from "../../base/index.ts";
import { tryFindInCommit } from "../find-path.ts";
import type { Repo } from "../repo.ts";
import { type DirNode, findNode } from "../tree.ts";
import { type Labeler, makeLabeler } from "./labeler.ts";

/** Reads a file of the root file system; `undefined` when there is none. */
type ReadFile = (path: string) => string | undefined;

/** The labels of the policy in a directory; `undefined` when it has no policy, or one that is switched off. */
export function directoryPolicy(root: string): Labeler | undefined {
  return readPolicy((path) => readTextIfExists(join(root, path)));
}

/** The same of a commit's tree (ostree_sepolicy_new_from_commit). */
export function commitPolicy(repo: Repo, rev: string): Labeler | undefined {
  const commit = repo.resolve(rev);
  return readPolicy((path) => {
    const found = tryFindInCommit(repo, commit, path);
    return found?.type === "file" ? repo.loadFile(found.checksum).content().toString() : undefined;
  });
}

/** The same of a tree in memory whose files are objects of a repository. */
export function treePolicy(root: DirNode): Labeler | undefined {
  return readPolicy((path) => {
    const node = findNode(root, path);
    if (node?.kind !== "file" || node.source.type !== "object") return undefined;
    return node.source.repo.loadFile(node.source.checksum).content().toString();
  });
}

function readPolicy(read: ReadFile): Labeler | undefined {
  const etc = ["etc", "usr/etc"].find((directory) => read(`${directory}/selinux/config`) !== undefined);
  const config = etc === undefined ? "" : (read(`${etc}/selinux/config`) ?? "");
  const type = /^SELINUXTYPE=\s*(\S+)/m.exec(config)?.[1];
  const mode = /^SELINUX=\s*(\S+)/m.exec(config)?.[1];
  if (type === undefined || (mode !== "enforcing" && mode !== "permissive")) return undefined;
  const file = (name: string) => read(`${etc}/selinux/${type}/contexts/files/file_contexts${name}`) ?? "";
  const labeler = makeLabeler({
    fileContexts: file(""),
    homedirs: file(".homedirs"),
    local: file(".local"),
    subs: file(".subs"),
    subsDist: file(".subs_dist"),
  });
  // The policy leaves /proc alone, which must have a label all the same as a place to mount on (ostree_sepolicy_get_label).
  return (path, mode) => labeler(path === "/proc" ? "/mnt" : path, mode);
}
