// SPDX-License-Identifier: Apache-2.0
import { chmodSync, existsSync, mkdirSync } from "node:fs";
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
  makeDirectories(join(path, "ostree/deploy"));
  const repoPath = join(path, "ostree/repo");
  if (!existsSync(join(repoPath, "config"))) configure(Repo.init(repoPath, "bare"));
  if (options.stateroot !== undefined) initStateroot(path, options.stateroot);
  return Sysroot.open(path);
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
