// SPDX-License-Identifier: Apache-2.0
import { errorReply } from "../../bus/index.ts";
import type { GVariantValue } from "../../formats/index.ts";
import { type KernelArgChanges, changeKernelArgs } from "../change-kernel-args.ts";
import { trackInInitramfs } from "../initramfs-etc.ts";
import { parseKernelArgs } from "../kernel-args.ts";
import { setLocalInitramfs } from "../local-initramfs.ts";
import { releaseStaged } from "../release-staged.ts";
import { cleanup, type CleanupRequest } from "../remove-deployments.ts";
import { rollback } from "../rollback.ts";
import { setKernelArgs } from "../set-kargs.ts";
import { loadPackageLists } from "../layers/package-lists.ts";
import { currentDeployment } from "../update.ts";
import { automaticTrigger } from "./automatic-trigger.ts";
import { busErrors, notSupported, refuseLayered } from "./bus-error.ts";
import { readModifiers } from "./modifiers.ts";
import type { Call, Handler } from "./object-tree.ts";
import { Options } from "./options.ts";
import { unlessUnsupported } from "./package-reads.ts";
import type { HostService, Work } from "./service.ts";
import {
  checkRebaseWork,
  checkRevisionWork,
  checkWork,
  layersWork,
  readUpdateOptions,
  updateWork,
} from "./update-changes.ts";

const plainOptions = { reboot: "b", "initiating-command-line": "s", "output-to-self": "b" };

/** Methods that begin a transaction: each gives the address of its D-Bus server. */
export function osChanges(service: HostService, name: string): Record<string, Handler> {
  const begin =
    (work: (inputs: readonly GVariantValue[]) => Work): Handler =>
    async (call) => [await service.begin(call, work(call.inputs))];
  const refuse =
    (what: string): Handler =>
    () => {
      throw notSupported(what);
    };
  return {
    Upgrade: begin(([options]) => updateWork(service, name, { options: readUpdateOptions(options) })),
    Deploy: begin(([revision, options]) =>
      updateWork(service, name, { revision: String(revision), options: readUpdateOptions(options) }),
    ),
    Rebase: begin(([given, refspec, packages]) => {
      const options = readUpdateOptions(given);
      const install = packages as readonly string[];
      const layers = install.length === 0 ? {} : { layers: { install } };
      const wish = { refspec: String(refspec), revision: options.text("revision"), options, ...layers };
      return updateWork(service, name, wish);
    }),
    UpdateDeployment: begin(([modifiers, options]) =>
      updateWork(service, name, readModifiers(modifiers, readUpdateOptions(options))),
    ),
    DownloadUpdateRpmDiff: begin(() => checkWork(service, name, "package-diff")),
    DownloadDeployRpmDiff: begin(([revision, packages]) => {
      refuseLayered(packages);
      return checkRevisionWork(service, name, String(revision));
    }),
    DownloadRebaseRpmDiff: begin(([refspec, packages]) => {
      refuseLayered(packages);
      return checkRebaseWork(service, name, String(refspec));
    }),
    RefreshMd: begin(([options]) => refreshWork(service, name, new Options(options, { force: "b", ...plainOptions }))),
    Rollback: begin(([options]) => rollbackWork(service, new Options(options, plainOptions))),
    ClearRollbackTarget: begin(([options]) =>
      cleanupWork(service, { stateroot: name, rollback: true }, new Options(options, plainOptions)),
    ),
    Cleanup: begin(([elements]) => cleanupWork(service, { stateroot: name, ...cleanupRequest(elements) })),
    KernelArgs: begin((inputs) => kernelArgsWork(service, name, inputs)),
    FinalizeDeployment: begin(([options]) => finalizeWork(service, options)),
    AutomaticUpdateTrigger: (call: Call) => automaticTrigger(service, name, call),
    PkgChange: begin(([options, added, removed]) => {
      const change = { install: added as readonly string[], uninstall: removed as readonly string[] };
      return layersWork(service, name, change, readUpdateOptions(options));
    }),
    SetInitramfsState: begin((inputs) => initramfsWork(service, name, inputs)),
    InitramfsEtc: begin((inputs) => initramfsEtcWork(service, name, inputs)),
    ModifyYumRepo: refuse("package repositories on the host"),
  };
}

/** The lists of packages, and the newest version of the branch, which `CachedUpdate` tells of. */
function refreshWork(service: HostService, stateroot: string, options: Options): Work {
  const { title, run } = checkWork(service, stateroot, "refresh-md");
  return {
    title,
    run: async (progress, signal, descriptors) => {
      await run(progress, signal, descriptors);
      const request = { stateroot, force: options.flag("force") };
      await unlessUnsupported(() => loadPackageLists(service.openSysroot(), request, progress));
    },
  };
}

function rollbackWork(service: HostService, options: Options): Work {
  return {
    title: "rollback",
    run: async () => {
      await rollback(service.openSysroot());
      if (options.flag("reboot")) await service.reboot();
    },
  };
}

