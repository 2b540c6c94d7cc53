// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { etcLines } from "../../render/host-change.ts";
import { openForChange, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["host", "finalize-staged"],
  hidden: true,
  summary: "Make the staged deployment the default now (run by the system at shutdown)",
  options: [sysrootOption],
  async run(invocation) {
    const sysroot = await openForChange(invocation);
    const { finalizeStaged } = await import("../../../host/index.ts");
    const { deployment, etc, locked } = await finalizeStaged(sysroot);
    return { checksum: deployment?.checksum, etc, locked };
  },
  render({ checksum, etc, locked }) {
    if (checksum === undefined) return locked ? "The staged deployment is locked." : "Nothing is staged.";
    return [`${checksum.slice(0, 12)} boots next.`, ...etcLines(etc)].join("\n");
  },
});
