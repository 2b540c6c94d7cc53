// SPDX-License-Identifier: Apache-2.0
import { accessSync, chmodSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { makeDirectories } from "../base/index.ts";
import { Repo } from "../ostree/index.ts";
import { hostError } from "./errors.ts";
import { checkStateroot } from "./model.ts";
import { Sysroot } from "./sysroot.ts";

export interface InitOptions {
  /** Made at once when given. */
  readonly stateroot?: string;
}

/**
 * Makes the directory a system root: `boot`, `ostree/repo` in bare mode, `ostree/deploy` (`ostree admin init-fs --modern`),
 * with the repository settings that our boot loader and read-only root need. One that is there is kept and completed.
 */
export function initSysroot(path: string, options: InitOptions = {}): Sysroot {
  makeDirectories(join(path, "boot"));
  if (ensureInitialized(path)) configure(Repo.open(join(path, "ostree/repo")));
  if (options.stateroot !== undefined) initStateroot(path, options.stateroot);
  return Sysroot.open(path);
}

/** Makes repository and directory of deployments (`ostree_sysroot_ensure_initialized`). False: they were there. */
export function ensureInitialized(path: string): boolean {
  makeDirectories(join(path, "ostree/deploy"));
  const repoPath = join(path, "ostree/repo");
  if (existsSync(join(repoPath, "config"))) return false;
  Repo.init(repoPath, "bare");
  return true;
}

/**
 * Makes the directory, which must exist, a system root as `ostree admin init-fs` does.
 * @param epoch 0: with the directories of a traditional root; 1: only `boot` and `ostree`; 2: nobody but root may enter `ostree`
 */
export function initFileSystem(path: string, epoch: number): void {
  accessSync(path);
  makeDirectories(join(path, "boot"));
  if (epoch === 0) makeTraditionalDirectories(path);
  if (epoch === 2) makeDirectories(join(path, "ostree"), 0o700);
  ensureInitialized(path);
}

function makeTraditionalDirectories(path: string): void {
  for (const name of ["dev", "home", "proc", "run", "sys"]) makeDirectories(join(path, name));
  makeDirectories(join(path, "root"), 0o700);
  makeDirectories(join(path, "tmp"));
  chmodSync(join(path, "tmp"), 0o1777);
}

/** Only on new repositories: what an administrator set is not ours to change. */
function configure(repo: Repo): void {
  repo.config.set("sysroot", "readonly", true);
  repo.config.set("sysroot", "bootloader", "none");
  repo.config.set("sysroot", "bootprefix", true);
  repo.saveConfig();
}

/** Makes a stateroot with an empty `var` (`ostree_sysroot_init_osname`); throws `host-exists` when it is there. */
export function initStateroot(path: string, name: string): void {
  const directory = join(path, "ostree/deploy", checkStateroot(name));
  if (existsSync(join(directory, "var"))) throw hostError("exists", `stateroot ${name} is there already`);
  makeDirectories(directory);
  mkdirSync(join(directory, "var"));
  chmodSync(join(directory, "var"), 0o755);
}
