// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";
import { importedText } from "./remote-add.ts";

export default defineCommand<{ imported: number; name: string }>({
  path: ["ostree", "remote", "gpg-import"],
  summary: "Import GPG keys",
  arguments: [
    { name: "NAME", optional: true },
    { name: "KEY-ID", optional: true, repeat: true },
  ],
  options: [
    repoOption,
    { name: "keyring", short: "k", value: "FILE", repeat: true, help: "Import keys from a keyring file (repeatable)" },
    { name: "stdin", help: "Import keys from standard input" },
  ],
  async run(invocation) {
    const name = argument(invocation, 0, "NAME must be specified");
    const files = invocation.values("keyring");
    const stdin = invocation.flag("stdin");
    if (stdin && files.length > 0) throw cliError("usage", "--keyring and --stdin are mutually exclusive");
    const { findRemote, importKeys } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    findRemote(repo, name);
    const sources = stdin ? [readFileSync(0)] : files.map((file) => readFileSync(file));
    return { imported: await importKeys(repo.path, name, sources, invocation.args.slice(1)), name };
  },
  render: ({ imported, name }) => importedText(imported, name),
});
