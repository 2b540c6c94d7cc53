// SPDX-License-Identifier: Apache-2.0
/** What `install`, `uninstall` and `override` have in common. */
import type { LayerChange, LayersChanged } from "../../../host/index.ts";
import type { Invocation, OptionDeclaration } from "../../command.ts";
import type { DeployReport } from "../../render/host-change.ts";
import {
  deployOptions,
  deployReport,
  hostOptions,
  makeRoomOption,
  namedStateroot,
  openForChange,
  staging,
  unchangedOption,
} from "./shared.ts";

export const layerOptions: readonly OptionDeclaration[] = [
  ...hostOptions,
  { name: "dry-run", short: "n", help: "Only say what would come and go" },
  { name: "cache-only", short: "C", help: "Do not ask the network: use what was downloaded" },
  { name: "download-only", help: "Download the packages, but make no deployment" },
  { name: "idempotent", help: "What is so already is no error" },
  { name: "enablerepo", value: "ID", repeat: true, help: "Use a repository that is not enabled, too; globs allowed" },
  { name: "disablerepo", value: "ID", repeat: true, help: "Do not use this repository; globs allowed" },
  { name: "releasever", value: "VERSION", help: "What $releasever stands for in .repo files" },
  ...deployOptions,
  makeRoomOption,
  unchangedOption,
  { name: "assumeyes", short: "y", help: "Nothing is asked in any case; for scripts written for rpm-ostree" },
];

export interface LayersReport extends Omit<LayersChanged, "deployed"> {
  readonly dryRun: boolean;
  readonly deployed: DeployReport | undefined;
}

export async function changeHostLayers(
  invocation: Invocation,
  verb: string,
  change: LayerChange & { readonly allowInactive?: boolean },
  { applyLive = false }: { readonly applyLive?: boolean } = {},
): Promise<LayersReport> {
  const sysroot = await openForChange(invocation, verb, { sharedMounts: applyLive });
  const host = await import("../../../host/index.ts");
  const releasever = invocation.value("releasever");
  const dryRun = invocation.flag("dry-run");
  const request = {
    ...namedStateroot(invocation),
    ...staging(invocation),
    ...change,
    idempotent: invocation.flag("idempotent"),
    cacheOnly: invocation.flag("cache-only"),
    downloadOnly: invocation.flag("download-only"),
    makeRoom: invocation.flag("make-room"),
    dryRun,
    repositories: {
      enable: lists(invocation, "enablerepo"),
      disable: lists(invocation, "disablerepo"),
      ...(releasever === undefined ? {} : { releasever }),
    },
  };
  const done = await host.changeLayers(sysroot, request, invocation.progress);
  if (applyLive && done.deployed !== undefined) await host.applyLive(sysroot, {}, invocation.progress);
  const deployed = done.deployed === undefined ? undefined : await deployReport(sysroot, done.deployed, invocation);
  return { ...done, deployed, dryRun };
}

function lists(invocation: Invocation, name: string): string[] {
  return invocation.values(name).flatMap((value) => value.split(","));
}

export function unchangedExit({ changed }: LayersReport, invocation: Invocation): number {
  return !changed && invocation.flag("unchanged-exit-77") ? 77 : 0;
}
