// SPDX-License-Identifier: Apache-2.0
/**
 * Writes the database that dpkg itself would have left after unpacking the packages, so that the tree's own dpkg can
 * configure them (dpkg's lib/dpkg/dump.c, dbdir.c, db-fsys-files.c, trignote.c).
 */
import { createHash } from "node:crypto";
import { formatStanza } from "../formats/index.ts";
import type { DirNode } from "../ostree/index.ts";
import type { TreePackage } from "./package.ts";
import { ensureDirectory, lookupFile, makeFileNode, put, readNode, readText } from "./tree.ts";

const admin = "var/lib/dpkg";

/** Control files that are kept elsewhere: in the status file or not at all. */
const notKept = new Set(["control", "list"]);

/**
 * @param lists paths of each package by infoName
 * @param architecture the native one, in Debian's words
 */
export function writeDpkgDatabase(
  tree: DirNode,
  packages: readonly TreePackage[],
  lists: ReadonlyMap<string, readonly string[]>,
  architecture: string,
): void {
  for (const name of ["info", "triggers", "updates", "alternatives"]) ensureDirectory(tree, `${admin}/${name}`);
  put(tree, `${admin}/info/format`, makeFileNode("1\n"));
  put(tree, `${admin}/arch`, makeFileNode(`${architecture}\n`));
  for (const name of ["diversions", "statoverride", "triggers/Unincorp"])
    put(tree, `${admin}/${name}`, makeFileNode(""));
  for (const one of packages) {
    const paths = lists.get(one.infoName) ?? [];
    put(tree, `${admin}/info/${one.infoName}.list`, makeFileNode(paths.map((path) => `${path}\n`).join("")));
    for (const [name, node] of one.control.entries) {
      if (!notKept.has(name)) put(tree, `${admin}/info/${one.infoName}.${name}`, node);
    }
  }
  put(tree, `${admin}/status`, makeFileNode(packages.map((one) => statusStanza(tree, one)).join("\n")));
  for (const [name, lines] of triggerFiles(packages)) {
    put(tree, `${admin}/triggers/${name}`, makeFileNode(lines.map((line) => `${line}\n`).join("")));
  }
}

function statusStanza(tree: DirNode, one: TreePackage): string {
  const fields = [...one.fields.entries()].filter(([name]) => !/^(status|conffiles)$/i.test(name));
  const [first, ...rest] = fields;
  if (!first) throw new Error(`${one.name} has no fields`);
  const conffiles = conffileLines(tree, one);
  return formatStanza([
    first,
    ["Status", "install ok unpacked"],
    ...rest,
    ...(conffiles.length === 0
      ? []
      : [["Conffiles", conffiles.map((line) => `\n ${line}`).join("")] as [string, string]]),
  ]);
}

/** Conffiles with their sums: the unpacked file is the one to keep, so dpkg finds nothing to do (deb-conffiles(5)). */
function conffileLines(tree: DirNode, one: TreePackage): string[] {
  const lines = (readText(one.control, "conffiles") ?? "").split("\n").map((line) => line.trim());
  return lines.flatMap((path) => {
    const node = path.startsWith("/") ? lookupFile(tree, path) : undefined;
    return node === undefined ? [] : [`${path} ${createHash("md5").update(readNode(node)).digest("hex")}`];
  });
}

/** File and named triggers that packages are interested in (deb-triggers(5)), by file below `triggers/`. */
function triggerFiles(packages: readonly TreePackage[]): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const one of packages) {
    for (const line of (readText(one.control, "triggers") ?? "").split("\n")) {
      const match = /^\s*interest(-await|-noawait)?\s+(\S+)/.exec(line);
      if (!match) continue;
      const [, kind, trigger = ""] = match;
      const interested = kind === "-noawait" ? `${one.infoName}/noawait` : one.infoName;
      const [file, text] = trigger.startsWith("/") ? ["File", `${trigger} ${interested}`] : [trigger, interested];
      if (file.includes("/") || file.startsWith(".")) continue;
      files.set(file, [...(files.get(file) ?? []), text]);
    }
  }
  return files;
}
