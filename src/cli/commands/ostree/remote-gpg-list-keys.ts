// SPDX-License-Identifier: Apache-2.0
import { localTime } from "../../../base/index.ts";
import type { KeyPart, TrustedKey } from "../../../ostree/index.ts";
import { defineCommand } from "../../command.ts";
import { openRepo, repoOption } from "./open-repo.ts";

export default defineCommand<{ readonly keys: readonly TrustedKey[] }>({
  path: ["ostree", "remote", "gpg-list-keys"],
  summary: "Show remote GPG keys",
  json: true,
  arguments: [{ name: "NAME", optional: true }],
  options: [repoOption],
  async run(invocation) {
    const { findRemote, listKeys, openKeyring, systemKeyring } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const [name] = invocation.args;
    // A remote without keys of its own lists none, although the system's count for it.
    const keyring =
      name === undefined ? systemKeyring() : openKeyring(repo, { remote: findRemote(repo, name).name, system: false });
    return { keys: await listKeys(keyring) };
  },
  render: ({ keys }) => keys.flatMap(keyLines).join("\n"),
});

/** ot_dump_gpg_key */
function keyLines({ primary, users, subkeys }: TrustedKey): string[] {
  return [
    ...partLines("Key", primary),
    ...users
      .flatMap(({ userId, revoked, urls }) => [
        `UID: ${userId}${revoked ? " (revoked)" : ""}`,
        `Advanced update URL: ${urls?.advanced ?? ""}`,
        `Direct update URL: ${urls?.direct ?? ""}`,
      ])
      .map((line) => `  ${line}`),
    ...subkeys.flatMap((subkey) => partLines("Subkey", subkey)).map((line) => `  ${line}`),
  ];
}

function partLines(label: string, part: KeyPart): string[] {
  const { expires } = part;
  const verb = expires && expires.getTime() <= Date.now() ? "Expired" : "Expires";
  return [
    `${label}: ${part.fingerprint}${part.revoked ? " (revoked)" : ""}`,
    `  Created: ${localTime(part.created)}`,
    ...(expires ? [`  ${verb}: ${localTime(expires)}`] : []),
  ];
}
