// SPDX-License-Identifier: Apache-2.0
import { type Dirent, existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { unlessErrno } from "../base/index.ts";
import { ostreeError } from "./errors.ts";
import type { Checksum } from "./model.ts";
import { formatRefSpec, isRefFragment, parseRefFile, parseRefSpec, readOwnRef, refDirectory } from "./refs.ts";

/** All local and remote refs, sorted: `ref` and `remote:ref`. */
export function listRefs(repo: string): Map<string, Checksum> {
  return allRefs(repo, refsBelow);
}

/**
 * The names alone of what `listRefs`, or with a prefix `listRefsWithPrefix` finds. The refs are not read, which takes most
 * of the time: one that holds no checksum is among them, as it is for libostree.
 */
export function listRefNames(repo: string, prefix?: string, whole = true): string[] {
  const found = prefix === undefined ? allRefs(repo, namesBelow) : refsWithPrefix(repo, prefix, whole, namesBelow);
  return [...found.keys()];
}

/** Finds the refs in a directory of refs. */
type Search<Value> = (directory: string) => [ref: string, value: Value][];

function allRefs<Value>(repo: string, search: Search<Value>): Map<string, Value> {
  const found = search(refDirectory(repo, {}));
  for (const remote of listRemoteDirectory(repo)) {
    for (const [ref, value] of search(refDirectory(repo, { remote }))) found.push([`${remote}:${ref}`, value]);
  }
  return sorted(found);
}

/** Its lack is an error (ostree_repo_list_refs): refs would be missing from the list, and prune deletes what no ref has. */
function listRemoteDirectory(repo: string): string[] {
  const path = join(repo, "refs/remotes");
  const names = unlessErrno(["ENOENT"], () => readdirSync(path));
  if (names === undefined) throw ostreeError("not-a-repo", `Listing refs: opendir(${path}): No such file or directory`);
  return names.sort();
}

/**
 * The refs at `prefix` (`REF`, `REMOTE:REF`, `REMOTE:`) or below it.
 * @param whole names are whole; otherwise without the prefix and its slash (ostree_repo_list_refs)
 */
export function listRefsWithPrefix(repo: string, prefix: string, whole: boolean): Map<string, Checksum> {
  return refsWithPrefix(repo, prefix, whole, refsBelow);
}

function refsWithPrefix<Value>(
  repo: string,
  prefix: string,
  whole: boolean,
  search: Search<Value>,
): Map<string, Value | Checksum> {
  // "REMOTE:" and, for flatpak, "REMOTE:." are all refs of the remote.
  const remote = /^([\w][-.\w]*):\.?$/.exec(prefix)?.[1];
  const spec = remote === undefined ? parseRefSpec(prefix) : { remote, ref: "" };
  const single = spec.ref === "" ? undefined : readOwnRef(repo, spec);
  if (single !== undefined) return new Map([[prefix, single]]);
  const start = whole && spec.ref !== "" ? `${spec.ref}/` : "";
  const found = search(join(refDirectory(repo, spec), spec.ref));
  return sorted(found.map(([ref, value]) => [formatRefSpec({ ...spec, ref: `${start}${ref}` }), value]));
}

/** Aliases among the local refs at or below `prefix`: what each one's link leads to. */
export function listAliases(repo: string, prefix?: string): Map<string, string> {
  const found: [string, string][] = [];
  const root = refDirectory(repo, {});
  walkRefs(root, "", (ref, entry) => {
    if (!entry.isSymbolicLink()) return;
    if (prefix === undefined || ref === prefix || ref.startsWith(`${prefix}/`)) {
      found.push([ref, readlinkSync(join(root, ref)).replace(/^(?:\.\.\/)+/, "")]);
    }
  });
  return sorted(found);
}

/** The refs in a directory of refs, by their names below it; in no order. */
export function refsBelow(directory: string): [ref: string, commit: Checksum][] {
  const found: [string, Checksum][] = [];
  walkRefs(directory, "", (ref, entry) => {
    const path = `${directory}/${ref}`;
    // A dangling alias is no ref, and a ref may be deleted while the list is made.
    const text =
      entry.isFile() || entry.isSymbolicLink() ? unlessErrno(["ENOENT"], () => readFileSync(path, "utf8")) : undefined;
    if (text !== undefined) found.push([ref, parseRefFile(text, path)]);
  });
  return found;
}

/** A dangling alias is no ref. */
function namesBelow(directory: string): [ref: string, value: undefined][] {
  const found: [string, undefined][] = [];
  walkRefs(directory, "", (ref, entry) => {
    if (entry.isFile() || (entry.isSymbolicLink() && existsSync(`${directory}/${ref}`))) found.push([ref, undefined]);
  });
  return found;
}

/** Other tools leave files whose names cannot be a ref's, as do writers that are not done: they are passed over. */
function walkRefs(directory: string, prefix: string, found: (ref: string, entry: Dirent) => void): void {
  const entries = unlessErrno(["ENOENT", "ENOTDIR"], () => readdirSync(directory, { withFileTypes: true })) ?? [];
  for (const entry of entries) {
    if (!isRefFragment(entry.name)) continue;
    if (entry.isDirectory()) walkRefs(`${directory}/${entry.name}`, `${prefix}${entry.name}/`, found);
    else found(`${prefix}${entry.name}`, entry);
  }
}

function sorted<Value>(entries: [string, Value][]): Map<string, Value> {
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