function cleanupWork(service: HostService, request: CleanupRequest, options?: Options): Work {
  return {
    title: "cleanup",
    run: async (progress) => {
      await cleanup(service.openSysroot(), request, progress);
      if (options?.flag("reboot") === true) await service.reboot();
    },
  };
}

/** Temporary files ("base") go in any case. */
function cleanupRequest(elements: GVariantValue | undefined): CleanupRequest {
  const list = Array.isArray(elements) ? elements.map(String) : [];
  const known = ["base", "repomd", "pending-deploy", "rollback-deploy"];
  const unknown = list.find((element) => !known.includes(element));
  if (unknown !== undefined) throw errorReply(busErrors.invalidArgs, `Invalid cleanup type: ${unknown}`);
  return {
    pending: list.includes("pending-deploy"),
    rollback: list.includes("rollback-deploy"),
    repomd: list.includes("repomd"),
  };
}

/** Changes what the client has read, as `kernel_arg_apply_patching` does, or takes its whole line. */
function kernelArgsWork(service: HostService, name: string, inputs: readonly GVariantValue[]): Work {
  const [existing, append, replace, remove, given] = inputs;
  const options = new Options(given, {
    "append-if-missing": "as",
    "delete-if-present": "as",
    "final-kernel-args": "s",
    "lock-finalization": "b",
    ...plainOptions,
  });
  const changes: KernelArgChanges = {
    append: append as readonly string[],
    replace: replace as readonly string[],
    delete: remove as readonly string[],
    appendIfMissing: options.list("append-if-missing"),
    deleteIfPresent: options.list("delete-if-present"),
  };
  const { startFinalizer } = service.options;
  return {
    title: "kargs",
    run: async () => {
      const sysroot = service.openSysroot();
      const of = currentDeployment(sysroot, name);
      const final = options.text("final-kernel-args");
      const before = parseKernelArgs(String(existing)).filter((arg) => !arg.startsWith("ostree="));
      const after = final === undefined ? changeKernelArgs(before, changes) : parseKernelArgs(final);
      if (after.join(" ") === of.kernelArgs.join(" ")) return;
      await setKernelArgs(sysroot, of, after, {
        stage: sysroot.booted !== undefined,
        lockFinalization: options.flag("lock-finalization"),
        ...(startFinalizer === undefined ? {} : { startFinalizer }),
      });
      if (options.flag("reboot")) await service.reboot();
    },
  };
}

function initramfsWork(service: HostService, name: string, inputs: readonly GVariantValue[]): Work {
  const [regenerate, args, given] = inputs;
  const options = new Options(given, { "lock-finalization": "b", ...plainOptions });
  const { startFinalizer } = service.options;
  return {
    title: "initramfs",
    run: async (progress) => {
      const request = {
        stateroot: name,
        regenerate: regenerate === true,
        arguments: args as readonly string[],
        lockFinalization: options.flag("lock-finalization"),
        ...(startFinalizer === undefined ? {} : { startFinalizer }),
      };
      await setLocalInitramfs(service.openSysroot(), request, progress);
      if (options.flag("reboot")) await service.reboot();
    },
  };
}

function initramfsEtcWork(service: HostService, name: string, inputs: readonly GVariantValue[]): Work {
  const [track, untrack, untrackAll, forceSync, given] = inputs;
  const options = new Options(given, { "lock-finalization": "b", ...plainOptions });
  const { startFinalizer } = service.options;
  return {
    title: "initramfs-etc",
    run: async (progress) => {
      const sysroot = service.openSysroot();
      const request = {
        stateroot: name,
        track: track as readonly string[],
        untrack: untrack as readonly string[],
        untrackAll: untrackAll === true,
        forceSync: forceSync === true,
        lockFinalization: options.flag("lock-finalization"),
        ...(startFinalizer === undefined ? {} : { startFinalizer }),
      };
      const done = await trackInInitramfs(sysroot, request, progress);
      if (done === undefined) progress({ type: "note", text: "No changes." });
      else if (options.flag("reboot")) await service.reboot();
    },
  };
}

/** Always reboots, as rpm-ostree's does. */
function finalizeWork(service: HostService, value: GVariantValue | undefined): Work {
  const options = new Options(value, {
    checksum: "s",
    "allow-missing-checksum": "b",
    "allow-unlocked": "b",
    "initiating-command-line": "s",
  });
  const checksum = options.text("checksum");
  if (checksum === undefined && !options.flag("allow-missing-checksum"))
    throw errorReply(busErrors.invalidArgs, "Missing expected checksum");
  return {
    title: "finalize-deployment",
    run: async () => {
      const request = checksum === undefined ? {} : { checksum };
      await releaseStaged(service.openSysroot(), { ...request, allowUnlocked: options.flag("allow-unlocked") });
      await service.reboot();
    },
  };
}
