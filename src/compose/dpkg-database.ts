// SPDX-License-Identifier: Apache-2.0
/**
 * Writes the database that dpkg itself would have left after unpacking the packages, so that the tree's own dpkg can
 * configure them (dpkg's lib/dpkg/dump.c, dbdir.c, db-fsys-files.c, trignote.c).
 */
import { createHash } from "node:crypto";
import { formatStanza, parseDeb822 } from "../formats/index.ts";
import type { DirNode } from "../ostree/index.ts";
import { infoNameOf, type TreePackage } from "./package.ts";
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
  for (const one of packages) putInfo(tree, one, lists.get(one.infoName) ?? []);
  put(tree, `${admin}/status`, makeFileNode(packages.map((one) => statusStanza(tree, one)).join("\n")));
  addTriggers(tree, packages);
}

/**
 * Adds packages to the database of a tree. What installed packages want to know of their files is noted as `dpkg-trigger`
 * would (trignote.c, `Unincorp`): configuring the new ones then runs their triggers, too.
 * @param before versions of packages that were there and whose place others take, by name
 */
export function addToDpkgDatabase(
  tree: DirNode,
  packages: readonly TreePackage[],
  lists: ReadonlyMap<string, readonly string[]>,
  before: ReadonlyMap<string, string>,
): void {
  const pending = awaitedTriggers(tree, [...lists.values()].flat());
  for (const one of packages) putInfo(tree, one, lists.get(one.infoName) ?? []);
  const stanzas = packages.map((one) => statusStanza(tree, one, before.get(one.name)));
  put(tree, `${admin}/status`, makeFileNode([readText(tree, `${admin}/status`) ?? "", ...stanzas].join("\n")));
  addTriggers(tree, packages);
  const lines = pending.map((trigger) => `${trigger} -\n`).join("");
  put(
    tree,
    `${admin}/triggers/Unincorp`,
    makeFileNode(`${readText(tree, `${admin}/triggers/Unincorp`) ?? ""}${lines}`),
  );
}

/** Paths in which somebody is interested (`triggers/File`), at or above one of these. */
function awaitedTriggers(tree: DirNode, paths: readonly string[]): string[] {
  const text = readText(tree, `${admin}/triggers/File`) ?? "";
  const interests = new Set(text.split("\n").flatMap((line) => line.split(" ")[0] || []));
  return [...interests].filter((interest) =>
    paths.some((path) => path === interest || path.startsWith(`${interest}/`)),
  );
}

/** Takes packages out of the database; their files are the caller's. */
export function removeFromDpkgDatabase(tree: DirNode, infoNames: ReadonlySet<string>): void {
  // What stays is kept to the last byte.
  const stanzas = (readText(tree, `${admin}/status`) ?? "").split(/\n{2,}/).map((text) => text.trimEnd());
  const stay = stanzas.filter((text) => {
    const [fields] = parseDeb822(text, "dpkg status");
    return fields !== undefined && !infoNames.has(infoNameOf(fields));
  });
  put(tree, `${admin}/status`, makeFileNode(stay.map((text) => `${text}\n`).join("\n")));
  const info = ensureDirectory(tree, `${admin}/info`);
  for (const name of info.entries.keys()) {
    if (infoNames.has(name.slice(0, name.lastIndexOf(".")))) info.entries.delete(name);
  }
  const triggers = ensureDirectory(tree, `${admin}/triggers`);
  for (const name of triggers.entries.keys()) {
    const lines = (readText(triggers, name) ?? "").split("\n").filter((line) => line !== "");
    const kept = lines.filter((line) => !infoNames.has((line.split(" ").at(-1) ?? "").replace(/\/noawait$/, "")));
    if (kept.length < lines.length) put(triggers, name, makeFileNode(kept.map((line) => `${line}\n`).join("")));
  }
}

/** The files of an installed package, as dpkg lists them. */
export function dpkgFileList(tree: DirNode, infoName: string): string[] {
  return (readText(tree, `${admin}/info/${infoName}.list`) ?? "").split("\n").filter((path) => path !== "");
}

export function writeDpkgFileList(tree: DirNode, infoName: string, paths: readonly string[]): void {
  put(tree, `${admin}/info/${infoName}.list`, makeFileNode(paths.map((path) => `${path}\n`).join("")));
}

function putInfo(tree: DirNode, one: TreePackage, paths: readonly string[]): void {
  writeDpkgFileList(tree, one.infoName, paths);
  for (const [name, node] of one.control.entries) {
    if (!notKept.has(name)) put(tree, `${admin}/info/${one.infoName}.${name}`, node);
  }
}

function addTriggers(tree: DirNode, packages: readonly TreePackage[]): void {
  for (const [name, lines] of triggerFiles(packages)) {
    const there = readText(tree, `${admin}/triggers/${name}`) ?? "";
    put(tree, `${admin}/triggers/${name}`, makeFileNode(`${there}${lines.map((line) => `${line}\n`).join("")}`));
  }
}

function statusStanza(tree: DirNode, one: TreePackage, before?: string): string {
  const fields = [...one.fields.entries()].filter(([name]) => !/^(status|conffiles)$/i.test(name));
  const [first, ...rest] = fields;
  if (!first) throw new Error(`${one.name} has no fields`);
  const conffiles = conffileLines(tree, one);
  return formatStanza([
    first,
    ["Status", "install ok unpacked"],
    ...(before === undefined ? [] : [["Config-Version", before] as [string, string]]),
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
