// SPDX-License-Identifier: Apache-2.0
import type { HistoryEntry } from "../../../host/index.ts";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { formatTime, keyLines, shortChecksum } from "../../render/columns.ts";

const shownAtFirst = 3;

export default defineCommand({
  path: ["host", "history"],
  summary: "Show what ran when, why it changed and who asked",
  description:
    "From the journal, the newest first: it goes back as far as that does. Boots are known where the initramfs tells the journal of them.",
  examples: [{ command: "atomic host history --all", text: "As far back as the journal goes:" }],
  options: [
    { name: "limit", short: "n", value: "N", help: "Show this many (default: 3)" },
    { name: "all", help: "Show all" },
    { name: "deployments", help: "Also those that were made and never booted" },
  ],
  json: true,
  async run(invocation): Promise<readonly HistoryEntry[]> {
    const limit = invocation.value("limit") ?? String(shownAtFirst);
    if (!/^\d{1,6}$/.test(limit)) throw cliError("usage", `--limit=${limit} is not a number`);
    const { readHistory } = await import("../../../host/index.ts");
    const entries = await readHistory(invocation.flag("deployments"));
    return invocation.flag("all") ? entries : entries.slice(0, Number(limit));
  },
  render: (entries) => (entries.length === 0 ? "The journal knows of none." : entries.map(renderEntry).join("\n\n")),
});

function renderEntry(entry: HistoryEntry): string {
  const { deployment, agent } = entry;
  const [first, last] = [entry["first-boot-timestamp"], entry["last-boot-timestamp"]];
  const count = entry["boot-count"];
  const again = count > 1 && first !== undefined ? `\n${count} boots since ${formatTime(first)}` : "";
  const pairs: [string, string | undefined][] = [
    ["BootTimestamp", last === undefined ? "never booted" : `${formatTime(last)}${again}`],
    ["CreateTimestamp", formatTime(entry["deployment-create-timestamp"])],
    ["CreateCommand", entry["deployment-create-command-line"]],
    ["CreatedBy", agent],
    ["Origin", deployment.origin],
    ["Version", deployment.version],
    ["Commit", shortChecksum(deployment.checksum)],
  ];
  return keyLines(
    pairs.flatMap(([key, value]): [string, string][] => (value === undefined ? [] : [[key, value]])),
  ).join("\n");
}
