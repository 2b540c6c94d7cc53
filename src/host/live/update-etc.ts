// SPDX-License-Identifier: Apache-2.0
/**
 * New defaults in the running /etc: what nobody has changed becomes as the commit has it, what somebody has is left
 * (`update_etc`). It outlives a reboot, as every change of /etc does: the merge then finds it to be the default.
 */
import { readFileSync, readlinkSync, rmdirSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import { lstatIfExists, removeIfExists, unlessErrno } from "../../base/index.ts";
import { directoryPolicy, type FoundEntry, isSymlinkMode, type Repo, type TreeChange } from "../../ostree/index.ts";
import { Place } from "./place.ts";

export interface LiveEtc {
  readonly updated: number;
  /** Relative to /etc. */
  readonly kept: readonly string[];
}

const top = "/usr/etc/";

/** @param root the running root, whose policy labels the files */
export async function updateEtc(repo: Repo, changes: readonly TreeChange[], root: string): Promise<LiveEtc> {
  const labeler = directoryPolicy(root);
  const place = new Place(repo, join(root, "etc"), labeler && ((path, mode) => labeler(`/etc${path}`, mode)));
  const outcomes = new Map<string, Outcome>();
  const removed: string[] = [];
  for (const change of changes.filter(({ path }) => path.startsWith(top))) {
    const path = change.path.slice(top.length);
    const outcome = await update(repo, place, path, change);
    // After an interruption a path is listed with each content that it may have had: one of them fits.
    if (outcome !== "kept" || !outcomes.has(path)) outcomes.set(path, outcome);
    if (change.before?.type === "dir" && change.after === undefined) removed.unshift(path);
  }
  // What somebody has put into them keeps them.
  for (const path of removed) unlessErrno(["ENOTEMPTY", "EEXIST", "ENOENT"], () => rmdirSync(join(place.root, path)));
  const paths = (wanted: Outcome) => [...outcomes].flatMap(([path, outcome]) => (outcome === wanted ? [path] : []));
  return { updated: paths("updated").length, kept: paths("kept") };
}

type Outcome = "updated" | "kept" | "same";

async function update(repo: Repo, place: Place, path: string, { before, after }: TreeChange): Promise<Outcome> {
  // A link in its place would lead elsewhere.
  if (!isDirectory(place.root, dirname(path))) return after === undefined ? "same" : "kept";
  const target = join(place.root, path);
  if (isAs(repo, target, after)) return "same";
  if (!isAs(repo, target, before)) return "kept";
  if (after !== undefined) await place.put(path, after);
  else if (before?.type === "file") removeIfExists(target);
  return "updated";
}

function isDirectory(root: string, path: string): boolean {
  const parts = path.split("/").filter((part) => part !== ".");
  const parents = parts.map((_, index) => join(root, ...parts.slice(0, index + 1)));
  return parents.every((parent) => lstatIfExists(parent)?.isDirectory() === true);
}

/** Whether a path of the machine is as a commit has it; labels are its own. */
function isAs(repo: Repo, target: string, entry: FoundEntry | undefined): boolean {
  const stat = lstatIfExists(target);
  if (stat === undefined || entry === undefined) return stat === entry;
  if (entry.type === "dir") return stat.isDirectory() && sameOwner(stat, repo.loadDirMeta(entry.meta));
  const file = repo.loadFile(entry.checksum);
  if (isSymlinkMode(file.header.mode)) return stat.isSymbolicLink() && readlinkSync(target) === file.header.symlink;
  if (!stat.isFile() || !sameOwner(stat, file.header) || stat.size !== file.size) return false;
  return file.content().equals(readFileSync(target));
}

function sameOwner(stat: Stats, { uid, gid, mode }: { uid: number; gid: number; mode: number }): boolean {
  return stat.uid === uid && stat.gid === gid && stat.mode === mode;
}
