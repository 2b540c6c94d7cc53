// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../../command.ts";
import { argument, openRepo, repoOption } from "./open-repo.ts";

interface Listed {
  readonly refs: readonly { readonly ref: string; readonly commit: string }[];
  readonly revisions: boolean;
}

export default defineCommand<Listed>({
  path: ["ostree", "remote", "refs"],
  summary: "List remote refs",
  json: true,
  arguments: [{ name: "NAME", optional: true }],
  options: [
    repoOption,
    { name: "revision", short: "r", help: "Show revisions in listing" },
    { name: "cache-dir", value: "DIR", help: "Use custom cache dir" },
  ],
  async run(invocation) {
    const name = argument(invocation, 0, "NAME must be specified");
    const { fetchRemoteSummary } = await import("../../../ostree/index.ts");
    const cacheDirectory = invocation.value("cache-dir");
    const options = cacheDirectory === undefined ? {} : { cacheDirectory };
    const { summary } = await fetchRemoteSummary(await openRepo(invocation), name, options);
    const refs = [...summary.refs].map(([ref, { commit }]) => ({ ref: `${name}:${ref}`, commit }));
    return { refs, revisions: invocation.flag("revision") };
  },
  render: ({ refs, revisions }) => refs.map(({ ref, commit }) => (revisions ? `${ref}\t${commit}` : ref)).join("\n"),
});
