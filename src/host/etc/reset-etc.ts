// SPDX-License-Identifier: Apache-2.0
/** Takes changes of /etc back to what the version shipped; what was there is put aside. */
import { lstatSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  copyAttributes,
  copyTree,
  lstatIfExists,
  makeDirectories,
  removeTree,
  syncDirectory,
} from "../../base/index.ts";
import { hostError } from "../errors.ts";
import { type Deployment, deploymentPath } from "../model.ts";
import type { Sysroot } from "../sysroot.ts";
import { checkEtcPath } from "./keep.ts";
import { etcDirectories, type EtcDrift, etcDrift, isBelow } from "./drift.ts";

export interface EtcReset {
  readonly reset: readonly string[];
  /** Changes that stay because they are kept. */
  readonly kept: readonly string[];
  /** Where the files are now that were there, with their paths; undefined when there were none. */
  readonly backup: string | undefined;
}

/**
 * Resets paths below /etc, or all of it. Files are replaced one by one, each at once: a crash leaves some reset and the
 * others as they were, and every old one in the backup.
 * @param paths given by name, they are reset even when they are kept; none: all but what is kept
 */
export async function resetEtc(sysroot: Sysroot, deployment: Deployment, paths: readonly string[]): Promise<EtcReset> {
  using _lock = await sysroot.lock();
  const named = paths.map(checkEtcPath);
  const drift = etcDrift(sysroot, deployment, named);
  for (const path of named)
    if (!drift.some((change) => isBelow(change.path, path)))
      throw hostError("bad-etc-path", `/etc/${path} is as the version shipped it`, { hint: "atomic host etc diff" });
  // A directory with something that is kept stays as well.
  const holdsKept = (path: string) => drift.some((one) => one.kept && one.path !== path && isBelow(one.path, path));
  const wanted = drift.filter(({ path, kept }) => named.includes(path) || (!kept && !holdsKept(path)));
  const backup = putAside(sysroot, deployment, wanted);
  const { original, modified } = etcDirectories(sysroot, deployment);
  for (const { path } of wanted) restore(join(original, path), join(modified, path));
  syncDirectory(modified);
  const reset = wanted.map(({ path }) => path);
  return { reset, kept: drift.flatMap(({ path }) => (reset.includes(path) ? [] : [path])), backup };
}

/** Copies what will be replaced or removed to /var, where no version touches it. */
function putAside(sysroot: Sysroot, deployment: Deployment, changes: readonly EtcDrift[]): string | undefined {
  const present = changes.filter(({ kind }) => kind !== "removed");
  if (present.length === 0) return undefined;
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "");
  const place = `lib/atomic/etc-backup/${stamp}`;
  const directory = join(sysroot.path, dirname(dirname(deploymentPath(deployment))), "var", place);
  const { modified } = etcDirectories(sysroot, deployment);
  makeDirectories(directory, 0o700);
  for (const { path } of present) {
    const [from, to] = [join(modified, path), join(directory, path)];
    makeDirectories(dirname(to), 0o700);
    if (lstatSync(from).isDirectory()) makeDirectories(to, 0o700);
    else copyTree(from, to);
  }
  return `/var/${place}`;
}

function restore(from: string, to: string): void {
  const shipped = lstatIfExists(from);
  if (shipped === undefined) removeTree(to);
  else if (shipped.isDirectory() && lstatIfExists(to)?.isDirectory() === true) copyAttributes(from, shipped, to);
  else replace(from, to);
}

/** At any time there is the old file or the new one, except where one of them is a directory. */
function replace(from: string, to: string): void {
  const temporary = join(dirname(to), `.${basename(to)}.atomic-new`);
  removeTree(temporary);
  makeDirectories(dirname(to));
  copyTree(from, temporary);
  if (lstatIfExists(to)?.isDirectory() === true) removeTree(to);
  renameSync(temporary, to);
}
