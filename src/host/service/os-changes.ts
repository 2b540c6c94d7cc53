// SPDX-License-Identifier: Apache-2.0
import type { GVariantValue } from "../../formats/index.ts";
import { type CleanupRequest, cleanup } from "../remove-deployments.ts";
import { rollback } from "../rollback.ts";
import { previewUpgrade, upgrade, type UpgradeRequest } from "../upgrade.ts";
import { busError, busErrors, notSupported } from "./bus-error.ts";
import type { Call, Handler } from "./object-tree.ts";
import { Options } from "./options.ts";
import type { Change, HostService } from "./service.ts";

const rebootOnly = { reboot: "b" };
/** Notes for the journal and for a user interface; they change nothing. */
const descriptive = { "initiating-command-line": "s", "output-to-self": "b" };

/** Methods that begin a transaction: each gives the address of its D-Bus server. */
export function osChanges(service: HostService, name: string): Record<string, Handler> {
  const begin =
    (change: (call: Call) => Omit<Change, "key">): Handler =>
    async (call) => {
      const key = JSON.stringify([call.message.path, call.message.member, plainInputs(call.inputs)]);
      return [await service.begin(call.message, { ...change(call), key })];
    };
  const refuse =
    (what: string): Handler =>
    () => {
      throw notSupported(what);
    };
  const layering = refuse("layering packages on the host");
  const initramfs = refuse("making an initramfs on the host");
  return {
    Upgrade: begin(({ inputs }) => upgradeChange(service, name, inputs[0])),
    DownloadUpdateRpmDiff: begin(() => checkChange(service, name, "package-diff")),
    RefreshMd: begin(({ inputs }) => {
      new Options(inputs[0], { force: "b", ...descriptive });
      return checkChange(service, name, "refresh-md");
    }),
    Rollback: begin(({ inputs }) => {
      const options = new Options(inputs[0], { ...rebootOnly, ...descriptive });
      return {
        title: "rollback",
        run: async () => rebootAfter(service, options, rollback(service.options.openSysroot())),
      };
    }),
    ClearRollbackTarget: begin(({ inputs }) => {
      const options = new Options(inputs[0], { ...rebootOnly, ...descriptive });
      return cleanupChange(service, { rollback: true }, options);
    }),
    Cleanup: begin(({ inputs }) => cleanupChange(service, cleanupRequest(inputs[0]))),
    AutomaticUpdateTrigger: refuse("automatic updates by this call"),
    Deploy: refuse("Deploy"),
    DownloadDeployRpmDiff: refuse("DownloadDeployRpmDiff"),
    Rebase: refuse("Rebase"),
    DownloadRebaseRpmDiff: refuse("DownloadRebaseRpmDiff"),
    UpdateDeployment: refuse("UpdateDeployment"),
    KernelArgs: refuse("KernelArgs"),
    FinalizeDeployment: refuse("FinalizeDeployment"),
    PkgChange: layering,
    SetInitramfsState: initramfs,
    InitramfsEtc: initramfs,
    ModifyYumRepo: refuse("package repositories on the host"),
  };
}

function plainInputs(inputs: readonly GVariantValue[]): unknown {
  return JSON.parse(JSON.stringify(inputs, (_, value: unknown) => (value instanceof Map ? [...value] : value)));
}

async function rebootAfter(service: HostService, options: Options, work: Promise<unknown>): Promise<void> {
  await work;
  if (options.flag("reboot")) await service.reboot();
}

function upgradeChange(service: HostService, name: string, value: GVariantValue | undefined): Omit<Change, "key"> {
  const options = new Options(value, {
    "allow-downgrade": "b",
    "cache-only": "b",
    "download-only": "b",
    "lock-finalization": "b",
    ...rebootOnly,
    ...descriptive,
  });
  const request: UpgradeRequest = {
    stateroot: name,
    allowDowngrade: options.flag("allow-downgrade"),
    cacheOnly: options.flag("cache-only"),
    downloadOnly: options.flag("download-only"),
    lockFinalization: options.flag("lock-finalization"),
    ...(service.options.startFinalizer === undefined ? {} : { startFinalizer: service.options.startFinalizer }),
  };
  return {
    title: "upgrade",
    run: async (progress) => {
      const done = await upgrade(service.options.openSysroot(), request, progress);
      if (!done.changed) progress({ type: "note", text: "No upgrade available." });
      if (done.deployed !== undefined && options.flag("reboot")) await service.reboot();
    },
  };
}

function checkChange(service: HostService, name: string, title: string): Omit<Change, "key"> {
  return {
    title,
    run: async (progress) => {
      await previewUpgrade(service.options.openSysroot(), { stateroot: name }, progress);
    },
  };
}

function cleanupChange(service: HostService, request: CleanupRequest, options?: Options): Omit<Change, "key"> {
  return {
    title: "cleanup",
    run: async (progress) => {
      await cleanup(service.options.openSysroot(), request, progress);
      if (options?.flag("reboot") === true) await service.reboot();
    },
  };
}

/** Temporary files ("base") go in any case; there is no cache of package repositories ("repomd"). */
function cleanupRequest(elements: GVariantValue | undefined): CleanupRequest {
  const list = Array.isArray(elements) ? elements.map(String) : [];
  const known = ["base", "repomd", "pending-deploy", "rollback-deploy"];
  const unknown = list.find((element) => !known.includes(element));
  if (unknown !== undefined) throw busError(busErrors.invalidArgs, `Invalid cleanup type: ${unknown}`);
  return { pending: list.includes("pending-deploy"), rollback: list.includes("rollback-deploy") };
}
