// SPDX-License-Identifier: Apache-2.0
import { existsSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { unlessErrno } from "../base/index.ts";
import { blsValue } from "../formats/index.ts";
import {
  bootLinkPath,
  entryBootLink,
  extraFields,
  type NamedBlsEntry,
  overlayInitrds,
  readBootEntries,
} from "./boot-entries.ts";
import { type BootVersion, readBootVersion } from "./boot-version.ts";
import { hostError } from "./errors.ts";
import { parseKernelArgs, withoutOstreeArg } from "./kernel-args.ts";
import {
  type Deployment,
  type DeploymentName,
  deploymentPath,
  parseDeploymentId,
  runStatePath,
  sameDeployment,
  type Unlocked,
} from "./model.ts";
import { isPinned, readOrigin } from "./origin.ts";
import { bootedDirectoryId, directoryId, nextRootId, type Running } from "./running.ts";
import { readStaged } from "./staged.ts";

export interface LoadedSysroot {
  readonly bootVersion: BootVersion;
  /** In boot order; a staged one first. */
  readonly deployments: readonly Deployment[];
}

/** Swaps that may happen while we read before we give up. */
const attempts = 5;

/**
 * Loads what can be booted: the boot entries are the truth (`sysroot_load_from_bootloader_configs`). It takes no lock:
 * when a change was made current meanwhile, which removes what was being read, it reads again.
 */
export function loadDeployments(sysroot: string, running: Running | undefined): LoadedSysroot {
  for (let attempt = 1; ; attempt++) {
    const bootVersion = readBootVersion(sysroot);
    try {
      const loaded = loadVersion(sysroot, running, bootVersion);
      if (attempt === attempts || sameVersion(bootVersion, readBootVersion(sysroot))) return loaded;
    } catch (error) {
      if (attempt === attempts || sameVersion(bootVersion, readBootVersion(sysroot))) throw error;
    }
  }
}

const sameVersion = (a: BootVersion, b: BootVersion): boolean => a.version === b.version && a.sub === b.sub;

function loadVersion(sysroot: string, running: Running | undefined, bootVersion: BootVersion): LoadedSysroot {
  const bootedId = running === undefined ? undefined : bootedDirectoryId(running);
  const deployments = readBootEntries(sysroot, bootVersion.version).map((entry) =>
    loadDeployment(sysroot, running, bootedId, entry),
  );
  if (bootedId !== undefined && !deployments.some((deployment) => deployment.booted)) {
    throw hostError("bad-sysroot", "the machine was booted from a deployment, but no boot entry leads to it");
  }
  const staged = running === undefined ? undefined : loadStaged(sysroot, running, deployments);
  return { bootVersion, deployments: staged === undefined ? deployments : [staged, ...deployments] };
}

function loadDeployment(
  sysroot: string,
  running: Running | undefined,
  bootedId: string | undefined,
  entry: NamedBlsEntry,
): Deployment {
  const link = entryBootLink(entry);
  const name = { stateroot: link.stateroot, ...readBootLink(sysroot, bootLinkPath(link)) };
  const directory = join(sysroot, deploymentPath(name));
  const id = unlessErrno(["ENOENT"], () => directoryId(directory));
  if (id === undefined) throw hostError("bad-sysroot", `boot entry leads to ${directory}, which is not there`);
  const origin = readOrigin(sysroot, name);
  return {
    ...name,
    bootChecksum: link.bootChecksum,
    kernelArgs: withoutOstreeArg(parseKernelArgs(blsValue(entry, "options") ?? "")),
    entryName: entry.fileName,
    extraFields: extraFields(entry),
    overlayInitrds: overlayInitrds(entry),
    origin,
    booted: id === bootedId,
    staged: false,
    finalizationLocked: false,
    pinned: isPinned(origin),
    unlocked: readUnlocked(running, name, origin?.get("origin", "unlocked")),
    softRebootTarget: running !== undefined && nextRootId(running) === id,
  };
}

function readBootLink(sysroot: string, path: string): Omit<DeploymentName, "stateroot"> {
  const target = unlessErrno(["ENOENT", "EINVAL"], () => readlinkSync(join(sysroot, path)));
  const id = parseDeploymentId(basename(target ?? ""));
  if (id === undefined) throw hostError("bad-sysroot", `${path} does not lead to a deployment`);
  return id;
}

/** Run-time flags that `ostree admin unlock` leaves (`_ostree_sysroot_get_runstate_path`). */
function readUnlocked(running: Running | undefined, name: DeploymentName, inOrigin: string | undefined): Unlocked {
  const state = (flag: string) => running !== undefined && existsSync(join(running.run, runStatePath(name), flag));
  if (state("unlocked-development")) return "development";
  if (state("unlocked-transient")) return "transient";
  return inOrigin === "hotfix" ? "hotfix" : "none";
}

function loadStaged(sysroot: string, running: Running, bootable: readonly Deployment[]): Deployment | undefined {
  const state = readStaged(running.run);
  if (state === undefined || !existsSync(join(sysroot, deploymentPath(state.target)))) return undefined;
  // `ostree admin upgrade --stage` leaves them out: those of the merge deployment are meant.
  const inherited = bootable.find((deployment) => sameDeployment(deployment, state.merge))?.kernelArgs ?? [];
  return {
    ...state.target,
    kernelArgs: state.kernelArgs === undefined ? inherited : withoutOstreeArg(state.kernelArgs),
    entryName: undefined,
    extraFields: state.extraFields,
    overlayInitrds: state.overlayInitrds,
    origin: readOrigin(sysroot, state.target),
    booted: false,
    staged: true,
    finalizationLocked: state.locked,
    pinned: false,
    unlocked: "none",
    softRebootTarget: nextRootId(running) === directoryId(join(sysroot, deploymentPath(state.target))),
  };
}
