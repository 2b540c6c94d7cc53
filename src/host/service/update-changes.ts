// SPDX-License-Identifier: Apache-2.0
/** The methods that bring another version: what they ask for, and the room's verbs that do it (`deploy_transaction_execute`). */
import { join } from "node:path";
import type { ProgressListener } from "../../base/index.ts";
import { type Descriptors, errorReply } from "../../bus/index.ts";
import type { GVariantValue } from "../../formats/index.ts";
import { isChecksum, parseRefSpec, pull } from "../../ostree/index.ts";
import { deployRevision, previewRevision } from "../deploy-revision.ts";
import { completeRefspec, rebase } from "../rebase.ts";
import { layerCache } from "../layers/assemble-layers.ts";
import { changeLayers } from "../layers/change-layers.ts";
import type { LayerChange } from "../layers/import-change.ts";
import { resetToBase } from "../reset-origin.ts";
import { registerUpdateDriver } from "../update-driver.ts";
import { currentDeployment, requireRefspec, type Update, type UpdateRequest } from "../update.ts";
import { previewUpgrade, upgrade } from "../upgrade.ts";
import { busErrors, notSupported } from "./bus-error.ts";
import type { PackageFiles, UpdateWish } from "./modifiers.ts";
import { Options } from "./options.ts";
import { receiveFiles } from "./received-files.ts";
import type { HostService, Work } from "./service.ts";

/** Options of all these methods, whatever the method makes of them. */
const updateOptions = {
  reboot: "b",
  revision: "s",
  "allow-downgrade": "b",
  "skip-purge": "b",
  "skip-branch-check": "b",
  "no-pull-base": "b",
  "dry-run": "b",
  "register-driver": "s",
  "bypass-driver": "b",
  "no-layering": "b",
  "no-overrides": "b",
  "no-initramfs": "b",
  "cache-only": "b",
  "download-only": "b",
  "download-metadata-only": "b",
  "lock-finalization": "b",
  "disallow-downgrade": "b",
  "apply-live": "b",
  "allow-inactive-requests": "b",
  "idempotent-layering": "b",
  // For the journal and for a user interface; they change nothing.
  "initiating-command-line": "s",
  "output-to-self": "b",
};

export function readUpdateOptions(value: GVariantValue | undefined): Options {
  return new Options(value, updateOptions);
}

/** The work of a transaction that changes what is layered on the present version. */
export function layersWork(service: HostService, stateroot: string, change: LayerChange, options: Options): Work {
  return updateWork(service, stateroot, { layers: change, options, keepsBase: true });
}

/** The work of a transaction that brings what is wished. */
export function updateWork(service: HostService, stateroot: string, wish: UpdateWish): Work {
  const { options } = wish;
  if (options.flag("apply-live") && options.flag("reboot"))
    throw errorReply(busErrors.invalidArgs, "Cannot specify `apply-live` and `reboot`");
  const title = titleOf(wish);
  return {
    title: options.asked(resets).length > 0 && title === "upgrade" ? "reset" : title,
    run: async (progress, signal, descriptors) => {
      const driver = options.text("register-driver");
      if (driver !== undefined) registerUpdateDriver(service.openSysroot(), driver);
      using files = await filesFor(service, stateroot, wish.files, descriptors);
      const asked = files === undefined ? wish : { ...wish, layers: { ...wish.layers, ...files.change } };
      const changed = await update(service, stateroot, asked, signal, progress);
      if (changed && options.flag("apply-live")) await service.applyLive([], progress);
      if (changed && options.flag("reboot")) await service.reboot();
    },
  };
}

function titleOf({ refspec, revision, layers, files, keepsBase, options }: UpdateWish): string {
  if (refspec !== undefined) return "rebase";
  if (revision !== undefined) return "deploy";
  if (layers === undefined || !(keepsBase === true || options.flag("no-pull-base"))) return "upgrade";
  const { overrideRemove = [], overrideReset = [], overrideReplaceFrom = [] } = layers;
  const overridden = [...overrideRemove, ...overrideReset, ...overrideReplaceFrom, ...(files?.override ?? [])];
  if (overridden.length > 0) return "override";
  return (layers.install ?? []).length + (files?.install ?? []).length > 0 ? "install" : "uninstall";
}

/** Copies of the client's files, as what is asked for. */
async function filesFor(
  service: HostService,
  stateroot: string,
  files: PackageFiles | undefined,
  descriptors: Descriptors,
): Promise<({ readonly change: LayerChange } & Disposable) | undefined> {
  if (files === undefined) return undefined;
  const indices = [...files.install, ...files.override];
  const directory = join(layerCache(service.openSysroot(), stateroot), "files");
  const received = await receiveFiles(descriptors, indices, directory);
  const pathsOf = (list: readonly number[]) => list.map((index) => received.paths.get(index)!);
  const change = {
    installFiles: pathsOf(files.install),
    overrideFiles: pathsOf(files.override),
    forceReplaceFiles: files.forceReplaceFiles,
  };
  return { change, [Symbol.dispose]: () => received[Symbol.dispose]() };
}

const resets = ["no-layering", "no-overrides", "no-initramfs"];

