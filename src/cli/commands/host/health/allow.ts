// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { openForChange, sysrootOption } from "../shared.ts";

export default defineCommand({
  path: ["host", "health", "allow"],
  summary: "Let versions that failed be tried again",
  description:
    "VERSION is a version as `atomic host health list` shows it, or the beginning of its checksum. The next upgrade may install it again.",
  examples: [{ command: "atomic host health allow 13.2", text: "After its fault was found to be elsewhere:" }],
  arguments: [{ name: "VERSION", repeat: true }],
  options: [sysrootOption],
  json: true,
  async run(invocation) {
    const sysroot = await openForChange(invocation);
    const { forgetFailures, hostError } = await import("../../../../host/index.ts");
    using _lock = await sysroot.lock();
    const allowed = forgetFailures(sysroot, invocation.args);
    if (allowed.length > 0) return { allowed };
    throw hostError("no-version", `no version that failed is called ${invocation.args.join(" or ")}`, {
      hint: "atomic host health list",
    });
  },
  render: ({ allowed }) =>
    allowed.map(({ version, checksum }) => `${version ?? checksum.slice(0, 12)} may be tried again.`).join("\n"),
});
