// SPDX-License-Identifier: Apache-2.0
/** Opens a deployment's tree so that packages can be added to it, and gives it its shape again. */
import type { DirNode, TreeNode } from "../../ostree/index.ts";
import type { FormatLayout } from "../format.ts";
import { removeIdentities, removePythonCaches } from "../layout/cleanup.ts";
import { moveDatabase } from "../layout/database.ts";
import { openInitramfs } from "../layout/index.ts";
import { kernelVersion, linkBootFiles, placeKernel } from "../layout/kernel.ts";
import { adaptPolicy, maskRelabelling, moveModuleStore, policyType } from "../layout/selinux.ts";
import { shapeToplevel, type ToplevelOptions } from "../layout/toplevel.ts";
import { sysusersLines } from "../layout/users.ts";
import { emptyVar } from "../layout/var.ts";
import {
  ensureDirectory,
  isSymlink,
  lookup,
  lookupDirectory,
  makeDirectoryNode,
  makeFileNode,
  move,
  put,
  take,
} from "../tree.ts";
import { closeAccounts, type OpenedAccounts, openAccounts } from "./accounts.ts";
import type { LayerOptions } from "./model.ts";
import { restoreVar } from "./restore-var.ts";

/** What of a base's shape cannot be read from the tree any more once it is opened. */
export interface OpenedBase {
  readonly toplevel: ToplevelOptions;
  readonly tmp: TreeNode | undefined;
  readonly machineId: boolean;
  readonly kernel: string | undefined;
  readonly bootFiles: boolean;
  readonly policy: string | undefined;
  readonly accounts: OpenedAccounts;
  readonly database: FormatLayout["database"];
}

type AccountTexts = Readonly<Record<"passwd" | "group", string>>;

/** Makes /etc of /usr/etc, and brings back the package database and /var. */
export function openBase(
  tree: DirNode,
  { database }: FormatLayout,
  earlier: AccountTexts | undefined,
  host: LayerOptions["hostAccounts"],
): OpenedBase {
  const toplevel = toplevelOf(tree);
  const machineId = lookup(tree, "usr/etc/machine-id") !== undefined;
  const bootFiles = lookupDirectory(tree, "usr/lib/ostree-boot") !== undefined;
  const kernel = kernelVersion(tree);
  move(tree, "usr/etc", "etc");
  const policy = policyType(tree);
  put(tree, "var", makeDirectoryNode());
  for (const name of ["home", "roothome", "opt", "srv", "mnt", "usrlocal", "lib", "tmp"])
    ensureDirectory(tree, `var/${name}`);
  const accounts = openAccounts(tree, earlier, host);
  restoreVar(tree);
  if (!lookup(tree, "usr/share/rpm/rpmdb.sqlite")) move(tree, database.released, database.installed);
  const tmp = lookup(tree, "tmp");
  if (isSymlink(tmp)) put(tree, "tmp", makeDirectoryNode());
  return { toplevel, tmp, machineId, kernel, bootFiles, policy, accounts, database };
}

function toplevelOf(tree: DirNode): ToplevelOptions {
  const opt = lookup(tree, "opt");
  const optUsrlocal = isSymlink(opt) ? (opt.header.symlink.startsWith("usr/lib") ? "state-overlay" : "var") : "root";
  return { tmpIsDir: lookup(tree, "tmp")?.kind === "dir", optUsrlocal };
}

/** The steps of `shapeDeployment` that the base has not had already, or that what was added needs again. */
export function closeBase(tree: DirNode, layout: FormatLayout, base: OpenedBase): void {
  removeIdentities(tree, { machineidCompat: base.machineId });
  if (layout.pythonCaches === "removed") removePythonCaches(tree);
  const kernel = kernelVersion(tree);
  if (kernel !== undefined) placeKernel(tree, kernel);
  const policy = policyType(tree);
  if (policy !== undefined) moveModuleStore(tree, policy);
  if (policy !== undefined && base.policy === undefined) {
    adaptPolicy(tree, policy, layout.database);
    maskRelabelling(tree);
  }
  if (lookup(tree, base.database.installed)?.kind === "dir") moveDatabase(tree, base.database);
  shapeToplevel(tree, base.toplevel);
  closeAccounts(tree, base.accounts);
  emptyVar(tree, layout, "atomic-layers-autovar.conf");
  if (base.accounts.inEtc.passwd === undefined)
    put(tree, "usr/lib/sysusers.d/atomic-accounts.conf", makeFileNode(`${sysusersLines(tree).join("\n")}\n`));
  move(tree, "etc", "usr/etc");
  openInitramfs(tree, kernel);
  if (kernel !== undefined && base.bootFiles) {
    take(tree, "usr/lib/ostree-boot");
    linkBootFiles(tree, kernel);
  }
}
