// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { renderLinks } from "../../../render/gear-link.ts";
import { openLinkStore } from "./shared.ts";
import { rootOption } from "../root-option.ts";

export default defineCommand({
  path: ["gear", "link", "list"],
  summary: "Show containers' links, and where their networks differ from them",
  description:
    "Of the instances that are named, or of all that run on this host. Exits with 1 when what the kernel has is not what was applied.",
  examples: [{ command: "atomic gear link list shop-web", text: "Where do its addresses lead?" }],
  arguments: [{ name: "INSTANCE", optional: true, repeat: true }],
  options: [rootOption],
  json: true,
  async run(invocation) {
    const { inspectLinks } = await import("../../../../gear/index.ts");
    const store = await openLinkStore(invocation);
    const instances = invocation.args.length > 0 ? invocation.args : store.instances();
    return Promise.all(instances.map((instance) => inspectLinks(store, instance)));
  },
  render: renderLinks,
  exitCode: (all) => (all.some(({ missing, extra }) => missing.length + extra.length > 0) ? 1 : 0),
});
