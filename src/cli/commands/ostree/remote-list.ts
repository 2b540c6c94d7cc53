// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { openRepo, repoOption } from "./open-repo.ts";

interface Listed {
  readonly remotes: readonly { readonly name: string; readonly url?: string }[];
  readonly showUrls: boolean;
}

export default defineCommand<Listed>({
  path: ["ostree", "remote", "list"],
  summary: "List remote repository names",
  json: true,
  options: [repoOption, { name: "show-urls", short: "u", help: "Show remote URLs in list" }],
  async run(invocation) {
    const { findRemote, listRemotes } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const remotes = listRemotes(repo).map((name) => {
      const remote = findRemote(repo, name);
      // A remote of another backend need not have a URL.
      const url = remote.url ?? remote.option("metalink");
      return url === undefined ? { name } : { name, url };
    });
    return { remotes, showUrls: invocation.flag("show-urls") };
  },
  render({ remotes, showUrls }) {
    const width = Math.max(0, ...remotes.map(({ name }) => name.length));
    return remotes.map(({ name, url }) => (showUrls ? `${name.padEnd(width)}  ${url ?? ""}` : name)).join("\n");
  },
});
