// SPDX-License-Identifier: Apache-2.0
import {
  appendKernelArg,
  appendKernelArgIfMissing,
  deleteKernelArg,
  deleteKernelArgIfPresent,
  type KernelArgs,
  replaceKernelArg,
} from "./kernel-args.ts";

/** What is asked of a kernel command line, each a list of arguments as rpm-ostree's `kargs` takes them. */
export interface KernelArgChanges {
  readonly delete?: readonly string[];
  readonly replace?: readonly string[];
  readonly append?: readonly string[];
  readonly appendIfMissing?: readonly string[];
  readonly deleteIfPresent?: readonly string[];
}

/** Applies the changes in rpm-ostree's order (`kernel_arg_apply_patching`). */
export function changeKernelArgs(args: KernelArgs, changes: KernelArgChanges): KernelArgs {
  const steps: readonly (readonly [
    list: readonly string[] | undefined,
    step: (args: KernelArgs, arg: string) => KernelArgs,
  ])[] = [
    [changes.delete, deleteKernelArg],
    [changes.replace, replaceKernelArg],
    [changes.append, appendKernelArg],
    [changes.appendIfMissing, appendKernelArgIfMissing],
    [changes.deleteIfPresent, deleteKernelArgIfPresent],
  ];
  return steps.reduce((all, [list, step]) => (list ?? []).reduce(step, all), args);
}
