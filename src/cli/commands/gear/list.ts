// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { renderList } from "../../render/gear-status.ts";
import { readStatus } from "./read-status.ts";
import { overHosts } from "./over-hosts.ts";
import { rootOption } from "./root-option.ts";

export default overHosts(
  defineCommand({
    path: ["gear", "list"],
    summary: "List applications",
    examples: [{ command: "atomic gear list", text: "What is deployed here?" }],
    options: [rootOption],
    json: true,
    run: readStatus,
    render: (statuses, style) => renderList(statuses, style, Date.now()),
  }),
);
