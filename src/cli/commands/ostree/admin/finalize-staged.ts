// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { defineCommand } from "../../../command.ts";
import { changeSysroot, openSysroot, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["ostree", "admin", "finalize-staged"],
  hidden: true,
  summary: "Internal command to run at shutdown time",
  options: [sysrootOption, { name: "hold", help: "Hold /boot open during finalization" }],
  async run(invocation) {
    if (!existsSync("/run/ostree-booted")) return;
    if (invocation.flag("hold")) return hold((await openSysroot(invocation)).boot);
    const { finalizeStaged } = await import("../../../../host/index.ts");
    await changeSysroot(invocation, (sysroot) => finalizeStaged(sysroot, "refuse"));
  },
});

const day = 86_400_000;

/** Keeps boot mounted until the service is stopped: systemd would unmount it before the finalization. */
async function hold(boot: string): Promise<never> {
  const { openSync } = await import("node:fs");
  openSync(boot, "r");
  for (;;) await sleep(day);
}
