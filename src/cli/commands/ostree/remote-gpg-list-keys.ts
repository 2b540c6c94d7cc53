// SPDX-License-Identifier: Apache-2.0
import type { KeyPart, TrustedKey } from "../../../ostree/index.ts";
import { defineCommand } from "../../command.ts";
import { openRepo, repoOption } from "./open-repo.ts";

interface Listed {
  readonly keys: readonly TrustedKey[];
  readonly localTime: (date: Date) => string;
}

export default defineCommand<Listed>({
  path: ["ostree", "remote", "gpg-list-keys"],
  summary: "Show remote GPG keys",
  json: true,
  arguments: [{ name: "NAME", optional: true }],
  options: [repoOption],
  async run(invocation) {
    const { findRemote, listKeys, localTime, openKeyring, systemKeyring } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const [name] = invocation.args;
    // A remote without keys of its own lists none, although the system's count for it.
    const keyring =
      name === undefined ? systemKeyring() : openKeyring(repo, { remote: findRemote(repo, name).name, system: false });
    return { keys: await listKeys(keyring), localTime };
  },
  render: ({ keys, localTime }) => keys.flatMap((key) => keyLines(key, localTime)).join("\n"),
});

/** ot_dump_gpg_key */
function keyLines({ primary, users, subkeys }: TrustedKey, time: Listed["localTime"]): string[] {
  return [
    ...partLines("Key", primary, time),
    ...users
      .flatMap(({ userId, revoked, urls }) => [
        `UID: ${userId}${revoked ? " (revoked)" : ""}`,
        `Advanced update URL: ${urls?.advanced ?? ""}`,
        `Direct update URL: ${urls?.direct ?? ""}`,
      ])
      .map((line) => `  ${line}`),
    ...subkeys.flatMap((subkey) => partLines("Subkey", subkey, time)).map((line) => `  ${line}`),
  ];
}

function partLines(label: string, part: KeyPart, time: Listed["localTime"]): string[] {
  const { expires } = part;
  const verb = expires && expires.getTime() <= Date.now() ? "Expired" : "Expires";
  return [
    `${label}: ${part.fingerprint}${part.revoked ? " (revoked)" : ""}`,
    `  Created: ${time(part.created)}`,
    ...(expires ? [`  ${verb}: ${time(expires)}`] : []),
  ];
}
