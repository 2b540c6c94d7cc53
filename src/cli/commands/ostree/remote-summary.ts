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
    const { fetchRemoteSummary, verificationText } = await import("../../../ostree/index.ts");
    const { rawSummaryText, summaryText } = await import("./summary-text.ts");
    const { summary, bytes, verified } = await fetchRemoteSummary(await openRepo(invocation), name);
    if (invocation.flag("raw")) return rawSummaryText(bytes);
    return verified ? `${summaryText(summary)}\n${verificationText(verified)}` : summaryText(summary);
  },
  render: (text) => text,
});
