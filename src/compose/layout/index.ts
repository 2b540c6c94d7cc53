// SPDX-License-Identifier: Apache-2.0
/** Gives a tree as packages install it the shape of an OSTree deployment. Pure: nothing but the tree in memory changes. */
import type { DirNode } from "../../ostree/index.ts";
import { lookupFile, makeFileNode, move, put, walk, withHeader } from "../tree.ts";
import type { FormatLayout } from "../format.ts";
import { removeIdentities, removePythonCaches } from "./cleanup.ts";
import { splitAccounts } from "./altfiles.ts";
import { moveDatabase } from "./database.ts";
import { kernelVersion, linkBootFiles, placeKernel } from "./kernel.ts";
import { mutateOsRelease } from "./os-release.ts";
import { adaptPolicy, maskRelabelling, moveModuleStore, policyType } from "./selinux.ts";
import { addSshKeygen } from "./ssh.ts";
import { enableStateOverlays } from "./state-overlay.ts";
import { shapeToplevel, writeIntegration } from "./toplevel.ts";
import type { Treefile } from "../treefile/model.ts";
import { sysusersLines } from "./users.ts";
import { emptyVar } from "./var.ts";

export interface LayoutOptions extends Pick<
  Treefile,
  | "machineidCompat"
  | "tmpIsDir"
  | "optUsrlocal"
  | "selinux"
  | "readonlyExecutables"
  | "container"
  /** Groups that stay in /etc/group as well, so that a host can add members. */
  | "etcGroupMembers"
> {
  /** Whether kernel and initramfs are in /usr/lib/ostree-boot as well. */
  readonly bootFiles: boolean;
  /** The base version that `mutate-os-release` names. */
  readonly osReleaseBase?: string;
  readonly version?: string;
}

export function shapeDeployment(tree: DirNode, format: FormatLayout, options: LayoutOptions): void {
  removeIdentities(tree, options);
  if (format.pythonCaches === "removed") removePythonCaches(tree);
  const kernel = options.container ? undefined : kernelVersion(tree);
  if (kernel !== undefined) placeKernel(tree, kernel);
  const policy = options.selinux ? policyType(tree) : undefined;
  if (policy !== undefined) {
    moveModuleStore(tree, policy);
    adaptPolicy(tree, policy, format.database);
    maskRelabelling(tree);
  }
  nameRelease(tree, format, options);
  addSshKeygen(tree);
  moveDatabase(tree, format.database);
  shapeToplevel(tree, options);
  if (options.optUsrlocal === "state-overlay") enableStateOverlays(tree);
  writeIntegration(tree, format.database, options.optUsrlocal);
  emptyVar(tree, format);
  keepAccounts(tree, format, options);
  move(tree, "etc", "usr/etc");
  openInitramfs(tree, kernel);
  if (kernel !== undefined && options.bootFiles) linkBootFiles(tree, kernel);
  if (options.readonlyExecutables) protectExecutables(tree);
}

/** Writes the version into os-release, where it is to be there. */
export function nameRelease(
  tree: DirNode,
  { osRelease }: FormatLayout,
  { version, osReleaseBase }: Pick<LayoutOptions, "version" | "osReleaseBase">,
): void {
  if (version === undefined || (osRelease === "asked" && osReleaseBase === undefined)) return;
  mutateOsRelease(tree, osReleaseBase, version);
}

/** Where accounts that packages make are kept. */
function keepAccounts(tree: DirNode, { accounts }: FormatLayout, { etcGroupMembers }: LayoutOptions): void {
  if (accounts === "altfiles" && splitAccounts(tree, etcGroupMembers)) return;
  put(tree, "usr/lib/sysusers.d/atomic-accounts.conf", makeFileNode(`${sysusersLines(tree).join("\n")}\n`));
}

/** dracut makes the initramfs readable for root only; it has no secrets, and hosts serve it to each other. */
export function openInitramfs(tree: DirNode, kernel: string | undefined): void {
  const path = `usr/lib/modules/${kernel}/initramfs.img`;
  const node = lookupFile(tree, path);
  if (node) put(tree, path, withHeader(node, { ...node.header, mode: 0o100644 }));
}

/** rpm-ostree's `readonly-executables`: nobody may write to a file that all may execute. */
function protectExecutables(tree: DirNode): void {
  for (const [, node] of walk(tree)) {
    if (node.kind !== "file" || node.header.symlink !== "" || (node.header.mode & 0o111) !== 0o111) continue;
    node.header = { ...node.header, mode: node.header.mode & ~0o222 };
  }
}
