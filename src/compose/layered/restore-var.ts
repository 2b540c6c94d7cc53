// SPDX-License-Identifier: Apache-2.0
/** The way back from what `emptyVar` did: scripts are to find /var as it is on a host that has booted. */
import type { DirNode } from "../../ostree/index.ts";
import {
  ensureDirectory,
  isSymlink,
  lookup,
  lookupDirectory,
  makeDirectoryNode,
  put,
  readText,
  take,
  walk,
} from "../tree.ts";
import { readAccounts } from "../layout/users.ts";

const factory = "usr/share/factory/var";

/** @param tree whose /etc is /etc */
export function restoreVar(tree: DirNode): void {
  for (const text of tmpfilesTexts(tree)) makeDirectories(tree, text);
  for (const [path, node] of walk(lookupDirectory(tree, factory) ?? makeDirectoryNode())) {
    if (node.kind === "file") put(tree, `var/${path}`, node);
  }
  take(tree, factory);
}

function* tmpfilesTexts(tree: DirNode): Generator<string> {
  for (const directory of ["usr/lib/tmpfiles.d", "etc/tmpfiles.d"]) {
    for (const [name, node] of lookupDirectory(tree, directory)?.entries ?? []) {
      if (name.endsWith(".conf") && node.kind === "file" && !isSymlink(node))
        yield readText(tree, `${directory}/${name}`) ?? "";
    }
  }
}

/** tmpfiles.d(5): directories below /var whose path is written out. */
const directoryLine = /^[dDvqQ][-+!^=~$?]*\s+(\/var\/[^\s"%*]+)(?:\s+(\S+)(?:\s+(\S+)(?:\s+(\S+))?)?)?/gm;

function makeDirectories(tree: DirNode, text: string): void {
  for (const [, path = "", mode, user, group] of text.matchAll(directoryLine)) {
    const name = path.slice(1).replace(/\/+$/, "");
    if (lookup(tree, name)) continue;
    const bits = /^~?:?([0-7]{3,4})$/.exec(mode ?? "")?.[1] ?? "755";
    ensureDirectory(tree, name).meta = {
      uid: idOf(tree, "etc/passwd", user),
      gid: idOf(tree, "etc/group", group),
      mode: 0o040000 | Number.parseInt(bits, 8),
      xattrs: [],
    };
  }
}

function idOf(tree: DirNode, file: "etc/passwd" | "etc/group", name: string | undefined): number {
  if (name === undefined || name === "-" || name === "root") return 0;
  if (/^\d+$/.test(name)) return Number(name);
  return readAccounts(tree, file).find((account) => account.name === name)?.id ?? 0;
}
