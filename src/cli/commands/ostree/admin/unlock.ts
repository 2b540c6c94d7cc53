// SPDX-License-Identifier: Apache-2.0
import type { Unlocked } from "../../../../host/index.ts";
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { changeSysroot, sysrootOption } from "./shared.ts";

type State = Exclude<Unlocked, "none">;

const texts: Readonly<Record<State, string>> = {
  hotfix: [
    "Hotfix mode enabled.  A writable overlayfs is now mounted on /usr",
    "for this booted deployment.  A non-hotfixed clone has been created",
    "as the non-default rollback target.",
  ].join("\n"),
  development: [
    "Development mode enabled.  A writable overlayfs is now mounted on /usr.",
    "All changes there will be discarded on reboot.",
  ].join("\n"),
  transient: [
    "A writable overlayfs is prepared for /usr, but is mounted read-only by default.",
    "All changes there will be discarded on reboot.",
  ].join("\n"),
};

export default defineCommand<State>({
  path: ["ostree", "admin", "unlock"],
  summary: "Make the current deployment mutable (as a hotfix or development)",
  options: [
    sysrootOption,
    { name: "hotfix", help: "Retain changes across reboots" },
    { name: "transient", help: "Mount overlayfs read-only by default" },
  ],
  async run(invocation) {
    const [hotfix, transient] = [invocation.flag("hotfix"), invocation.flag("transient")];
    if (hotfix && transient) throw cliError("usage", "Cannot specify both --hotfix and --transient");
    const state = hotfix ? "hotfix" : transient ? "transient" : "development";
    const { unlock } = await import("../../../../host/index.ts");
    await changeSysroot(invocation, (sysroot) => unlock(sysroot, state, invocation.progress), { sharedMounts: true });
    return state;
  },
  render: (state) => texts[state],
});
