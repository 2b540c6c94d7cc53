// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { argument, keyValue, openRepoOrSysroot, repoOption, sysrootOption } from "./open-repo.ts";

export default defineCommand<{ imported?: number; name: string }>({
  path: ["ostree", "remote", "add"],
  summary: "Add a remote repository",
  examples: [
    {
      command: "atomic ostree remote add --gpg-import=key.gpg origin https://example.com/repo",
      text: "A remote whose commits must be signed by that key",
    },
  ],
  arguments: [
    { name: "NAME", optional: true },
    { name: "URL", optional: true },
    { name: "BRANCH", optional: true, repeat: true },
  ],
  options: [
    repoOption,
    { name: "set", value: "KEY=VALUE", repeat: true, help: "Set config option KEY=VALUE for remote" },
    { name: "no-gpg-verify", help: "Disable GPG verification" },
    { name: "no-sign-verify", help: "Disable signature verification" },
    {
      name: "sign-verify",
      value: "KEYTYPE=[inline|file]:PUBKEY",
      repeat: true,
      help: "Verify signatures using KEYTYPE=inline:PUBKEY or KEYTYPE=file:/path/to/key",
    },
    { name: "if-not-exists", help: "Do nothing if the provided remote exists" },
    { name: "force", help: "Replace the provided remote if it exists" },
    { name: "gpg-import", value: "FILE", help: "Import GPG key from FILE" },
    { name: "custom-backend", value: "NAME", help: "This remote has content not fetched via libostree" },
    { name: "contenturl", value: "URL", help: "Use URL when fetching content" },
    { name: "collection-id", value: "COLLECTION-ID", help: "Globally unique ID for this repository" },
    sysrootOption,
  ],
  async run(invocation) {
    const wanted = invocation.flag("custom-backend") ? "NAME must be specified" : "NAME and URL must be specified";
    const name = argument(invocation, 0, wanted);
    const url = invocation.args[1];
    if (url === undefined && !invocation.flag("custom-backend")) throw cliError("usage", wanted);
    const [ifNotExists, force] = [invocation.flag("if-not-exists"), invocation.flag("force")];
    if (ifNotExists && force) throw cliError("usage", "Can only specify one of --if-not-exists and --force");
    const { addRemote, importKeys } = await import("../../../ostree/index.ts");
    const repo = await openRepoOrSysroot(invocation);
    addRemote(repo, name, {
      url,
      branches: invocation.args.slice(2),
      set: await settings(invocation),
      ifNotExists,
      force,
    });
    const keys = invocation.value("gpg-import");
    if (keys === undefined) return { name };
    return { name, imported: await importKeys(repo.path, name, readFileSync(keys)) };
  },
  render: ({ name, imported }) => (imported === undefined ? "" : importedText(imported, name)),
});

/** As both `remote add --gpg-import` and `remote gpg-import` print it. */
export function importedText(count: number, remote: string): string {
  return `Imported ${count} GPG key${count === 1 ? "" : "s"} to remote "${remote}"`;
}

async function settings(invocation: Invocation): Promise<Map<string, string | boolean>> {
  const set = new Map<string, string | boolean>();
  for (const key of ["contenturl", "custom-backend", "collection-id"]) {
    const value = invocation.value(key);
    if (value !== undefined) set.set(key, value);
  }
  for (const [key, value] of invocation.values("set").map(keyValue)) set.set(key, value);
  // No signature verification implies none by GPG as well.
  if (invocation.flag("no-gpg-verify") || invocation.flag("no-sign-verify")) set.set("gpg-verify", false);
  if (invocation.flag("no-sign-verify")) set.set("sign-verify", false);
  await setVerification(invocation, set);
  return set;
}

/** add_verify_opt */
async function setVerification(invocation: Invocation, set: Map<string, string | boolean>): Promise<void> {
  const specs = invocation.values("sign-verify");
  if (specs.length === 0) return;
  if (invocation.flag("no-sign-verify")) {
    throw cliError("usage", "Cannot specify both --sign-verify and --no-sign-verify");
  }
  const { parseSignType } = await import("../../../ostree/index.ts");
  const types = new Set<string>();
  for (const spec of specs) {
    const [, name, source, value] = /^([^=]*)=([^:]*):?(.*)$/s.exec(spec) ?? [];
    if (name === undefined) throw cliError("usage", `Failed to parse KEYTYPE=[inline|file]:DATA in ${spec}`);
    const type = parseSignType(name);
    if ((source !== "inline" && source !== "file") || !value) {
      throw cliError("usage", `Invalid key reference ${source}, expected inline|file`);
    }
    set.set(`verification-${type}-${source === "inline" ? "key" : "file"}`, value);
    types.add(type);
  }
  set.set("sign-verify", [...types].join(";"));
}
