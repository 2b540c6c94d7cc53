// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../../command.ts";
import { renderLinkChange } from "../../../render/gear-link.ts";
import { changeInstanceLinks, changeOptions } from "./shared.ts";

export default defineCommand({
  path: ["gear", "link"],
  summary: "Lead an address inside a container somewhere else",
  description:
    "INSTANCE is the instance's unit without `.service`. LINK is ADDRESS:PORT[/PROTOCOL]=HOST:PORT: what programs of the container connect to (tcp, or udp or sctp), and where that leads; localhost is this host, @INSTANCE an instance on it. The change is one transaction, the container goes on running, and its connections keep the targets that they have. It holds until it is taken back, over restarts and deployments.",
  examples: [
    { command: "atomic gear link shop-web 127.0.0.1:5432=db2.example.org:4001", text: "To another database:" },
    { command: "atomic gear link shop-web --revert", text: "Back to what its file says:" },
  ],
  arguments: [{ name: "INSTANCE" }, { name: "LINK", optional: true, repeat: true }],
  options: [...changeOptions, { name: "revert", help: "Forget what was linked and unlinked before" }],
  json: true,
  async run(invocation) {
    const { parseLink } = await import("../../../../gear/index.ts");
    return changeInstanceLinks(invocation, invocation.args.slice(1).map(parseLink));
  },
  render: renderLinkChange,
});
