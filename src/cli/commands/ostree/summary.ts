// SPDX-License-Identifier: Apache-2.0
import type { Variant } from "../../../formats/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { keyValue, openRepo, repoOption } from "./open-repo.ts";
import { signersOf, signOptions } from "./signers.ts";
import { variantValue } from "./variant-value.ts";

export default defineCommand<string>({
  path: ["ostree", "summary"],
  summary: "Manage summary metadata",
  examples: [{ command: "atomic ostree --repo=repo summary -u", text: "After new commits, before publishing" }],
  options: [
    repoOption,
    { name: "update", short: "u", help: "Update the summary" },
    { name: "view", short: "v", help: "View the local summary file" },
    { name: "raw", help: "View the raw bytes of the summary file" },
    { name: "list-metadata-keys", help: "List the available metadata keys" },
    { name: "print-metadata-key", value: "KEY", help: "Print string value of metadata key" },
    ...signOptions("summary"),
    {
      name: "add-metadata",
      short: "m",
      value: "KEY=VALUE",
      repeat: true,
      help: "Additional metadata field to add to the summary; VALUE in GVariant text format",
    },
  ],
  async run(invocation) {
    const { readSummary, updateRepoMetadata, verifyLocalSummary } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    if (invocation.flag("update")) {
      await updateRepoMetadata(repo, { metadata: metadata(invocation), signers: await signersOf(invocation) });
      return "";
    }
    const { metadataKeyText, rawSummaryText, signatureLines, summaryText } = await import("./summary-text.ts");
    if (invocation.flag("raw")) return rawSummaryText(readSummary(repo).bytes);
    if (invocation.flag("view")) {
      const text = summaryText(readSummary(repo).summary);
      const results = await verifyLocalSummary(repo, invocation.value("gpg-homedir"));
      return `${text}\n${signatureLines(results)}`;
    }
    const key = invocation.value("print-metadata-key");
    if (!invocation.flag("list-metadata-keys") && key === undefined) {
      throw cliError("usage", "No option specified; use -u to update summary");
    }
    const { metadata: stored } = readSummary(repo).summary;
    return key === undefined ? [...stored.keys()].sort().join("\n") : metadataKeyText(stored, key);
  },
  render: (text) => text,
});

function metadata(invocation: Invocation): Map<string, Variant> {
  return new Map(
    invocation.values("add-metadata").map((text) => {
      const [key, value] = keyValue(text);
      return [key, variantValue(value)];
    }),
  );
}
