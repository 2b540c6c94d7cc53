// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { changePin, sysrootOption } from "./shared.ts";

export default defineCommand({
  path: ["host", "pin"],
  summary: "Keep a deployment whatever is cleaned up",
  description:
    "A pinned deployment is not removed by updates or clean-ups until it is unpinned. DEPLOYMENT is its number in the status (0 is the first), booted, pending, rollback, its version, its name or the beginning of its checksum.",
  examples: [
    { command: "atomic host pin booted", text: "The running version:" },
    {
      command: "atomic host pin booted --name=known-good",
      text: "With a name, to go back to by `rollback known-good`:",
    },
  ],
  arguments: [{ name: "DEPLOYMENT" }],
  options: [sysrootOption, { name: "name", value: "NAME", help: "Call the deployment so from now on" }],
  json: true,
  run: (invocation) => changePin(invocation, true),
  render: ({ checksum, serial, changed, words }) =>
    changed
      ? `Deployment ${checksum.slice(0, 12)}.${serial} is pinned.   Undo:  atomic host unpin ${words}`
      : `Deployment ${checksum.slice(0, 12)}.${serial} was pinned already.`,
});
