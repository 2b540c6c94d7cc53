// SPDX-License-Identifier: Apache-2.0
import type { Deployment, KernelArgChanges, KernelArgs, Sysroot } from "../../../host/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { editText } from "../../edit-text.ts";
import { cliError } from "../../errors.ts";
import { type DeployReport, renderDeployed } from "../../render/host-change.ts";
import {
  deployOptions,
  deployReport,
  hostOptions,
  namedStateroot,
  openForChange,
  openSysroot,
  refuseBoth,
  staging,
  unchangedOption,
} from "./shared.ts";

const edits = ["delete", "delete-if-present", "replace", "append", "append-if-missing"] as const;

interface KargsReport {
  readonly before: KernelArgs;
  readonly after: KernelArgs;
  readonly deployed: DeployReport | undefined;
}

export default defineCommand({
  path: ["host", "kargs"],
  summary: "Show or change the kernel arguments",
  description:
    "Without options the arguments of the default deployment are shown. A change makes a new deployment of the same version, so the old arguments can be gone back to.",
  examples: [
    { command: "atomic host kargs", text: "Show them:" },
    { command: "atomic host kargs --append=mitigations=off --delete=quiet", text: "Change them for the next boot:" },
  ],
  options: [
    ...hostOptions,
    { name: "append", value: "KEY=VALUE", repeat: true, help: "Add an argument" },
    { name: "append-if-missing", value: "KEY=VALUE", repeat: true, help: "Add an argument unless it is there" },
    { name: "delete", value: "KEY=VALUE", repeat: true, help: "Remove an argument; KEY alone when it occurs once" },
    { name: "delete-if-present", value: "KEY=VALUE", repeat: true, help: "Remove an argument if it is there" },
    { name: "replace", value: "KEY=NEW", repeat: true, help: "Replace a value; KEY=OLD=NEW when there are several" },
    { name: "editor", help: "Edit them in an editor: VISUAL, EDITOR or vi" },
    { name: "deploy-index", value: "INDEX", help: "Start from the arguments of this deployment of the status" },
    { name: "import-proc-cmdline", help: "Start from the arguments that the running kernel was given" },
    ...deployOptions,
    unchangedOption,
  ],
  json: true,
  async run(invocation): Promise<KargsReport> {
    checkOptions(invocation);
    const changing = isChange(invocation);
    const sysroot = await (changing ? openForChange(invocation, "kargs") : openSysroot(invocation));
    const from = await startingPoint(sysroot, invocation);
    const { parseKernelArgs, setKernelArgs, procKernelArgs } = await import("../../../host/index.ts");
    const before = invocation.flag("import-proc-cmdline") ? procKernelArgs() : from.kernelArgs;
    const after = invocation.flag("editor") ? parseKernelArgs(edited(before)) : await changed(before, invocation);
    if (!changing || after.join(" ") === from.kernelArgs.join(" ")) return { before, after, deployed: undefined };
    const options = { stage: sysroot.booted !== undefined, ...staging(invocation) };
    const deployed = await setKernelArgs(sysroot, from, after, options);
    return { before, after, deployed: await deployReport(sysroot, deployed, invocation) };
  },
  render({ after, deployed }) {
    return deployed === undefined
      ? after.join(" ")
      : `Kernel arguments: ${after.join(" ")}\n${renderDeployed(deployed)}`;
  },
  exitCode: ({ deployed }, invocation) =>
    deployed === undefined && invocation.flag("unchanged-exit-77") && isChange(invocation) ? 77 : 0,
});

function isChange(invocation: Invocation): boolean {
  return invocation.flag("editor") || edits.some((edit) => invocation.flag(edit));
}

/** What rpm-ostree refuses (`rpmostree_builtin_kargs`). */
function checkOptions(invocation: Invocation): void {
  for (const edit of edits) refuseBoth(invocation, "editor", edit);
  refuseBoth(invocation, "delete", "replace");
  for (const name of ["deploy-index", "stateroot", "os"]) refuseBoth(invocation, "import-proc-cmdline", name);
  if (invocation.flag("reboot") && !isChange(invocation))
    throw cliError("usage", "Cannot reboot when kernel arguments not changed");
}

async function startingPoint(sysroot: Sysroot, invocation: Invocation): Promise<Deployment> {
  const { chooseDeployment, currentDeployment } = await import("../../../host/index.ts");
  const index = invocation.value("deploy-index");
  if (index !== undefined) return chooseDeployment(sysroot, index);
  const { stateroot } = namedStateroot(invocation);
  if (invocation.flag("import-proc-cmdline")) return sysroot.requireBooted();
  return stateroot === undefined ? chooseDeployment(sysroot, "0") : currentDeployment(sysroot, stateroot);
}

async function changed(before: KernelArgs, invocation: Invocation): Promise<KernelArgs> {
  const { changeKernelArgs } = await import("../../../host/index.ts");
  const changes: KernelArgChanges = {
    delete: invocation.values("delete"),
    replace: invocation.values("replace"),
    append: invocation.values("append"),
    appendIfMissing: invocation.values("append-if-missing"),
    deleteIfPresent: invocation.values("delete-if-present"),
  };
  return changeKernelArgs(before, changes);
}

const explanation = [
  "# These are the kernel arguments. Lines that are empty or begin with # do not count.",
  "# Arguments are parted by blanks or lines; their order matters.",
  "# The argument ostree= is made for each deployment and cannot be given here.",
  "",
];

/** What the user makes of them (`kernel_arg_handle_editor`). */
function edited(before: KernelArgs): string {
  const text = editText("kernel-arguments", `${[...explanation, before.join(" ")].join("\n")}\n`);
  const lines = text.split("\n").map((line) => line.trim());
  const words = lines.filter((line) => line !== "" && !line.startsWith("#")).join(" ");
  if (/(^| )ostree=/.test(words))
    throw cliError("usage", "You have an 'ostree' argument in your input, that is not going to be handled");
  if (words === "") throw cliError("usage", "The kernel arguments can not be empty");
  return words;
}
