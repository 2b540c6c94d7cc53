// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { argument, openRepo, refuse, repoOption } from "./open-repo.ts";

export default defineCommand({
  path: ["ostree", "gpg-sign"],
  summary: "Sign a commit",
  arguments: [
    { name: "COMMIT", optional: true },
    { name: "KEY-ID", optional: true, repeat: true },
  ],
  options: [
    repoOption,
    { name: "delete", short: "d", hidden: true, help: "Not supported" },
    { name: "gpg-homedir", value: "HOMEDIR", help: "GPG Homedir to use when looking for keyrings" },
  ],
  async run(invocation) {
    refuse(invocation, "delete");
    const rev = argument(invocation, 0, "Need a COMMIT to sign or verify");
    argument(invocation, 1, "Need at least one GPG KEY-ID to sign with");
    const { gpgSigner, signCommit } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const commit = repo.resolve(rev);
    const home = invocation.value("gpg-homedir");
    for (const key of invocation.args.slice(1)) await signCommit(repo, commit, gpgSigner(key, home));
  },
});
