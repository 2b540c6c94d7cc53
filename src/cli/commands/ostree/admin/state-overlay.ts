// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { argument } from "../open-repo.ts";
import { openSysroot, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["ostree", "admin", "state-overlay"],
  hidden: true,
  summary: "Internal command to assemble a state overlay",
  arguments: [
    { name: "NAME", optional: true },
    { name: "MOUNTPATH", optional: true },
  ],
  options: [sysrootOption],
  async run(invocation) {
    const missing = "Missing NAME or MOUNTPATH";
    const [name, path] = [argument(invocation, 0, missing), argument(invocation, 1, missing)];
    const { mountStateOverlay } = await import("../../../../host/index.ts");
    mountStateOverlay(await openSysroot(invocation), name, path);
  },
});
