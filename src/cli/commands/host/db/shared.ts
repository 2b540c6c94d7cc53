// SPDX-License-Identifier: Apache-2.0
import type { Repo } from "../../../../ostree/index.ts";
import type { Invocation, OptionDeclaration } from "../../../command.ts";

export const repoOption: OptionDeclaration = {
  name: "repo",
  value: "PATH",
  help: "Read this repository (default: that of the running host)",
};

/** rpm-ostree's `db` reads the host's repository when none is named (`rpmostree_db_option_context_parse`). */
export async function openDbRepo(invocation: Invocation): Promise<Repo> {
  const { Repo: OstreeRepo } = await import("../../../../ostree/index.ts");
  return OstreeRepo.open(invocation.value("repo") ?? "/sysroot/ostree/repo");
}
