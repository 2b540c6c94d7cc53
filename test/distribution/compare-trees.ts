// SPDX-License-Identifier: Apache-2.0
/** What two directory trees have differently, but for times. */
import { createHash } from "node:crypto";
import { type Dirent, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { getXattr } from "../../src/base/index.ts";

/** A line for each path: kind, mode, owner, capabilities and content. */
export type TreeDescription = ReadonlyMap<string, string>;

/** @param where the path that a path is known by, or `undefined` to leave it out with all below it */
export function describeTree(root: string, where: (path: string) => string | undefined): TreeDescription {
  const found = new Map<string, string>();
  const name = nameAccounts(root);
  const visit = (directory: string) => {
    for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
      const path = directory === "" ? entry.name : `${directory}/${entry.name}`;
      const known = where(path);
      if (known === undefined) continue;
      found.set(known, describe(join(root, path), entry, name));
      if (entry.isDirectory()) visit(path);
    }
  };
  visit("");
  return found;
}

/** Owners by name: accounts that a package makes get any number. */
function nameAccounts(root: string): (file: "passwd" | "group", id: number) => string {
  const read = (file: string) => {
    const texts = ["etc", "usr/etc", "usr/lib"].map((directory) => readText(join(root, directory, file)));
    const entries = texts.flatMap((text) => text.split("\n")).map((line) => line.split(":"));
    return new Map(entries.map(([name = "", , id]) => [Number(id), name]));
  };
  const names = { passwd: read("passwd"), group: read("group") };
  return (file, id) => names[file].get(id) ?? String(id);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function describe(path: string, entry: Dirent, name: ReturnType<typeof nameAccounts>): string {
  const { mode, uid, gid } = lstatSync(path);
  const owner = `${name("passwd", uid)}:${name("group", gid)}`;
  if (entry.isSymbolicLink()) return `symlink ${owner} ${readlinkSync(path)}`;
  const rights = `${(mode & 0o7777).toString(8)} ${owner}`;
  if (entry.isDirectory()) return `directory ${rights}`;
  if (!entry.isFile()) return `special ${rights}`;
  const capabilities = getXattr(path, "security.capability")?.toString("hex") ?? "";
  return `file ${rights} ${capabilities} ${createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 16)}`;
}

/** `- path: description` for what only the first has, `+ ` for the second. */
export function differences(expected: TreeDescription, actual: TreeDescription): string[] {
  const paths = [...new Set([...expected.keys(), ...actual.keys()])].sort();
  return paths.flatMap((path) => {
    const [a, b] = [expected.get(path), actual.get(path)];
    if (a === b) return [];
    return [...(a === undefined ? [] : [`- ${path}: ${a}`]), ...(b === undefined ? [] : [`+ ${path}: ${b}`])];
  });
}
