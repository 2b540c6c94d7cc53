// SPDX-License-Identifier: Apache-2.0
/** What `ostree commit` does, in stock's order (ot-builtin-commit.c). */
import { readFileSync } from "node:fs";
import { removeTree } from "../../../base/index.ts";
import type { Variant } from "../../../formats/index.ts";
import {
  asChecksum,
  composefsMetadata,
  defaultTimestamp,
  type Checksum,
  type CommitModifiers,
  type Detached,
  type DirNode,
  loadDetached,
  overlayTree,
  parseDate,
  parseStatOverride,
  readTree,
  refBinding,
  type Repo,
  scanTree,
  signCommitData,
  updateSummaryIfAutomatic,
  Transaction,
  type TransactionStats,
  walkTree,
  writeDetached,
  writeCommit,
  writeTree,
} from "../../../ostree/index.ts";
import type { Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { booleanOption, integerOption, keyValue, openRepo } from "./open-repo.ts";
import { signersOf } from "./signers.ts";
import { variantValue } from "./variant-value.ts";

export interface Committed {
  readonly checksum: Checksum;
  readonly unchanged: boolean;
  readonly stats: TransactionStats;
}

export async function runCommit(invocation: Invocation): Promise<Committed> {
  const branch = invocation.value("branch");
  if (branch === undefined && !invocation.flag("orphan")) {
    throw cliError("usage", "A branch must be specified with --branch, or use --orphan");
  }
  const repo = await openRepo(invocation);
  const parent = parentOf(invocation, repo, branch);
  const modifiers = readModifiers(invocation, repo);
  const metadata = makeMetadata(invocation, repo, parent, branch);
  const tree = makeTree(invocation, repo, modifiers);
  const fsync = booleanOption(invocation, "fsync");
  using transaction = Transaction.begin(repo, fsync === undefined ? {} : { fsync });
  const written = await writeTree(repo, tree, { ...modifiers, transaction }, invocation.progress);
  if (parent !== undefined && invocation.flag("skip-if-unchanged") && isSame(repo.loadCommit(parent), written)) {
    return { checksum: parent, unchanged: true, stats: transaction.stats };
  }
  if (invocation.flag("generate-composefs-metadata")) {
    metadata.set(...(await composefsMetadata(transaction, written.tree, written.meta)));
  }
  const checksum = writeCommit(repo, {
    ...written,
    ...(parent === undefined ? {} : { parent }),
    subject: invocation.value("subject") ?? "",
    body: body(invocation),
    timestamp: timestamp(invocation),
    metadata,
    transaction,
  });
  await addDetached(invocation, repo, transaction, checksum);
  finish(invocation, transaction, checksum, branch);
  if (branch !== undefined) await updateSummaryIfAutomatic(repo);
  return { checksum, unchanged: false, stats: transaction.stats };
}

function isSame(commit: { tree: Checksum; meta: Checksum }, written: { tree: Checksum; meta: Checksum }): boolean {
  return commit.tree === written.tree && commit.meta === written.meta;
}

function parentOf(invocation: Invocation, repo: Repo, branch: string | undefined): Checksum | undefined {
  const given = invocation.value("parent");
  const parent =
    given === undefined
      ? branch === undefined
        ? undefined
        : repo.listRefs().get(branch)
      : given === "none"
        ? undefined
        : asChecksum(given);
  if (parent === undefined && invocation.flag("keep-metadata")) {
    throw cliError("usage", "Either --branch or --parent must be specified when using --keep-metadata");
  }
  return parent;
}

function body(invocation: Invocation): string {
  const file = invocation.value("body-file");
  return file === undefined ? (invocation.value("body") ?? "") : readFileSync(file, "utf8");
}

function timestamp(invocation: Invocation): bigint {
  const text = invocation.value("timestamp");
  return text === undefined ? defaultTimestamp() : parseDate(text);
}

function makeMetadata(
  invocation: Invocation,
  repo: Repo,
  parent: Checksum | undefined,
  branch: string | undefined,
): Map<string, Variant> {
  const metadata = new Map<string, Variant>();
  for (const [key, value] of invocation.values("add-metadata-string").map(keyValue))
    metadata.set(key, { type: "s", value });
  for (const [key, value] of invocation.values("add-metadata").map(keyValue)) metadata.set(key, variantValue(value));
  const old = parent === undefined ? undefined : repo.loadCommit(parent).metadata;
  for (const key of invocation.values("keep-metadata")) {
    const value = old?.get(key);
    if (!value) throw cliError("usage", `Missing metadata key '${key}' from commit '${parent}'`);
    metadata.set(key, value);
  }
  if (!invocation.flag("no-bindings")) addBindings(invocation, repo, metadata, branch);
  return metadata;
}

/** fill_bindings */
function addBindings(
  invocation: Invocation,
  repo: Repo,
  metadata: Map<string, Variant>,
  branch: string | undefined,
): void {
  const refs = [...(branch === undefined ? [] : [branch]), ...invocation.values("bind-ref")];
  metadata.set(...refBinding(refs));
  const collectionId = repo.config.get("core", "collection-id");
  if (collectionId !== undefined && !metadata.has("ostree.collection-binding")) {
    metadata.set("ostree.collection-binding", { type: "s", value: collectionId });
  }
}

function readModifiers(invocation: Invocation, repo: Repo): CommitModifiers {
  const [uid, gid] = [integerOption(invocation, "owner-uid"), integerOption(invocation, "owner-gid")];
  const canonical = invocation.flag("canonical-permissions");
  for (const [name, id] of Object.entries({ uid, gid })) {
    if (canonical && id !== undefined && id > 0) {
      throw cliError("usage", `Cannot specify both --canonical-permissions and non-zero --owner-${name}`);
    }
  }
  const userOnly = repo.mode === "bare-user-only";
  const overrides = invocation.value("statoverride");
  return {
    ...(uid === undefined || uid < 0 ? {} : { uid }),
    ...(gid === undefined || gid < 0 ? {} : { gid }),
    canonicalPermissions: canonical || userOnly,
    noXattrs: invocation.flag("no-xattrs") || userOnly,
    modeRoExecutables: invocation.flag("mode-ro-executables"),
    ...(overrides === undefined ? {} : { statOverride: parseStatOverride(readFileSync(overrides, "utf8"), overrides) }),
  };
}

/** Lays the trees over each other. */
function makeTree(invocation: Invocation, repo: Repo, modifiers: CommitModifiers): DirNode {
  const skipped = readSkipList(invocation);
  const base = invocation.value("base");
  const changes = Object.values(modifiers).some((value) => value !== false && value !== undefined);
  if (base !== undefined && changes)
    throw cliError("usage", "--base together with options that change files is not supported");
  const given = invocation.values("tree");
  const specs = given.length > 0 ? given : [`dir=${invocation.args[0] ?? "."}`];
  let tree = base === undefined ? undefined : readTree(repo, base);
  for (const spec of specs) {
    const layer = readLayer(repo, spec, modifiers, skipped);
    if (tree) overlayTree(tree, layer);
    else tree = layer;
  }
  checkUnmatched(tree!, modifiers, skipped);
  return tree!;
}

function readLayer(repo: Repo, spec: string, modifiers: CommitModifiers, skipped: Map<string, boolean>): DirNode {
  const equals = spec.indexOf("=");
  if (equals < 0) throw cliError("usage", `Missing type in tree specification '${spec}'`);
  const [type, value] = [spec.slice(0, equals), spec.slice(equals + 1)];
  if (type === "ref") return readTree(repo, value);
  if (type === "tar") throw cliError("usage", "--tree=tar= is not supported; unpack it and commit the directory");
  if (type !== "dir") throw cliError("usage", `Invalid tree type specification '${type}'`);
  const filter = (path: string) => {
    if (!skipped.has(path)) return true;
    skipped.set(path, true);
    return false;
  };
  return scanTree(value, { xattrs: !modifiers.noXattrs, ...(skipped.size > 0 ? { filter } : {}) });
}

/** Paths of a skip list, and whether they were met. */
function readSkipList(invocation: Invocation): Map<string, boolean> {
  const file = invocation.value("skip-list");
  const lines = file === undefined ? [] : readFileSync(file, "utf8").split("\n").filter(Boolean);
  return new Map(lines.map((line) => [line, false]));
}

function checkUnmatched(tree: DirNode, modifiers: CommitModifiers, skipped: Map<string, boolean>): void {
  const unmet = [...skipped].filter(([, met]) => !met).map(([path]) => path);
  if (unmet.length > 0) throw cliError("usage", `Unmatched skip-list paths: ${unmet.join(", ")}`);
  const overrides = new Set(modifiers.statOverride?.keys());
  if (overrides.size > 0) for (const { path } of walkTree(tree)) overrides.delete(path);
  if (overrides.size > 0) throw cliError("usage", `Unmatched statoverride paths: ${[...overrides].join(", ")}`);
}

/** Signatures come with the commit: nobody shall see it without them, and without a key there is no commit. */
async function addDetached(
  invocation: Invocation,
  repo: Repo,
  transaction: Transaction,
  checksum: Checksum,
): Promise<void> {
  const given = invocation.values("add-detached-metadata-string").map(keyValue);
  const signers = await signersOf(invocation, invocation.values("sign-from-file"));
  if (given.length + signers.length === 0) return;
  const before: Detached =
    given.length === 0
      ? loadDetached(repo, checksum)
      : new Map(given.map(([key, value]) => [key, { type: "s", value }]));
  const detached = await signCommitData(before, transaction.loadMetadata(checksum, "commit"), signers);
  transaction.writeMetadata("commitmeta", writeDetached(detached), checksum);
}

function finish(
  invocation: Invocation,
  transaction: Transaction,
  checksum: Checksum,
  branch: string | undefined,
): void {
  if (branch !== undefined) transaction.setRef(branch, checksum);
  transaction.commit();
  if (invocation.flag("consume")) {
    for (const spec of invocation.values("tree")) if (spec.startsWith("dir=")) removeTree(spec.slice(4));
  }
}
