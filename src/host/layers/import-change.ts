// SPDX-License-Identifier: Apache-2.0
/** What is asked for by file, URL or repository, imported so that an origin can name it. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { download, makeDirectories, type ProgressListener } from "../../base/index.ts";
import type { RemoteReplacement } from "../../compose/index.ts";
import { hostError } from "../errors.ts";
import type { Sysroot } from "../sysroot.ts";
import { layerCache } from "./assemble-layers.ts";
import { downloadFromRepository } from "./download-packages.ts";
import type { NamedLocal, WishChange } from "./edit-wish.ts";
import type { RepositoryOptions } from "./repositories.ts";

/** As `WishChange`, with files instead of imported packages: paths or URLs. */
export interface LayerChange extends Omit<WishChange, "installLocal" | "installFileOverride" | "overrideReplace"> {
  readonly installFiles?: readonly string[];
  readonly overrideFiles?: readonly string[];
  /** Packages that a repository has now, which stay in that version. */
  readonly overrideFrozen?: readonly RemoteReplacement[];
  /** Files of local packages may replace those of the base. */
  readonly forceReplaceFiles?: boolean;
}

export interface ImportOptions {
  readonly cacheOnly?: boolean;
  readonly repositories?: RepositoryOptions;
}

/** Files, URLs and what is to be frozen become packages of the host's repository. */
export async function importChange(
  sysroot: Sysroot,
  stateroot: string,
  change: LayerChange & ImportOptions,
  progress: ProgressListener,
): Promise<WishChange> {
  const { installFiles = [], overrideFiles = [], overrideFrozen = [], forceReplaceFiles = false } = change;
  const { cacheOnly = false, repositories = {} } = change;
  const frozen: string[] = [];
  for (const { repository, packages: queries } of overrideFrozen) {
    const asked = { stateroot, repository, queries, cacheOnly, repositories };
    frozen.push(...(await downloadFromRepository(sysroot, asked, progress)));
  }
  const [local, replacing] = [
    await importFiles(sysroot, stateroot, installFiles),
    await importFiles(sysroot, stateroot, [...overrideFiles, ...frozen]),
  ];
  return {
    ...change,
    ...(forceReplaceFiles ? { installFileOverride: local } : { installLocal: local }),
    overrideReplace: replacing,
  };
}

async function importFiles(sysroot: Sysroot, stateroot: string, files: readonly string[]): Promise<NamedLocal[]> {
  if (files.length === 0) return [];
  const { importLocalPackage } = await import("../../compose/index.ts");
  const found: NamedLocal[] = [];
  for (const file of files) {
    const path = /^https?:\/\//.test(file) ? await fetched(sysroot, stateroot, file) : file.replace(/^file:\/\//, "");
    if (!existsSync(path)) throw hostError("layer-request", `${path}: there is no such file`);
    found.push(await importLocalPackage(sysroot.repo, path));
  }
  return found;
}

async function fetched(sysroot: Sysroot, stateroot: string, url: string): Promise<string> {
  const directory = join(layerCache(sysroot, stateroot), "files");
  makeDirectories(directory);
  const path = join(directory, `${createHash("sha256").update(url).digest("hex")}.package`);
  await download(url, path);
  return path;
}
