// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";

export default defineCommand<string>({
  path: ["ostree", "remote", "summary"],
  summary: "Show remote summary",
  arguments: [{ name: "NAME", optional: true }],
  options: [
    repoOption,
    { name: "list-metadata-keys", help: "List the available metadata keys" },
    { name: "print-metadata-key", value: "KEY", help: "Print string value of metadata key" },
    { name: "cache-dir", value: "DIR", help: "Use custom cache dir" },
    { name: "raw", help: "Show raw variant data" },
  ],
  async run(invocation) {
    const name = argument(invocation, 0, "NAME must be specified");
    const { fetchRemoteSummary, verificationText } = await import("../../../ostree/index.ts");
    const { metadataKeyText, rawSummaryText, summaryText } = await import("./summary-text.ts");
    const cacheDirectory = invocation.value("cache-dir");
    const options = cacheDirectory === undefined ? {} : { cacheDirectory };
    const { summary, bytes, verified } = await fetchRemoteSummary(await openRepo(invocation), name, options);
    if (invocation.flag("list-metadata-keys")) return [...summary.metadata.keys()].sort().join("\n");
    const key = invocation.value("print-metadata-key");
    if (key !== undefined) return metadataKeyText(summary.metadata, key);
    if (invocation.flag("raw")) return rawSummaryText(bytes);
    return verified ? `${summaryText(summary)}\n${verificationText(verified)}` : summaryText(summary);
  },
  render: (text) => text,
});
