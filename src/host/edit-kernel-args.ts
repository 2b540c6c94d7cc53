// SPDX-License-Identifier: Apache-2.0
/** Changes of kernel arguments without a new deployment: there is no way back but to change them again. */
import { join } from "node:path";
import { type ProgressListener, silent, writeFileAtomic } from "../base/index.ts";
import { type BlsEntry, blsValue, formatBlsEntry } from "../formats/index.ts";
import { readBootEntries } from "./boot-entries.ts";
import { findBootLoader } from "./bootloader/find.ts";
import { cleanSysroot } from "./cleanup.ts";
import { formatKernelArgs, type KernelArgs, parseKernelArgs } from "./kernel-args.ts";
import { type Deployment, sameDeployment } from "./model.ts";
import { pruneRepository } from "./prune-repository.ts";
import { readStaged, writeStaged } from "./staged.ts";
import type { Sysroot } from "./sysroot.ts";
import { writeDeployments } from "./write-deployments.ts";

/** Gives one deployment other kernel arguments (`ostree_sysroot_deployment_set_kargs`). The caller holds the lock. */
export function replaceKernelArgs(
  sysroot: Sysroot,
  of: Deployment,
  kernelArgs: KernelArgs,
  progress: ProgressListener = silent,
): void {
  const list = sysroot.deployments.map((deployment) =>
    sameDeployment(deployment, of) ? { ...deployment, kernelArgs } : deployment,
  );
  writeDeployments(sysroot, list);
  cleanSysroot(sysroot);
  pruneRepository(sysroot.repo, progress);
}

/**
 * Edits the arguments in all boot entries where they are, and in what is staged
 * (`ostree_sysroot_deployment_set_kargs_in_place`); boot loaders with a configuration of their own get it anew. The
 * caller holds the lock.
 */
export function editKernelArgs(sysroot: Sysroot, edit: (args: KernelArgs) => KernelArgs): void {
  editStaged(sysroot, edit);
  const { version } = sysroot.bootVersion;
  const entries = readBootEntries(sysroot.path, version).map(({ fileName, ...entry }) => {
    const edited = editEntry(entry, edit);
    writeFileAtomic(join(sysroot.boot, `loader.${version}/entries`, fileName), formatBlsEntry(edited));
    return edited;
  });
  const loader = findBootLoader(sysroot);
  const menu = { sysroot, version, entries, deployments: sysroot.deployments.filter(({ staged }) => !staged) };
  loader.write(menu);
  loader.afterSwitch?.(menu);
  sysroot.reload();
}

function editEntry(entry: BlsEntry, edit: (args: KernelArgs) => KernelArgs): BlsEntry {
  const options = formatKernelArgs(edit(parseKernelArgs(blsValue(entry, "options") ?? "")));
  return { fields: [...entry.fields.filter(([key]) => key !== "options"), ["options", options]] };
}

function editStaged({ running, staged }: Sysroot, edit: (args: KernelArgs) => KernelArgs): void {
  const state = running === undefined ? undefined : readStaged(running.run);
  if (running !== undefined && state !== undefined && staged !== undefined)
    writeStaged(running.run, { ...state, kernelArgs: edit(staged.kernelArgs) });
}
