// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import type { VerifiedFile } from "../../../../gear/index.ts";
import { defineCommand } from "../../../command.ts";

export default defineCommand({
  path: ["gear", "journal", "verify"],
  summary: "Verify journals by their seals: what was changed, and from when to when nothing was",
  description:
    "Of the host and its tenants, file by file. Without a journal's key it is only seen of files that are not sealed whether they are whole. Give the keys on another machine, to copies of the files (--directory), where they can be: whoever runs this host can see them. Exits with 1 when a file fails.",
  examples: [
    {
      command: "gpg --decrypt web1.keys.gpg | atomic gear journal verify --keys=- --directory=web1/var/log/journal",
      text: "On copies:",
    },
    { command: "atomic gear journal verify", text: "What is sealed?" },
  ],
  options: [
    { name: "keys", value: "FILE", help: "Verification keys as seal has printed them; - is standard input" },
    { name: "directory", short: "D", value: "PATH", help: "Where the journals are; default: /var/log/journal" },
  ],
  json: true,
  async run(invocation): Promise<readonly VerifiedFile[]> {
    const { parseVerificationKeys, requireJournals, verifyJournals } = await import("../../../../gear/index.ts");
    const path = invocation.value("keys");
    const text = path === undefined ? "" : readFileSync(path === "-" ? 0 : path, "utf8");
    const directory = invocation.value("directory") ?? "/var/log/journal";
    requireJournals(directory);
    return verifyJournals(parseVerificationKeys(text), directory);
  },
  render: (files) => (files.length === 0 ? "There are no journals." : files.map(fileText).join("\n")),
  exitCode: (files) => (files.some(({ state }) => state === "failed") ? 1 : 0),
});

function fileText({ journal, path, state, sealed, reason }: VerifiedFile): string {
  const told = {
    verified:
      sealed === undefined
        ? "nothing of it is sealed yet"
        : `as it was written ${timeText(sealed.from)} to ${timeText(sealed.to)}`,
    unsealed: "whole, but not sealed",
    "no-key": "sealed; --keys verifies it",
    failed: `FAILED: ${reason ?? ""}`,
  }[state];
  return `${journal}  ${path}  ${told}`;
}

const timeText = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(".000Z", "Z");
