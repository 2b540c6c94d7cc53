// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { versionName } from "../../render/host-change.ts";
import { diffSummary } from "../../render/package-diff.ts";
import {
  openForChange,
  rebootIfAsked,
  rebootOption,
  softRebootIfAsked,
  softRebootOption,
  sysrootOption,
  whereGiven,
} from "./shared.ts";

export default defineCommand({
  path: ["host", "rollback"],
  summary: "Boot the previous version next",
  description:
    "Makes the deployment behind the booted one the default; an update that is staged or pending is taken back instead. Nothing is downloaded. Done a second time, it is undone. DEPLOYMENT is any other one that is kept: its number in the status, its version, its name or the beginning of its checksum.",
  examples: [
    { command: "atomic host rollback --reboot", text: "Back to the version before:" },
    { command: "atomic host rollback 13.1", text: "Further back, to any version that is kept:" },
  ],
  arguments: [{ name: "DEPLOYMENT", optional: true }],
  options: [sysrootOption, rebootOption, softRebootOption],
  json: true,
  async run(invocation) {
    const sysroot = await openForChange(invocation, "rollback");
    const { chooseDeployment, rollback, versionInfo } = await import("../../../host/index.ts");
    const { treePackages } = await import("../../../compose/index.ts");
    const { diffPackages } = await import("../../../packages/index.ts");
    const [words] = invocation.args;
    const target = words === undefined ? undefined : chooseDeployment(sysroot, words);
    const { next, before } = await rollback(sysroot, target);
    const [to, from] = [next, before].map(({ checksum }) => versionInfo(sysroot.repo, checksum));
    const [after, old] = [next, before].map(({ checksum }) => treePackages(sysroot.repo, checksum));
    return {
      next: to!,
      before: from!,
      running: next.booted,
      packages: after === undefined || old === undefined ? undefined : diffPackages(old, after),
      where: whereGiven(invocation),
      rebooting: await rebootIfAsked(invocation, await softRebootIfAsked(sysroot, next, invocation)),
    };
  },
  render({ next, before, running, packages, where, rebooting }) {
    const summary = packages === undefined ? "" : diffSummary(packages);
    const reboot = where !== "" || running ? "" : "Reboot now:  systemctl reboot        ";
    return [
      `Next boot: ${versionName(next)}   was: ${versionName(before)}`,
      ...(summary === "" ? [] : [`  ${summary}`]),
      "  /var and containers are not rolled back.",
      `  ${rebooting ? "Rebooting.        " : reboot}Undo:  atomic host ${running ? "upgrade" : `rollback${where}`}`,
    ].join("\n");
  },
});
