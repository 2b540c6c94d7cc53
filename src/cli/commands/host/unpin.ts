// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { changePin, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["host", "unpin"],
  summary: "Let a pinned deployment be cleaned up again",
  description:
    "The deployment is removed when it is no longer the booted one or the one behind it. DEPLOYMENT is its number in the status (0 is the first), booted, pending, rollback, its version, its name or the beginning of its checksum.",
  examples: [{ command: "atomic host unpin booted", text: "The running version:" }],
  arguments: [{ name: "DEPLOYMENT" }],
  options: [sysrootOption],
  json: true,
  run: (invocation) => changePin(invocation, false),
  render: ({ checksum, serial, changed, words }) =>
    changed
      ? `Deployment ${checksum.slice(0, 12)}.${serial} is no longer pinned.   Undo:  atomic host pin ${words}`
      : `Deployment ${checksum.slice(0, 12)}.${serial} was not pinned.`,
});
