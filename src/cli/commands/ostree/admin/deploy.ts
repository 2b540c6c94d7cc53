// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import type { Keyfile } from "../../../../formats/index.ts";
import type { Deployment, DeployRequest, KernelArgs, RetainOptions, Sysroot } from "../../../../host/index.ts";
import { defineCommand, type Invocation } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { argument } from "../open-repo.ts";
import { changeSysroot, osOption, requireStateroot, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["ostree", "admin", "deploy"],
  summary: "Checkout revision REFSPEC as the new default deployment",
  arguments: [{ name: "REFSPEC", optional: true }],
  options: [
    sysrootOption,
    osOption,
    { name: "stateroot", value: "STATEROOT", help: "Target the provided stateroot" },
    { name: "origin-file", value: "FILENAME", help: "Specify origin file" },
    { name: "no-prune", help: "Don't prune the repo when done" },
    {
      name: "no-merge",
      help: "Do not apply configuration (/etc and kernel arguments) from booted deployment",
    },
    { name: "retain", help: "Do not delete previous deployments" },
    { name: "stage", help: "Complete deployment at OS shutdown" },
    { name: "lock-finalization", help: "Prevent automatic deployment finalization on shutdown" },
    { name: "retain-pending", help: "Do not delete pending deployments" },
    { name: "retain-rollback", help: "Do not delete rollback deployments" },
    { name: "not-as-default", help: "Append rather than prepend new deployment" },
    { name: "karg-proc-cmdline", help: "Import current /proc/cmdline" },
    {
      name: "karg",
      value: "NAME=VALUE",
      repeat: true,
      help: "Set kernel argument, like root=/dev/sda1; this overrides any earlier argument with the same name",
    },
    {
      name: "karg-append",
      value: "NAME=VALUE",
      repeat: true,
      help: "Append kernel argument; useful with e.g. console= that can be used multiple times",
    },
    { name: "karg-none", help: "Do not import kernel arguments" },
    {
      name: "karg-delete",
      value: "NAME=VALUE",
      repeat: true,
      help: "Delete kernel argument if exists, can be used multiple times",
    },
    { name: "overlay-initrd", value: "FILE", repeat: true, help: "Overlay initramfs file" },
  ],
  async run(invocation) {
    const refspec = argument(invocation, 0, "REF/REV must be specified");
    checkOptions(invocation);
    await changeSysroot(invocation, (sysroot) => deployRev(sysroot, refspec, invocation));
  },
});

function checkOptions(invocation: Invocation): void {
  const refuse = (one: string, other: string) => {
    if (!invocation.flag(one) || !invocation.flag(other)) return;
    throw cliError("usage", `Can't specify both --${one} and --${other}`);
  };
  refuse("karg-proc-cmdline", "karg-none");
  refuse("karg-none", "karg-delete");
  refuse("no-merge", "karg-delete");
  if (!stages(invocation)) return;
  if (invocation.flag("retain-pending") || invocation.flag("retain-rollback"))
    throw cliError("usage", "--stage cannot currently be combined with --retain arguments");
  if (invocation.flag("not-as-default"))
    throw cliError("usage", "--stage cannot currently be combined with --not-as-default");
}

/** To lock what is not staged would mean nothing. */
function stages(invocation: Invocation): boolean {
  return invocation.flag("stage") || invocation.flag("lock-finalization");
}

async function deployRev(sysroot: Sysroot, refspec: string, invocation: Invocation): Promise<void> {
  const { deploy, pruneRepository, startOstreeFinalizer } = await import("../../../../host/index.ts");
  const request = await deployRequest(sysroot, refspec, invocation);
  await deploy(sysroot, { ...request, startFinalizer: startOstreeFinalizer }, invocation.progress);
  if (!invocation.flag("no-prune") && request.stage !== true) pruneRepository(sysroot.repo, invocation.progress);
}

async function deployRequest(sysroot: Sysroot, rev: string, invocation: Invocation): Promise<DeployRequest> {
  const stateroot = requireStateroot(sysroot, invocation.value("stateroot") ?? invocation.value("os"));
  const { originFromRefspec, stageOverlayInitrd } = await import("../../../../host/index.ts");
  const merge = invocation.flag("no-merge") ? undefined : sysroot.mergeDeployment(stateroot);
  const kernelArgs = await kernelArguments(merge, invocation);
  const originFile = invocation.value("origin-file");
  const origin = originFile === undefined ? originFromRefspec(rev) : await readOriginFile(originFile);
  const overlays = invocation.values("overlay-initrd").map(stageOverlayInitrd);
  return {
    rev,
    stateroot,
    origin,
    ...(kernelArgs === undefined ? {} : { kernelArgs }),
    ...(overlays.length === 0 ? {} : { overlayInitrds: overlays }),
    merge: merge !== undefined,
    retain: retainOptions(invocation),
    stage: stages(invocation),
    lockFinalization: invocation.flag("lock-finalization"),
    etcConflicts: "refuse",
  };
}

async function readOriginFile(path: string): Promise<Keyfile> {
  const { Keyfile } = await import("../../../../formats/index.ts");
  return Keyfile.parse(readFileSync(path, "utf8"), path);
}

function retainOptions(invocation: Invocation): RetainOptions {
  return {
    all: invocation.flag("retain"),
    pending: invocation.flag("retain-pending"),
    rollback: invocation.flag("retain-rollback"),
    notDefault: invocation.flag("not-as-default"),
  };
}

/** Undefined: those of the merge deployment, as they are. */
async function kernelArguments(merge: Deployment | undefined, invocation: Invocation): Promise<KernelArgs | undefined> {
  const { appendKernelArg, deleteKernelArgIfPresent, procKernelArgs, setKernelArg } =
    await import("../../../../host/index.ts");
  const changes = ["karg-none", "karg-proc-cmdline", "karg", "karg-append", "karg-delete"];
  if (!changes.some((name) => invocation.flag(name))) return undefined;
  const inherited = invocation.flag("karg-none") ? [] : (merge?.kernelArgs ?? []);
  const base = invocation.flag("karg-proc-cmdline") ? procKernelArgs() : inherited;
  const set = invocation.values("karg").reduce(setKernelArg, base);
  const appended = invocation.values("karg-append").reduce(appendKernelArg, set);
  return invocation.values("karg-delete").reduce(deleteKernelArgIfPresent, appended);
}
