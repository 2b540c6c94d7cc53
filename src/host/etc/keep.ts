// SPDX-License-Identifier: Apache-2.0
/** Which files of /etc are this machine's own, so that no reset takes them away. */
import { join } from "node:path";
import { makeDirectories, readTextIfExists, writeFileAtomic } from "../../base/index.ts";
import { hostError } from "../errors.ts";

/** Lines of paths relative to /etc; `#` begins a comment. */
const listName = "atomic/etc-keep";

/** Without them the machine would not boot, be another one, or let nobody in. */
export const alwaysKept: readonly string[] = [
  "adjtime",
  "crypttab",
  "fstab",
  "group",
  "gshadow",
  "hostname",
  "localtime",
  "machine-id",
  "passwd",
  "shadow",
  "ssh/ssh_host_*",
  "subgid",
  "subuid",
  listName,
];

/** What a factory reset leaves: what is needed to find and open the disks. */
export const keptByFactoryReset: readonly string[] = ["crypttab", "fstab"];

/** What was asked to be kept on this machine. */
export function readKept(etc: string): readonly string[] {
  const text = readTextIfExists(join(etc, listName)) ?? "";
  return text.split("\n").flatMap((line) => line.replace(/#.*/, "").trim() || []);
}

/** Adds paths to those that are kept, or takes them off; returns the list. */
export function changeKept(etc: string, paths: readonly string[], keep: boolean): readonly string[] {
  const present = readKept(etc);
  const wanted = paths.map(checkEtcPath);
  const list = keep
    ? [...new Set([...present, ...wanted])].toSorted()
    : present.filter((path) => !wanted.includes(path));
  makeDirectories(join(etc, "atomic"));
  const text = ["# Resets of /etc leave these alone; see `atomic host etc keep`.", ...list];
  writeFileAtomic(join(etc, listName), `${text.join("\n")}\n`);
  return list;
}

export function isKept(path: string, kept: readonly string[]): boolean {
  return [...alwaysKept, ...kept].some((pattern) => {
    if (!pattern.endsWith("*")) return path === pattern || path.startsWith(`${pattern}/`);
    return path.startsWith(pattern.slice(0, -1));
  });
}

/** Takes `/etc/x` and `x`; what would lead out of /etc is refused. */
export function checkEtcPath(given: string): string {
  const path = given.replace(/^\/etc(\/|$)/, "").replace(/\/+$/, "");
  const parts = path.split("/");
  const leadsOut = path.startsWith("/") || parts.some((part) => part === ".." || part === "." || part === "");
  if (path === "" || leadsOut || /[\n\0#]/.test(path))
    throw hostError("bad-etc-path", `${JSON.stringify(given)} is no path below /etc`);
  return path;
}
