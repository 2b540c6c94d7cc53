// SPDX-License-Identifier: Apache-2.0
import type { PullStats } from "../../../ostree/index.ts";
import { defineCommand } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";
import { pullText, transferChoices, transferOptions } from "./pull.ts";

export default defineCommand<PullStats>({
  path: ["ostree", "pull-local"],
  summary: "Copy data from SRC_REPO",
  json: true,
  arguments: [
    { name: "SRC_REPO", optional: true },
    { name: "REFS", optional: true, repeat: true },
  ],
  options: [
    repoOption,
    ...transferOptions,
    { name: "remote", value: "REMOTE", help: "Add REMOTE to refspec" },
    { name: "gpg-verify", help: "GPG verify commits (must specify --remote)" },
    { name: "gpg-verify-summary", help: "GPG verify summary (must specify --remote)" },
  ],
  async run(invocation) {
    const path = argument(invocation, 0, "DESTINATION must be specified");
    const remote = invocation.value("remote");
    const [gpgVerify, gpgVerifySummary] = [invocation.flag("gpg-verify"), invocation.flag("gpg-verify-summary")];
    if ((gpgVerify || gpgVerifySummary) && remote === undefined) {
      throw cliError("usage", "Must specify remote name to enable gpg verification");
    }
    const { pull, Repo } = await import("../../../ostree/index.ts");
    const repo = await openRepo(invocation);
    const refs = invocation.args.slice(1);
    const source = Repo.open(path);
    const choices = { ...transferChoices(invocation), remote, source, refs, gpgVerify, gpgVerifySummary };
    return pull(repo, choices, invocation.progress);
  },
  render: pullText,
});
