// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { openForChange, sysrootOption } from "../shared.ts";
import { chosenDeployment } from "./diff.ts";

export default defineCommand({
  path: ["host", "etc", "reset"],
  summary: "Take changes of /etc back to what the version shipped",
  description:
    "Takes effect at once. What was there is put aside in /var/lib/atomic/etc-backup. --all leaves what `etc keep` lists and what makes the machine itself: accounts, fstab, host name and keys.",
  examples: [{ command: "atomic host etc reset ssh/sshd_config", text: "One file:" }],
  arguments: [{ name: "PATH", optional: true, repeat: true }],
  options: [
    sysrootOption,
    { name: "deployment", value: "DEPLOYMENT", help: "In this one (default: the booted, else the first)" },
    { name: "all", help: "All changes but what is kept" },
  ],
  json: true,
  async run(invocation) {
    if (invocation.args.length === 0 && !invocation.flag("all"))
      throw cliError("usage", "say which files below /etc, or --all", { hint: "atomic host etc diff  lists them" });
    if (invocation.args.length > 0 && invocation.flag("all"))
      throw cliError("usage", "Cannot specify both PATH and --all");
    const sysroot = await openForChange(invocation);
    const { resetEtc } = await import("../../../../host/index.ts");
    return resetEtc(sysroot, await chosenDeployment(sysroot, invocation), invocation.args);
  },
  render({ reset, kept, backup }) {
    const count = (list: readonly string[]) => `${list.length} ${list.length === 1 ? "path" : "paths"}`;
    return [
      reset.length === 0 ? "Nothing to reset." : `Reset ${count(reset)} in /etc.`,
      ...(kept.length === 0 ? [] : [`  ${count(kept)} stay as they are: atomic host etc diff`]),
      ...(backup === undefined ? [] : [`  What was there is in ${backup}.`]),
    ].join("\n");
  },
});
