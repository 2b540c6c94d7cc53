// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { changeSysroot, sysrootOption } from "./shared.ts";

interface Locking {
  readonly locked: boolean;
  readonly changed: boolean;
}

export default defineCommand<Locking>({
  path: ["ostree", "admin", "lock-finalization"],
  summary: "Change the finalization locking state of the staged deployment",
  options: [sysrootOption, { name: "unlock", short: "u", help: "Unlock finalization" }],
  async run(invocation) {
    const locked = !invocation.flag("unlock");
    const { lockFinalization } = await import("../../../../host/index.ts");
    return changeSysroot(invocation, async (sysroot) => {
      if (sysroot.staged === undefined) throw cliError("usage", "No staged deployment");
      const changed = sysroot.staged.finalizationLocked !== locked;
      if (changed) await lockFinalization(sysroot, locked);
      return { locked, changed };
    });
  },
  render({ locked, changed }) {
    if (!changed && locked) return "Staged deployment is already finalization locked";
    if (!changed) return "Staged deployment is already prepared for finalization";
    return locked
      ? "Staged deployment is now finalization locked"
      : "Staged deployment is now queued to apply on shutdown";
  },
});
