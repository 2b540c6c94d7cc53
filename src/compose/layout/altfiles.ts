// SPDX-License-Identifier: Apache-2.0
/**
 * Accounts that packages make go to /usr/lib/passwd and /usr/lib/group, where nss-altfiles finds them: /etc has only what
 * the host itself adds (rpm-ostree's rust/src/passwd.rs, `migrate_passwd_except_root` and `migrate_group_except_root`).
 */
import type { DirNode } from "../../ostree/index.ts";
import { lookupFile, makeFileNode, put, readText, walk, withHeader } from "../tree.ts";

/**
 * Splits the files of a tree whose /etc is /etc.
 * @param kept groups that stay in /etc/group too
 * @returns false where the tree has no nss-altfiles, and so nothing was done
 */
export function splitAccounts(tree: DirNode, kept: readonly string[]): boolean {
  const library = [...walk(tree)].some(([path]) => /^usr\/lib(64)?\/([^/]+\/)?libnss_altfiles\.so\.2$/.test(path));
  if (!library || readText(tree, "etc/passwd") === undefined) return false;
  split(tree, "passwd", (_, id) => (id === "0" ? "etc" : "usr/lib"));
  split(tree, "group", (name, id) => (id === "0" ? "etc" : kept.includes(name) ? "both" : "usr/lib"));
  const path = "etc/nsswitch.conf";
  const text = readText(tree, path);
  if (text !== undefined) replace(tree, path, addAltfiles(text));
  return true;
}

function split(
  tree: DirNode,
  file: "passwd" | "group",
  place: (name: string, id: string) => "etc" | "usr/lib" | "both",
): void {
  const lines = (readText(tree, `etc/${file}`) ?? "").split("\n").filter((line) => line !== "");
  const at = (line: string) => {
    const [name = "", , id = ""] = line.split(":");
    return place(name, id);
  };
  const earlier = readText(tree, `usr/lib/${file}`) ?? "";
  const moved = lines.filter((line) => at(line) !== "etc");
  put(tree, `usr/lib/${file}`, makeFileNode(`${earlier}${moved.map((line) => `${line}\n`).join("")}`));
  const stay = lines.filter((line) => at(line) !== "usr/lib");
  replace(tree, `etc/${file}`, stay.map((line) => `${line}\n`).join(""));
}

function replace(tree: DirNode, path: string, text: string): void {
  const node = lookupFile(tree, path);
  const fresh = makeFileNode(text);
  put(tree, path, node ? withHeader(fresh, { ...node.header, xattrs: [] }) : fresh);
}

/** `altfiles` after `files`, or last, unless a line has it already (composepost.rs `add_altfiles`). */
export function addAltfiles(text: string): string {
  const lines = text.split("\n");
  if (lines.some((line) => isAccounts(line) && sources(line).includes("altfiles"))) return text;
  return lines
    .map((line) => {
      if (!isAccounts(line)) return line;
      const names = sources(line);
      const at = names.includes("files") ? names.indexOf("files") + 1 : names.length;
      return `${line.slice(0, line.indexOf(":") + 1)} ${names.toSpliced(at, 0, "altfiles").join(" ")}`;
    })
    .join("\n");
}

function isAccounts(line: string): boolean {
  return line.startsWith("passwd:") || line.startsWith("group:");
}

function sources(line: string): string[] {
  return line
    .slice(line.indexOf(":") + 1)
    .split(/\s+/)
    .filter((name) => name !== "");
}
