// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { commitText, rawCommitText, type ShownCommit } from "./commit-text.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";

export default defineCommand<{ commits: readonly ShownCommit[]; raw: boolean }>({
  path: ["ostree", "log"],
  summary: "Show log starting at commit or ref",
  json: true,
  arguments: [{ name: "REV", optional: true }],
  options: [repoOption, { name: "raw", help: "Show raw variant data" }],
  async run(invocation) {
    const rev = argument(invocation, 0, "A rev argument is required");
    const { contentChecksum, log } = await import("../../../ostree/index.ts");
    const commits = [...log(await openRepo(invocation), rev)].map((entry) =>
      entry.commit ? { ...entry, contentChecksum: contentChecksum(entry.commit) } : entry,
    );
    return { commits, raw: invocation.flag("raw") };
  },
  render: ({ commits, raw }) => commits.map((entry) => (raw ? rawCommitText(entry) : commitText(entry))).join(""),
});
