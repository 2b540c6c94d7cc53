// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { renderLinkChange } from "../../../render/gear-link.ts";
import { changeInstanceLinks, changeOptions } from "./shared.ts";

export default defineCommand({
  path: ["gear", "unlink"],
  summary: "Take links of a container away",
  description:
    "Connections to ADDRESS:PORT are refused from now on; those that exist stay. `atomic gear link INSTANCE --revert` brings the file's links back.",
  examples: [{ command: "atomic gear unlink shop-web 127.0.0.1:5432", text: "Cut the way to the database:" }],
  arguments: [{ name: "INSTANCE" }, { name: "ADDRESS:PORT[/PROTOCOL]", repeat: true }],
  options: changeOptions,
  json: true,
  async run(invocation) {
    const { parseSource } = await import("../../../../gear/index.ts");
    const changes = invocation.args.slice(1).map((text) => ({ from: parseSource(text), to: undefined }));
    return changeInstanceLinks(invocation, changes);
  },
  render: renderLinkChange,
});
