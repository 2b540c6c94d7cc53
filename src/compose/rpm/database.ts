// SPDX-License-Identifier: Apache-2.0
/** The database of a tree's packages, at the place and with the settings that rpm-ostree gives it (write_rpmdb). */
import { join } from "node:path";
import { statSync } from "node:fs";
import type { DirNode, FileNode } from "../../ostree/index.ts";
import { type InstalledRpm, rpmTag, writeSqliteDatabase } from "../../packages/index.ts";
import { composeError } from "../errors.ts";
import type { Workspace } from "../sandbox.ts";
import { makeFileNode, makeSymlinkNode, put, readText, take } from "../tree.ts";
import type { TreeRpm } from "./package.ts";

export const databasePlace = "usr/share/rpm";
export const databaseFile = "rpmdb.sqlite";

/**
 * Puts the database into the tree. It is made of the packages alone: the same ones give the same bytes.
 * @param packages in the order of their installation
 * @param skipped files of each that the tree does not have on purpose
 * @param color ELF classes that the machine can run
 */
export function writeRpmDatabase(
  tree: DirNode,
  workspace: Workspace,
  packages: readonly TreeRpm[],
  skipped: ReadonlyMap<TreeRpm, ReadonlySet<string>>,
  color: number,
): void {
  refuseOtherFormats(tree);
  const path = join(workspace.path, databaseFile);
  const time = Math.max(0, ...packages.map(({ head }) => head.header.number(rpmTag.buildTime) ?? 0));
  writeSqliteDatabase(
    path,
    packages.map((one) => installedRpm(one, skipped.get(one) ?? new Set(), time, color)),
  );
  take(tree, databasePlace);
  const header = { uid: 0, gid: 0, mode: 0o100644, symlink: "", xattrs: [] };
  const node: FileNode = { kind: "file", header, source: { type: "path", path, size: statSync(path).size } };
  put(tree, `${databasePlace}/${databaseFile}`, node);
  // Of the base, when a host layers packages.
  put(tree, `usr/lib/sysimage/rpm-ostree-base-db/${databaseFile}`, node);
  take(tree, "usr/lib/sysimage/rpm");
  put(tree, "usr/lib/sysimage/rpm", makeSymlinkNode("../../share/rpm"));
  take(tree, "var/lib/rpm");
  put(tree, "usr/lib/rpm/macros.d/macros.rpm-ostree", makeFileNode(`%_dbpath /${databasePlace}\n`));
}

/** What the database keeps of a package. */
export function installedRpm(
  { head }: TreeRpm,
  skipped: ReadonlySet<string>,
  time: number,
  color: number,
): InstalledRpm {
  return {
    header: head.header,
    signatureHeader: head.signatureHeader,
    installTime: time,
    transaction: time,
    color,
    fileStates: head.table.files.map((one) => {
      if (!skipped.has(one.path)) return "normal";
      return color !== 0 && one.color !== 0 ? "wrong-color" : "not-installed";
    }),
  };
}

/** A tree whose own rpm reads another format would find no packages. */
function refuseOtherFormats(tree: DirNode): void {
  const backend = /^%_db_backend\s+(\S+)/m.exec(readText(tree, "usr/lib/rpm/macros") ?? "")?.[1];
  if (backend === undefined || backend === "sqlite") return;
  throw composeError("treefile-unsupported", `the tree's rpm keeps its database as ${backend}; only sqlite is written`);
}
