// SPDX-License-Identifier: Apache-2.0
import type { Deployment, Sysroot } from "../../../../host/index.ts";
import { defineCommand, type Invocation } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { openSysroot, sysrootOption } from "./shared.ts";
import { type AdminDeployment, statusText } from "./status-text.ts";

interface Shown {
  readonly deployments: readonly AdminDeployment[];
  /** With `--is-default`: whether what runs is what boots next. */
  readonly isDefault?: boolean;
}

export default defineCommand<Shown>({
  path: ["ostree", "admin", "status"],
  summary: "List deployments",
  json: true,
  options: [
    sysrootOption,
    { name: "verify", short: "V", help: "Print the commit verification status" },
    { name: "json", short: "J", help: "Emit JSON" },
    { name: "skip-signatures", short: "S", help: "Skip signatures in output" },
    {
      name: "is-default",
      short: "D",
      help: 'Output "default" if booted into the default deployment, otherwise "not-default"',
    },
  ],
  async run(invocation) {
    const sysroot = await openSysroot(invocation);
    if (invocation.flag("is-default") && !invocation.flag("json"))
      return { deployments: [], isDefault: isDefault(sysroot) };
    const deployments: AdminDeployment[] = [];
    for (const deployment of sysroot.deployments) deployments.push(await describe(sysroot, deployment, invocation));
    return { deployments };
  },
  render({ deployments, isDefault }) {
    if (isDefault !== undefined) return isDefault ? "default" : "not-default";
    return deployments.length === 0 ? "No deployments." : deployments.map(statusText).join("\n");
  },
});

function isDefault({ deployments }: Sysroot): boolean {
  const [first] = deployments;
  if (first === undefined) throw cliError("usage", "Not in a booted OSTree system");
  return first.booted;
}

/** The keys are those of stock's JSON. */
async function describe(sysroot: Sysroot, deployment: Deployment, invocation: Invocation): Promise<AdminDeployment> {
  const { metadataString, originRefspec, tryLoadCommit } = await import("../../../../host/index.ts");
  const { checksum, stateroot, serial, origin } = deployment;
  const { booted, deployments } = sysroot;
  const slots = booted === undefined ? undefined : sysroot.pendingAndRollback(booted.stateroot);
  const commit = tryLoadCommit(sysroot.repo, checksum);
  const [version, title] = [metadataString(commit, "version"), metadataString(commit, "ostree.source-title")];
  const signatures = invocation.flag("json") ? [] : await signatureLines(sysroot, deployment, invocation);
  return {
    checksum,
    stateroot,
    refspec: originRefspec(origin) ?? null,
    serial,
    index: deployments.indexOf(deployment),
    booted: deployment.booted,
    pending: deployment === slots?.pending,
    rollback: deployment === slots?.rollback,
    "finalization-locked": deployment.finalizationLocked,
    "soft-reboot-target": deployment.softRebootTarget,
    staged: deployment.staged,
    pinned: deployment.pinned,
    unlocked: deployment.unlocked,
    ...(version === undefined ? {} : { version }),
    ...(title === undefined ? {} : { "source-title": title }),
    ...(origin === undefined ? { "no-origin": true } : {}),
    ...(signatures.length === 0 ? {} : { signatures }),
  };
}

/** What is said of the commit's signatures: with `--verify`, or where the remote asks for GPG signatures. */
async function signatureLines(sysroot: Sysroot, deployment: Deployment, invocation: Invocation): Promise<string[]> {
  const { deploymentSignatures, verifiedSignatures } = await import("../../../../host/index.ts");
  if (invocation.flag("verify")) return verifiedSignatures(sysroot.repo, deployment);
  return invocation.flag("skip-signatures") ? [] : deploymentSignatures(sysroot.repo, deployment);
}
