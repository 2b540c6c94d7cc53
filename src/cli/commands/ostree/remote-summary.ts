// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { argument, openRepo, refuse, repoOption } from "./open-repo.ts";

export default defineCommand<string>({
  path: ["ostree", "remote", "summary"],
  summary: "Show remote summary",
  arguments: [{ name: "NAME", optional: true }],
  options: [
    repoOption,
    { name: "cache-dir", value: "DIR", hidden: true, help: "Not supported" },
    { name: "raw", help: "Show raw variant data" },
  ],
  async run(invocation) {
    refuse(invocation, "cache-dir");
    const name = argument(invocation, 0, "NAME must be specified");
    const { fetchRemoteSummary } = await import("../../../ostree/index.ts");
    const { rawSummaryText, summaryText } = await import("./summary-text.ts");
    const { summary, bytes } = await fetchRemoteSummary(await openRepo(invocation), name);
    return invocation.flag("raw") ? rawSummaryText(bytes) : summaryText(summary);
  },
  render: (text) => text,
});
