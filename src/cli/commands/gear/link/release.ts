// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { openLinkStore, refreshListener } from "./shared.ts";
import { rootOption } from "../root-option.ts";

export default defineCommand({
  path: ["gear", "link", "release"],
  hidden: true,
  summary: "Take links away that lead to a container that has ended (called by its unit)",
  arguments: [{ name: "INSTANCE" }],
  options: [rootOption],
  async run(invocation) {
    const { releaseInstance } = await import("../../../../gear/index.ts");
    const instance = invocation.args[0]!;
    await releaseInstance(await openLinkStore(invocation), instance, refreshListener(invocation, instance));
  },
  render: () => "",
});
