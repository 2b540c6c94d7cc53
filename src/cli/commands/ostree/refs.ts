// SPDX-License-Identifier: Apache-2.0
import type { Repo } from "../../../ostree/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { openRepo, repoOption } from "./open-repo.ts";

interface Listed {
  readonly refs: readonly { readonly ref: string; readonly commit?: string; readonly alias?: string }[];
  readonly revisions: boolean;
}

export default defineCommand<Listed>({
  path: ["ostree", "refs"],
  summary: "List refs",
  json: true,
  examples: [
    { command: "atomic ostree refs --create=stable testing", text: "Let the ref stable be where testing is" },
    { command: "atomic ostree refs -A --create=stable os/13", text: "Let stable stand for os/13, now and later" },
  ],
  arguments: [{ name: "PREFIX", optional: true, repeat: true }],
  options: [
    repoOption,
    { name: "delete", help: "Delete refs which match PREFIX, rather than listing them" },
    { name: "list", help: "Do not remove the prefix from the refs" },
    { name: "revision", short: "r", help: "Show revisions in listing" },
    { name: "alias", short: "A", help: "If used with --create, create an alias, otherwise just list aliases" },
    { name: "create", value: "NEWREF", help: "Create a new ref for an existing commit" },
    { name: "collections", short: "c", help: "Enable listing collection IDs for refs" },
    { name: "force", help: "Overwrite existing refs when creating" },
  ],
  async run(invocation) {
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
    const collections = invocation.flag("collections");
    const revisions = invocation.flag("revision");
    if (created === undefined && !deleting) {
      const list = collections ? listCollections : listPlain;
      return { refs: await list(repo, args, invocation), revisions };
    }
    if (deleting) for (const prefix of args) await deleteRefs(repo, prefix, invocation);
    else await createRef(repo, created!, args[0]!, invocation);
    const { updateSummaryIfAutomatic } = await import("../../../ostree/index.ts");
    await updateSummaryIfAutomatic(repo);
    return { refs: [], revisions };
  },
  render: ({ refs, revisions }) =>
    refs
      .map(({ ref, commit, alias }) => {
        if (alias !== undefined) return `${ref} -> ${alias}`;
        return revisions && commit !== undefined ? `${ref}\t${commit}` : ref;
      })
      .join("\n"),
});

async function createRef(repo: Repo, name: string, rev: string, invocation: Invocation): Promise<void> {
  const { listAliases, listRefs, parseRefSpec, writeAlias } = await import("../../../ostree/index.ts");
  if (invocation.flag("collections")) return createCollectionRef(repo, name, rev, invocation);
  const alias = invocation.flag("alias");
  const replaces = alias && listAliases(repo.path).has(name);
  if (!replaces) await mustBeFree(repo, name, invocation);
  const spec = parseRefSpec(name);
  if (!alias) {
    repo.setRef(spec, repo.resolve(rev));
    return;
  }
  if (spec.remote !== undefined) throw cliError("usage", `Cannot create alias to remote ref: ${spec.remote}`);
  if (!listRefs(repo.path).has(rev)) throw cliError("usage", `Cannot create alias to non-existent ref: ${rev}`);
  writeAlias(repo.path, spec.ref, rev);
}

/** As stock, a ref of the same name in a remote is no obstacle; a checksum is. */
async function mustBeFree(repo: Repo, name: string, invocation: Invocation): Promise<void> {
  const { isChecksum, parseRefSpec, readOwnRef } = await import("../../../ostree/index.ts");
  const existing = isChecksum(name) ? name : readOwnRef(repo.path, parseRefSpec(name));
  if (existing === undefined || invocation.flag("force")) return;
  throw cliError("usage", `--create specified but ref ${name} already exists`);
}

/** `COLLECTION:REF`, in the form of a ref of a remote. */
async function createCollectionRef(repo: Repo, name: string, rev: string, invocation: Invocation): Promise<void> {
  const { checkCollectionRef, collectionRefSpec } = await import("../../../ostree/index.ts");
  await mustBeFree(repo, name, invocation);
  const commit = repo.resolve(rev);
  const [collection = "", ...rest] = name.split(":");
  repo.setRef(collectionRefSpec(repo, checkCollectionRef(collection, rest.join(":"))), commit);
}

async function deleteRefs(repo: Repo, prefix: string, invocation: Invocation): Promise<void> {
  const ostree = await import("../../../ostree/index.ts");
  if (invocation.flag("collections")) {
    for (const { collection, ref } of ostree.listCollectionRefs(repo, { collection: prefix })) {
      repo.setRef(ostree.collectionRefSpec(repo, { collection, ref }), undefined);
    }
    return;
  }
  const aliases = ostree.listAliases(repo.path);
  const doomed = invocation.flag("alias")
    ? ostree.listAliases(repo.path, prefix)
    : ostree.listRefsWithPrefix(repo.path, prefix, true);
  for (const ref of doomed.keys()) {
    const alias = [...aliases].find(([, target]) => target === ref);
    if (alias) throw cliError("usage", `Ref '${ref}' has an active alias: '${alias[0]}'`);
    repo.setRef(ref, undefined);
  }
}

async function listPlain(repo: Repo, prefixes: readonly string[], invocation: Invocation): Promise<Listed["refs"]> {
  const { listAliases, listRefNames, listRefs, listRefsWithPrefix } = await import("../../../ostree/index.ts");
  const all = prefixes.length === 0;
  if (invocation.flag("alias")) {
    const aliases = all ? [listAliases(repo.path)] : prefixes.map((prefix) => listAliases(repo.path, prefix));
    return aliases.flatMap((found) => [...found].map(([ref, alias]) => ({ ref, alias })));
  }
  const whole = invocation.flag("list");
  if (!invocation.flag("revision") && !invocation.flag("json")) {
    const names = all ? [undefined] : prefixes;
    return names.flatMap((prefix) => listRefNames(repo.path, prefix, whole)).map((ref) => ({ ref }));
  }
  const found = all ? [listRefs(repo.path)] : prefixes.map((prefix) => listRefsWithPrefix(repo.path, prefix, whole));
  return found.flatMap((refs) => [...refs].map(([ref, commit]) => ({ ref, commit })));
}

async function listCollections(repo: Repo, wanted: readonly string[]): Promise<Listed["refs"]> {
  const { formatCollectionRef, listCollectionRefs } = await import("../../../ostree/index.ts");
  const found =
    wanted.length === 0
      ? listCollectionRefs(repo)
      : wanted.flatMap((collection) => listCollectionRefs(repo, { collection }));
  return found.map((ref) => ({ ref: formatCollectionRef(ref), commit: ref.commit }));
}