/** Whether something was deployed. */
async function update(
  service: HostService,
  stateroot: string,
  wish: UpdateWish,
  signal: AbortSignal,
  progress: ProgressListener,
): Promise<boolean> {
  const { options } = wish;
  const request = updateRequest(service, stateroot, options, signal);
  const keepsBase = wish.keepsBase === true || options.flag("no-pull-base");
  if (keepsBase && wish.layers !== undefined) return changePackages(service, wish.layers, request, options, progress);
  const reset = options.asked(resets).length > 0 && (await resetBase(service, request, options, progress));
  if (keepsBase) return reset;
  const done = await bring(service, wish, request, progress);
  if (!done.changed) progress({ type: "note", text: "No upgrade available." });
  return reset || done.deployed !== undefined;
}

async function changePackages(
  service: HostService,
  change: LayerChange,
  { stateroot, cacheOnly, downloadOnly, lockFinalization, startFinalizer }: UpdateRequest,
  options: Options,
  progress: ProgressListener,
): Promise<boolean> {
  const done = await changeLayers(
    service.openSysroot(),
    {
      ...change,
      uninstallAll: options.flag("no-layering"),
      ...(options.flag("no-overrides") ? { overrideReset: "all" as const } : {}),
      idempotent: options.flag("idempotent-layering"),
      allowInactive: options.flag("allow-inactive-requests"),
      dryRun: options.flag("dry-run"),
      ...(stateroot === undefined ? {} : { stateroot }),
      ...(cacheOnly === undefined ? {} : { cacheOnly }),
      ...(downloadOnly === undefined ? {} : { downloadOnly }),
      ...(lockFinalization === undefined ? {} : { lockFinalization }),
      ...(startFinalizer === undefined ? {} : { startFinalizer }),
    },
    progress,
  );
  if (!done.changed) progress({ type: "note", text: "No change." });
  return done.deployed !== undefined;
}

async function resetBase(
  service: HostService,
  request: UpdateRequest,
  options: Options,
  progress: ProgressListener,
): Promise<boolean> {
  if (options.flag("dry-run")) throw notSupported("a dry run of a reset");
  const parts = {
    overlays: options.flag("no-layering"),
    overrides: options.flag("no-overrides"),
    initramfs: options.flag("no-initramfs"),
  };
  return (await resetToBase(service.openSysroot(), { ...request, ...parts }, progress)) !== undefined;
}

async function bring(
  service: HostService,
  { refspec, revision, customOrigin, layers, options }: UpdateWish,
  plain: UpdateRequest,
  progress: ProgressListener,
): Promise<Update> {
  const idempotent = options.flag("idempotent-layering");
  const request = layers === undefined ? plain : { ...plain, layers: { ...layers, idempotent } };
  const sysroot = service.openSysroot();
  const preview = options.flag("dry-run") || options.flag("download-metadata-only");
  if (refspec !== undefined) {
    if (preview) throw notSupported("a dry run of a rebase");
    const how = { skipPurge: options.flag("skip-purge"), ...(customOrigin === undefined ? {} : { customOrigin }) };
    return rebase(sysroot, { ...request, refspec, ...how, ...(revision === undefined ? {} : { revision }) }, progress);
  }
  if (revision !== undefined) {
    const wanted = { ...request, revision, skipBranchCheck: options.flag("skip-branch-check") };
    return (preview ? previewRevision : deployRevision)(sysroot, wanted, progress);
  }
  return (preview ? previewUpgrade : upgrade)(sysroot, request, progress);
}

/** A wish for another branch or version accepts older commits, unless told not to. */
function updateRequest(
  { options: { startFinalizer } }: HostService,
  stateroot: string,
  options: Options,
  signal: AbortSignal,
): UpdateRequest {
  const downgrade = options.flag("disallow-downgrade") ? false : options.flag("allow-downgrade") || undefined;
  return {
    stateroot,
    signal,
    ...(downgrade === undefined ? {} : { allowDowngrade: downgrade }),
    cacheOnly: options.flag("cache-only"),
    downloadOnly: options.flag("download-only"),
    lockFinalization: options.flag("lock-finalization"),
    ...(startFinalizer === undefined ? {} : { startFinalizer }),
  };
}

/** Looks for the newest version of the branch, so that `CachedUpdate` tells of it. */
export function checkWork(service: HostService, stateroot: string, title: string): Work {
  return {
    title,
    run: async (progress, signal) => {
      await previewUpgrade(service.openSysroot(), { stateroot, signal }, progress);
    },
  };
}

/** Looks for a version of the branch, for `GetCachedDeployRpmDiff`. */
export function checkRevisionWork(service: HostService, stateroot: string, revision: string): Work {
  return {
    title: "package-diff",
    run: async (progress, signal) => {
      await previewRevision(service.openSysroot(), { stateroot, revision, signal }, progress);
    },
  };
}

/** Looks at another branch, for `GetCachedRebaseRpmDiff`. */
export function checkRebaseWork(service: HostService, stateroot: string, refspec: string): Work {
  return {
    title: "package-diff",
    run: async (progress, signal) => {
      const sysroot = service.openSysroot();
      const complete = completeRefspec(refspec, requireRefspec(currentDeployment(sysroot, stateroot)));
      const { remote, ref } = isChecksum(complete) ? { remote: undefined, ref: complete } : parseRefSpec(complete);
      if (remote === undefined) return;
      await pull(sysroot.repo, { remote, refs: [ref], commitMetadataOnly: true, signal }, progress);
    },
  };
}
