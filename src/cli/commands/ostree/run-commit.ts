// SPDX-License-Identifier: Apache-2.0
/** What `ostree commit` does, in stock's order (ot-builtin-commit.c). */
import { readdirSync } from "node:fs";
import { removeTree } from "../../../base/index.ts";
import {
  asChecksum,
  composefsMetadata,
  defaultTimestamp,
  type Checksum,
  type Detached,
  loadDetached,
  parseDate,
  type Repo,
  signCommitData,
  SizeIndex,
  sizesKey,
  Transaction,
  type TransactionStats,
  updateSummaryIfAutomatic,
  writeCommit,
  writeDetached,
  type WriteTreeOptions,
  writeTree,
} from "../../../ostree/index.ts";
import type { Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { commitMessage } from "./commit-message.ts";
import { addTreeMetadata, optionMetadata } from "./commit-metadata.ts";
import { type CommitTree, consumedDirectories, makeTree } from "./commit-trees.ts";
import { booleanOption, openRepo } from "./open-repo.ts";
import { signersOf } from "./signers.ts";
import { stringEntries } from "./variant-value.ts";

export interface Committed {
  readonly checksum: Checksum;
  readonly unchanged: boolean;
  readonly stats: TransactionStats;
}

export async function runCommit(invocation: Invocation): Promise<Committed> {
  if (invocation.value("branch") === undefined && !invocation.flag("orphan")) {
    throw cliError("usage", "A branch must be specified with --branch, or use --orphan");
  }
  const repo = await openRepo(invocation);
  const parent = parentOf(invocation, repo);
  const metadata = optionMetadata(invocation, repo, parent);
  const message = commitMessage(invocation);
  const time = timestamp(invocation);
  const fsync = invocation.flag("disable-fsync") ? false : booleanOption(invocation, "fsync");
  using transaction = Transaction.begin(repo, fsync === undefined ? {} : { fsync });
  const made = await makeTree(invocation, repo, transaction);
  const sizes = invocation.flag("generate-sizes") && repo.mode === "archive" ? new SizeIndex() : undefined;
  const written = await writeTree(
    repo,
    made.tree,
    writeOptions(invocation, made, transaction, sizes),
    invocation.progress,
  );
  if (parent !== undefined && invocation.flag("skip-if-unchanged") && isSame(repo.loadCommit(parent), written)) {
    consumeTrees(invocation);
    return { checksum: parent, unchanged: true, stats: transaction.stats };
  }
  addTreeMetadata(invocation, repo, metadata, made.tree);
  if (invocation.flag("generate-composefs-metadata")) {
    metadata.set(...(await composefsMetadata(transaction, written.tree, written.meta)));
  }
  if (sizes) metadata.set(sizesKey, sizes.variant());
  const { tree, meta } = written;
  const links = parent === undefined ? { tree, meta } : { tree, meta, parent };
  const checksum = writeCommit(repo, { ...links, ...message, timestamp: time, metadata, transaction });
  await addDetached(invocation, repo, transaction, checksum);
  await finish(invocation, repo, transaction, checksum);
  return { checksum, unchanged: false, stats: transaction.stats };
}

function writeOptions(
  invocation: Invocation,
  { modifiers }: CommitTree,
  transaction: Transaction,
  sizes: SizeIndex | undefined,
): WriteTreeOptions {
  const consume = invocation.flag("consume");
  return { ...modifiers, transaction, consume, ...(sizes === undefined ? {} : { sizes }) };
}

function isSame(commit: { tree: Checksum; meta: Checksum }, written: { tree: Checksum; meta: Checksum }): boolean {
  return commit.tree === written.tree && commit.meta === written.meta;
}

function parentOf(invocation: Invocation, repo: Repo): Checksum | undefined {
  const given = invocation.value("parent");
  if (given !== undefined) return given === "none" ? undefined : asChecksum(given);
  const branch = invocation.value("branch");
  if (branch === undefined || invocation.flag("orphan")) return undefined;
  return repo.tryResolve(branch);
}

function timestamp(invocation: Invocation): bigint {
  const text = invocation.value("timestamp");
  return text === undefined ? defaultTimestamp() : parseDate(text);
}

/** Signatures come with the commit: nobody shall see it without them, and without a key there is no commit. */
async function addDetached(
  invocation: Invocation,
  repo: Repo,
  transaction: Transaction,
  checksum: Checksum,
): Promise<void> {
  const given = stringEntries(invocation.values("add-detached-metadata-string"));
  const signers = await signersOf(invocation, invocation.values("sign-from-file"));
  if (given.length + signers.length === 0) return;
  const before: Detached = given.length === 0 ? loadDetached(repo, checksum) : new Map(given);
  const detached = await signCommitData(before, transaction.loadMetadata(checksum, "commit"), signers);
  transaction.writeMetadata("commitmeta", writeDetached(detached), checksum);
}

async function finish(invocation: Invocation, repo: Repo, transaction: Transaction, checksum: Checksum): Promise<void> {
  const branch = invocation.value("branch");
  if (branch !== undefined) transaction.setRef(branch, checksum);
  transaction.commit();
  if (branch !== undefined) await updateSummaryIfAutomatic(repo);
  consumeTrees(invocation);
}

/** Directories go with their content; `.` is only emptied, for nobody can remove the directory that he is in. */
function consumeTrees(invocation: Invocation): void {
  for (const directory of consumedDirectories(invocation)) {
    if (directory === ".") for (const name of readdirSync(".")) removeTree(name);
    else removeTree(directory);
  }
}
