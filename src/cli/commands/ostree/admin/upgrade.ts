// SPDX-License-Identifier: Apache-2.0
import type { Sysroot } from "../../../../host/index.ts";
import { defineCommand, type Invocation } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { changeSysroot, osOption, rebootIfAsked, sysrootOption } from "./shared.ts";

export const kexecOption = { name: "kexec", short: "k", help: "Stage new kernel in kexec" } as const;

export default defineCommand<{ changed: boolean }>({
  path: ["ostree", "admin", "upgrade"],
  summary: "Construct new tree from current origin and deploy it, if it changed",
  options: [
    sysrootOption,
    osOption,
    { name: "reboot", short: "r", help: "Reboot after a successful upgrade" },
    kexecOption,
    { name: "allow-downgrade", help: "Permit deployment of chronologically older trees" },
    { name: "override-commit", value: "CHECKSUM", help: "Deploy CHECKSUM instead of the latest tree" },
    { name: "pull-only", help: "Do not create a deployment, just download" },
    { name: "deploy-only", help: "Do not pull, only deploy" },
    { name: "stage", help: "Enable staging (finalization at reboot time)" },
  ],
  async run(invocation) {
    checkOptions(invocation);
    return changeSysroot(invocation, (sysroot) => upgrade(sysroot, invocation));
  },
  render: ({ changed }) => (changed ? "" : "No update available."),
});

function checkOptions(invocation: Invocation): void {
  if (!invocation.flag("pull-only")) return;
  if (invocation.flag("deploy-only"))
    throw cliError("usage", "Cannot simultaneously specify --pull-only and --deploy-only");
  if (invocation.flag("reboot") || invocation.flag("kexec"))
    throw cliError("usage", "Cannot simultaneously specify --pull-only and --reboot or --kexec");
}

async function upgrade(sysroot: Sysroot, invocation: Invocation): Promise<{ changed: boolean }> {
  const { cleanSysroot, inheritedOrigin, openUpgrader, pruneRepository } = await import("../../../../host/index.ts");
  const upgrader = openUpgrader(sysroot, invocation.value("os"));
  const origin = inheritedOrigin(upgrader.origin);
  const override = invocation.value("override-commit");
  if (override !== undefined) origin.set("origin", "override-commit", override);
  upgrader.setOrigin(origin);
  const how = { allowOlder: invocation.flag("allow-downgrade"), offline: invocation.flag("deploy-only") };
  try {
    if (!(await upgrader.pull(how, invocation.progress))) return { changed: false };
  } catch (error) {
    // Commits of earlier such pulls that nothing refers to would otherwise add up.
    if (invocation.flag("pull-only")) {
      cleanSysroot(sysroot);
      pruneRepository(sysroot.repo, invocation.progress);
    }
    throw error;
  }
  if (!invocation.flag("pull-only")) await upgrader.deploy(deployOptions(invocation), invocation.progress);
  await rebootIfAsked(invocation, sysroot);
  return { changed: true };
}

function deployOptions(invocation: Invocation) {
  const stage = invocation.flag("stage") || process.env["OSTREE_EX_STAGE_DEPLOYMENTS"] !== undefined;
  return { stage, kexec: invocation.flag("kexec") };
}
