// SPDX-License-Identifier: Apache-2.0
/** What a generation has outside of its directory: its unit, its tmpfiles.d(5) file, and the files that the image brings. */
import { rmdirSync } from "node:fs";
import { join } from "node:path";
import {
  lstatIfExists,
  makeDirectories,
  readTextIfExists,
  removeIfExists,
  run,
  syncDirectory,
  unlessErrno,
  writeFileAtomic,
} from "../../base/index.ts";
import { gearError } from "../errors.ts";
import type { Name } from "../name.ts";
import type { ServiceManager } from "../systemd/model.ts";
import { hostFileConflicts, placeHostFiles, removeHostFiles } from "./host-files.ts";
import type { SystemGeneration } from "./model.ts";
import type { SystemStore } from "./store.ts";
import { tmpfilesDirectories } from "./tmpfiles.ts";

export const unitOf = (name: Name): string => `${name}.service`;

const units = "etc/systemd/system";
const unitPath = (store: SystemStore, name: Name) => join(store.root, units, unitOf(name));
const tmpfilesPath = (store: SystemStore, name: Name) => join(store.root, "etc/tmpfiles.d", `atomic-${name}.conf`);

/** @throws gear-conflict, before anything is changed */
export async function refuseSystemConflicts(
  store: SystemStore,
  services: ServiceManager,
  to: SystemGeneration,
  from: SystemGeneration | undefined,
): Promise<void> {
  const found = hostFileConflicts(store.root, to.hostFiles, from?.hostFiles ?? []);
  if (to.unit !== undefined && from?.unit === undefined) {
    const { loadState, fragment } = await services.unit(unitOf(to.name));
    if (loadState === "masked") found.push(`unit ${unitOf(to.name)} is masked`);
    else if (fragment !== undefined && fragment !== "")
      found.push(`unit ${unitOf(to.name)} is there already (${fragment})`);
  }
  if (from === undefined && lstatIfExists(tmpfilesPath(store, to.name)) !== undefined)
    found.push(`${tmpfilesPath(store, to.name)} is there already`);
  if (found.length === 0) return;
  throw gearError("conflict", [`${to.name} cannot be installed beside what there is`, ...found].join("\n  "), {
    hint: "nothing was changed; --name gives it another name",
  });
}

/**
 * Brings what is on the host to what a generation has. Each file at once; the unit last, which says what is started at the
 * next boot.
 * @returns files of the one before that somebody has changed, which stay
 */
export async function placeOnHost(
  store: SystemStore,
  name: Name,
  from: SystemGeneration | undefined,
  to: SystemGeneration | undefined,
): Promise<readonly string[]> {
  const kept = new Set(to?.hostFiles.map(({ path }) => path));
  const left = removeHostFiles(store.root, from?.hostFiles.filter(({ path }) => !kept.has(path)) ?? []);
  if (to !== undefined) placeHostFiles(store.root, store.directory(name, to.number), to.hostFiles);
  if (to === undefined && from?.tmpfiles !== undefined) {
    await tmpfiles(store, name, "--remove");
    removeEmptyDirectories(store, from);
  }
  write(tmpfilesPath(store, name), to?.tmpfiles);
  if (to?.tmpfiles !== undefined) await tmpfiles(store, name, "--create");
  if (to !== undefined) refuseLinks(store, to);
  write(unitPath(store, name), to?.unit);
  return left;
}

/**
 * A generation before may have had the directory above one of its volumes, and put a link there (systemd-tmpfiles leaves it, with
 * exit code 0): what it leads to would be mounted. Nothing of the container runs now that could put one there later.
 */
function refuseLinks(store: SystemStore, generation: SystemGeneration): void {
  for (const path of directoriesOf(generation)) {
    if (lstatIfExists(join(store.root, path))?.isSymbolicLink() !== true) continue;
    throw gearError("conflict", `${path} is to be a directory of the container's own, and is a symbolic link`);
  }
}

/** One that is there is not the container's own when it is installed again. */
function removeEmptyDirectories(store: SystemStore, generation: SystemGeneration): void {
  for (const path of directoriesOf(generation).toSorted().toReversed())
    unlessErrno(["ENOENT", "ENOTDIR", "ENOTEMPTY", "EEXIST", "EBUSY"], () => rmdirSync(join(store.root, path)));
}

/** That were made for it. */
const directoriesOf = ({ ownDirectories, tmpfiles = "" }: SystemGeneration): string[] =>
  tmpfilesDirectories(tmpfiles).filter((path) => ownDirectories.some((own) => `${path}/`.startsWith(`${own}/`)));

function write(path: string, text: string | undefined): void {
  const directory = join(path, "..");
  if (text === undefined) {
    if (removeIfExists(path)) syncDirectory(directory);
    return;
  }
  makeDirectories(directory);
  if (readTextIfExists(path) !== text) writeFileAtomic(path, text);
}

async function tmpfiles(store: SystemStore, name: Name, verb: "--create" | "--remove"): Promise<void> {
  const path = tmpfilesPath(store, name);
  if (lstatIfExists(path) === undefined) return;
  const root = store.root === "/" ? [] : [`--root=${store.root}`];
  await run("systemd-tmpfiles", [...root, verb, store.root === "/" ? path : `atomic-${name}.conf`]);
}
