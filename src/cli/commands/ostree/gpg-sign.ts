// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";

export default defineCommand<string>({
  path: ["ostree", "gpg-sign"],
  summary: "Sign a commit",
  arguments: [
    { name: "COMMIT", optional: true },
    { name: "KEY-ID", optional: true, repeat: true },
  ],
  options: [
    repoOption,
    { name: "delete", short: "d", help: "Delete signatures having any of the GPG KEY-IDs" },
    { name: "gpg-homedir", value: "HOMEDIR", help: "GPG Homedir to use when looking for keyrings" },
  ],
  async run(invocation) {
    const rev = argument(invocation, 0, "Need a COMMIT to sign");
    argument(invocation, 1, "Need at least one GPG KEY-ID to sign with");
    const { deleteGpgSignatures, gpgSigner, openKeyring, signCommit } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const commit = repo.resolve(rev);
    const home = invocation.value("gpg-homedir");
    const keys = invocation.args.slice(1);
    if (invocation.flag("delete")) {
      const deleted = await deleteGpgSignatures(repo, commit, keys, openKeyring(repo, { homedir: home }));
      return `Signatures deleted: ${deleted}`;
    }
    for (const key of keys) await signCommit(repo, commit, gpgSigner(key, home));
    return "";
  },
  render: (text) => text,
});
