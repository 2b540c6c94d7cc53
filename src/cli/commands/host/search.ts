// SPDX-License-Identifier: Apache-2.0
import type { SearchMatches } from "../../../packages/index.ts";
import { defineCommand } from "../../command.ts";
import { hostOptions, namedStateroot, openSysroot } from "./shared.ts";

const groups: readonly [key: keyof SearchMatches, title: string][] = [
  ["both", "Summary & Name"],
  ["name", "Name"],
  ["summary", "Summary"],
];

export default defineCommand({
  path: ["host", "search"],
  summary: "Search the host's package repositories",
  description:
    "Finds packages whose names or summaries have all the words, in any case; with `*`, `?` or `[`, patterns of the whole. Of each kind of match 50 are shown.",
  examples: [{ command: "atomic host search ssh server", text: "By words:" }],
  arguments: [{ name: "WORD", repeat: true }],
  options: [
    ...hostOptions,
    { name: "cache-only", short: "C", help: "Do not ask the network: use what was downloaded" },
  ],
  json: true,
  async run(invocation): Promise<SearchMatches> {
    const sysroot = await openSysroot(invocation);
    const { loadPackageLists } = await import("../../../host/index.ts");
    const { searchPackages } = await import("../../../packages/index.ts");
    const request = { ...namedStateroot(invocation), cacheOnly: invocation.flag("cache-only") };
    const lists = await loadPackageLists(sysroot, request, invocation.progress);
    return searchPackages(lists.all(), invocation.args);
  },
  render(matches) {
    const blocks = groups.flatMap(([key, title]) => {
      const lines = matches[key].map(({ name, summary }) => `${name} : ${summary}`);
      return lines.length === 0 ? [] : [[`===== ${title} Matched =====`, ...lines].join("\n")];
    });
    return blocks.length === 0 ? "No matches found." : blocks.join("\n\n");
  },
});
