// SPDX-License-Identifier: Apache-2.0
import type { Repo } from "../../../ostree/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { openRepo, refuse, repoOption } from "./open-repo.ts";

export default defineCommand<{ refs: readonly string[] }>({
  path: ["ostree", "refs"],
  summary: "List refs",
  json: true,
  arguments: [{ name: "PREFIX", optional: true, repeat: true }],
  options: [
    repoOption,
    { name: "delete", help: "Delete refs which match PREFIX, rather than listing them" },
    { name: "list", help: "Do not remove the prefix from the refs" },
    { name: "alias", short: "A", help: "If used with --create, create an alias, otherwise just list aliases" },
    { name: "create", value: "NEWREF", help: "Create a new ref for an existing commit" },
    { name: "collections", short: "c", help: "Enable listing collection IDs for refs" },
    { name: "force", help: "Overwrite existing refs when creating" },
  ],
  async run(invocation) {
    refuse(invocation, "alias", "collections");
    const { args } = invocation;
    const created = invocation.value("create");
    const deleting = invocation.flag("delete");
    if (args.length === 0 && deleting) throw cliError("usage", "At least one PREFIX is required when deleting refs");
    if (args.length === 0 && created !== undefined) {
      throw cliError("usage", "You must specify a revision when creating a new ref");
    }
    if (args.length > 1 && created !== undefined) {
      throw cliError("usage", "You must specify only 1 existing ref when creating a new ref");
    }
    const repo = await openRepo(invocation);
    if (created !== undefined) createRef(repo, created, args[0]!, invocation);
    else if (deleting) for (const prefix of args) deleteRefs(repo, prefix);
    else return { refs: listed(repo, args, invocation.flag("list")) };
    return { refs: [] };
  },
  render: ({ refs }) => refs.join("\n"),
});

function createRef(repo: Repo, ref: string, rev: string, invocation: Invocation): void {
  if (!invocation.flag("force") && repo.tryResolve(ref) !== undefined) {
    throw cliError("usage", `--create specified but ref ${ref} already exists`);
  }
  repo.setRef(ref, repo.resolve(rev));
}

/** Refs equal to `prefix` or below it, as ostree_repo_list_refs matches. */
function matching(repo: Repo, prefix: string): string[] {
  const below = prefix.endsWith("/") || prefix.endsWith(":") ? prefix : `${prefix}/`;
  return [...repo.listRefs().keys()].filter((ref) => ref === prefix || ref.startsWith(below));
}

function deleteRefs(repo: Repo, prefix: string): void {
  for (const ref of matching(repo, prefix)) repo.setRef(ref, undefined);
}

function listed(repo: Repo, prefixes: readonly string[], whole: boolean): string[] {
  if (prefixes.length === 0) return [...repo.listRefs().keys()];
  return prefixes.flatMap((prefix) =>
    matching(repo, prefix).map((ref) => (whole || ref === prefix ? ref : ref.slice(prefix.length).replace(/^\//, ""))),
  );
}
