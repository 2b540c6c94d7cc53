// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { refuseBoth } from "./shared.ts";

export default defineCommand({
  path: ["host", "usroverlay"],
  summary: "Make /usr of the running version writable for a while",
  description:
    "Puts a writable overlay over /usr, for trying something out. What is written is gone after a reboot, except with --hotfix: then it stays in this deployment, and the same version without it is made to go back to.",
  examples: [{ command: "atomic host usroverlay", text: "Until the next boot:" }],
  options: [
    { name: "hotfix", help: "Keep what is written over reboots" },
    { name: "transient", help: "Read-only until somebody remounts it writable" },
  ],
  async run(invocation) {
    refuseBoth(invocation, "hotfix", "transient");
    const { ensureWritable, Sysroot, unlock } = await import("../../../host/index.ts");
    const state = invocation.flag("hotfix") ? "hotfix" : invocation.flag("transient") ? "transient" : "development";
    ensureWritable("/", { sharedMounts: true });
    const sysroot = Sysroot.open("/");
    using _lock = await sysroot.lock();
    await unlock(sysroot, state, invocation.progress);
    return { unlocked: state };
  },
  render: ({ unlocked }) =>
    unlocked === "hotfix"
      ? "/usr is writable; changes are kept in this deployment.   Undo:  atomic host rollback"
      : `/usr is writable${unlocked === "transient" ? " once it is remounted" : ""}; changes are gone after a reboot.`,
});
