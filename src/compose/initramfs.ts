// SPDX-License-Identifier: Apache-2.0
/** The initramfs, made in the sandbox by the tree's own dracut: when a tree is composed, and again on a host that asks for it. */
import type { Commit, DirNode } from "../ostree/index.ts";
import { wrappedDirectory } from "./rpm/cliwrap.ts";
import { runStep } from "./scripts.ts";
import type { Workspace } from "./sandbox.ts";
import { lookup } from "./tree.ts";
import type { Treefile } from "./treefile/model.ts";

type Environment = Readonly<Record<string, string>>;

/** Makes modules.dep and the initramfs. */
export async function makeInitramfs(
  workspace: Workspace,
  tree: DirNode,
  version: string,
  treefile: Treefile,
  env: Environment,
): Promise<void> {
  await makeModulesDep(workspace, version, env);
  if (!treefile.initramfs) return;
  const own = treefile.initramfsArgs.length > 0 ? treefile.initramfsArgs : defaultArguments(tree);
  await runDracut(workspace, tree, version, own, env);
}

export async function makeModulesDep(workspace: Workspace, version: string, env: Environment): Promise<void> {
  await runStep(workspace, "depmod", ["/usr/sbin/depmod", "-a", version], env);
}

export interface RemadeInitramfs {
  /** Says by `rpmostree.initramfs-args` how its own was made. */
  readonly base: Commit;
  /** For dracut, after those of the base. */
  readonly arguments: readonly string[];
  /** A machine's /etc, of which dracut takes what it takes; default: the tree's. */
  readonly etc?: string;
}

/** Makes the initramfs of a version anew upon it (rpmostree-sysroot-upgrader.cxx, `perform_local_assembly`). */
export async function remakeInitramfs(
  workspace: Workspace,
  tree: DirNode,
  version: string,
  { base, arguments: added, etc }: RemadeInitramfs,
  env: Environment,
): Promise<void> {
  const given = base.metadata.get("rpmostree.initramfs-args");
  const own = given?.type === "as" ? (given.value as readonly string[]) : defaultArguments(tree);
  await runDracut(workspace, tree, version, [...own, ...added], env, etc);
}

export function initramfsPath(version: string): string {
  return `usr/lib/modules/${version}/initramfs.img`;
}

async function runDracut(
  workspace: Workspace,
  tree: DirNode,
  version: string,
  own: readonly string[],
  env: Environment,
  etc?: string,
): Promise<void> {
  const fixed = ["--force", "--reproducible", "--add", "ostree", "--tmpdir", "/var/tmp", "--kver", version];
  const command = [dracutOf(tree), ...fixed, ...own, `/${initramfsPath(version)}`];
  const quiet = { ...env, DRACUT_NO_MKNOD: "1", DRACUT_NO_XATTR: "1" };
  const options = etc === undefined ? {} : { show: new Map([[etc, "/etc"]]) };
  await runStep(workspace, "making the initramfs", command, quiet, options);
}

/** Where `cliwrap` has put it; what stands in its place is for a running host. */
function dracutOf(tree: DirNode): string {
  const wrapped = `${wrappedDirectory}/dracut`;
  return lookup(tree, wrapped) ? `/${wrapped}` : "/usr/bin/dracut";
}

/**
 * For any machine. dracut's own choice, zstd -15, takes eight times as long as -9 for one per cent less (24.6 and 24.9 MB
 * of a cloud kernel's 100 MB). The number of threads does not change zstd's output.
 */
function defaultArguments(tree: DirNode): string[] {
  return ["--no-hostonly", ...(lookup(tree, "usr/bin/zstd") ? ["--compress", "zstd -9 -q -T0"] : [])];
}
