// SPDX-License-Identifier: Apache-2.0
import type { Call } from "./object-tree.ts";
import type { Dictionary } from "./variants.ts";

/** polkit's action for each method of the OS interfaces; null: everybody may (`os_authorize_method`). */
const actions: Readonly<Record<string, string | null>> = {
  GetDeploymentsRpmDiff: "repo-refresh",
  GetCachedDeployRpmDiff: "repo-refresh",
  DownloadDeployRpmDiff: "repo-refresh",
  GetCachedUpdateRpmDiff: "repo-refresh",
  DownloadUpdateRpmDiff: "repo-refresh",
  GetCachedRebaseRpmDiff: "repo-refresh",
  DownloadRebaseRpmDiff: "repo-refresh",
  RefreshMd: "repo-refresh",
  ModifyYumRepo: "repo-modify",
  Deploy: "deploy",
  Upgrade: "upgrade",
  AutomaticUpdateTrigger: "upgrade",
  Rebase: "rebase",
  GetDeploymentBootConfig: null,
  ListRepos: null,
  WhatProvides: null,
  GetPackages: null,
  Search: null,
  SetInitramfsState: "bootconfig",
  KernelArgs: "bootconfig",
  InitramfsEtc: "bootconfig",
  Cleanup: "cleanup",
  Rollback: "rollback",
  ClearRollbackTarget: "rollback",
  PkgChange: "install-uninstall-packages",
  FinalizeDeployment: "finalize-deployment",
  Moo: null,
  LiveFs: "override",
  DownloadPackages: "repo-refresh",
};

/** The actions that a caller must be allowed. What is not known needs the strongest. */
export function requiredActions({ message, inputs }: Call): string[] {
  const member = message.member ?? "";
  if (member === "UpdateDeployment") return updateActions(inputs[0] as Dictionary, inputs[1] as Dictionary);
  const action = Object.hasOwn(actions, member) ? actions[member] : "override";
  return action === null || action === undefined ? [] : [action];
}

function updateActions(modifiers: Dictionary, options: Dictionary): string[] {
  const on = (name: string) => options.get(name)?.value === true;
  const any = (...names: string[]) => names.some((name) => modifiers.has(name));
  const base = any("set-refspec") ? "rebase" : any("set-revision") ? "deploy" : "upgrade";
  const wanted = [
    ...(on("no-initramfs") ? ["bootconfig"] : []),
    ...(base !== "upgrade" || !on("no-pull-base") ? [base] : []),
    ...(any("install-packages", "uninstall-packages", "install-modules", "uninstall-modules") || on("no-layering")
      ? ["install-uninstall-packages"]
      : []),
    ...(any("install-local-packages", "install-local-fileoverride-packages", "install-fileoverride-local-packages")
      ? ["install-local-packages"]
      : []),
    ...([...modifiers.keys()].some((name) => name.startsWith("override-")) || on("no-overrides") ? ["override"] : []),
  ];
  return wanted.length === 0 ? ["override"] : wanted;
}
