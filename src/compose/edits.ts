// SPDX-License-Identifier: Apache-2.0
/** The treefile's own changes to the installed tree, and the steps that need the tree's programs. */
import { readFileSync, statSync } from "node:fs";
import { type DirNode, scanTree, type TreeNode } from "../ostree/index.ts";
import { unlessErrno } from "../base/index.ts";
import { composeError } from "./errors.ts";
import { applyUpper } from "./overlay.ts";
import { runStep } from "./scripts.ts";
import type { Workspace } from "./sandbox.ts";
import { lookup, makeFileNode, makeSymlinkNode } from "./tree.ts";
import type { AddedFile, Treefile } from "./treefile/model.ts";
import { putInUpper, removeInUpper } from "./upper.ts";

/** How ostree-prepare-root(1) mounts a deployment; read in the initramfs, too, so it comes before that is made. */
const prepareRoot = "[sysroot]\nreadonly=true\n";

/** Does `remove-files`, `add-files`, `units`, `default-target` and `postprocess`, in rpm-ostree's order. */
export async function applyTreefile(
  workspace: Workspace,
  tree: DirNode,
  treefile: Treefile,
  executable: string | undefined,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const edit = (path: string, node: TreeNode) => putInUpper(workspace, tree, path, node);
  // A distribution that has one of its own knows better.
  const isBare = lookup(tree, "usr/lib/ostree") && !lookup(tree, "usr/lib/ostree/prepare-root.conf");
  if (isBare) edit("usr/lib/ostree/prepare-root.conf", makeFileNode(prepareRoot));
  for (const path of treefile.removeFiles) removeInUpper(workspace, tree, path);
  for (const added of treefile.addFiles) edit(added.target, readAdded(added));
  if (executable !== undefined) edit("usr/bin/atomic", fileNode(executable, 0o755));
  if (treefile.defaultTarget !== undefined) {
    edit("usr/lib/systemd/system/default.target", makeSymlinkNode(treefile.defaultTarget));
  }
  applyUpper(tree, workspace.upper);
  await enableUnits(workspace, tree, treefile, env);
  await runPostprocess(workspace, treefile, env);
  applyUpper(tree, workspace.upper);
}

/**
 * Enables units as they say themselves; rpm-ostree's trees have them in multi-user.target.wants whatever they say
 * (composepost.rs `compose_postprocess_units`).
 */
async function enableUnits(
  workspace: Workspace,
  tree: DirNode,
  { units, format }: Treefile,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  if (units.length === 0) return;
  await runStep(workspace, `enabling ${units.join(" ")}`, ["/usr/bin/systemctl", "enable", ...units], env);
  if (format === "deb") return;
  applyUpper(tree, workspace.upper);
  for (const unit of units) {
    const path = `etc/systemd/system/multi-user.target.wants/${unit}`;
    if (!lookup(tree, path)) putInUpper(workspace, tree, path, makeSymlinkNode(`/usr/lib/systemd/system/${unit}`));
  }
}

function readAdded({ source }: AddedFile): TreeNode {
  const stat = unlessErrno(["ENOENT"], () => statSync(source));
  if (!stat) throw composeError("treefile-include", `add-files: ${source}: no such file`);
  if (!stat.isDirectory()) return fileNode(source, stat.mode & 0o755);
  const tree = scanTree(source);
  return rootOwned(tree);
}

/** A file on disk as root's; the composing user's ids mean nothing in the tree. */
function fileNode(path: string, mode: number): TreeNode {
  const header = { uid: 0, gid: 0, mode: 0o100000 | mode, symlink: "", xattrs: [] };
  return { kind: "file", header, source: { type: "path", path, size: statSync(path).size } };
}

function rootOwned(tree: DirNode): DirNode {
  tree.meta = { ...tree.meta, uid: 0, gid: 0, xattrs: [] };
  for (const [name, node] of tree.entries) {
    if (node.kind === "dir") rootOwned(node);
    else
      tree.entries.set(name, {
        kind: "file",
        source: node.source,
        header: { ...node.header, uid: 0, gid: 0, xattrs: [] },
      });
  }
  return tree;
}

async function runPostprocess(
  workspace: Workspace,
  treefile: Treefile,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const scripts = treefile.postprocess.map((text, index) => ({ text, what: `postprocess script ${index + 1}` }));
  if (treefile.postprocessScript !== undefined) {
    const text = readFileSync(treefile.postprocessScript, "utf8");
    scripts.push({ text, what: treefile.postprocessScript });
  }
  for (const { text, what } of scripts) {
    // The file lies in the sandbox's own /run: it is executed as it is, by its own interpreter.
    const start =
      "mkdir -p /run/atomic; cat > /run/atomic/script; chmod 755 /run/atomic/script; exec /run/atomic/script";
    await runStep(workspace, what, ["/bin/sh", "-c", start], env, { code: "postprocess-failed", input: text });
  }
}
