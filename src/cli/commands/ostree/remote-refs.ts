// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { argument, openRepo, refuse, repoOption } from "./open-repo.ts";

export default defineCommand<{ refs: readonly string[] }>({
  path: ["ostree", "remote", "refs"],
  summary: "List remote refs",
  json: true,
  arguments: [{ name: "NAME", optional: true }],
  options: [repoOption, { name: "cache-dir", value: "DIR", hidden: true, help: "Not supported" }],
  async run(invocation) {
    refuse(invocation, "cache-dir");
    const name = argument(invocation, 0, "NAME must be specified");
    const { fetchRemoteSummary } = await import("../../../ostree/index.ts");
    const { summary } = await fetchRemoteSummary(await openRepo(invocation), name);
    return { refs: [...summary.refs.keys()].map((ref) => `${name}:${ref}`) };
  },
  render: ({ refs }) => refs.join("\n"),
});
