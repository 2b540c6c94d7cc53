// SPDX-License-Identifier: Apache-2.0
/** The trees of a commit, laid over each other with their modifiers (ot-builtin-commit.c). */
import { readFileSync } from "node:fs";
import {
  commitPolicy,
  type CommitModifiers,
  DevinoCache,
  directoryPolicy,
  type DirNode,
  importArchive,
  type Labeler,
  loadTree,
  markOverrides,
  openTree,
  overlayTree,
  parseStatOverride,
  removeNode,
  type Repo,
  scanTree,
  type StatOverride,
  type Transaction,
} from "../../../ostree/index.ts";
import type { Invocation } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { integerOption } from "./open-repo.ts";
import { pathnameFilter } from "./pathname-filter.ts";

export interface CommitTree {
  readonly tree: DirNode;
  readonly modifiers: CommitModifiers;
}

interface Layering {
  readonly invocation: Invocation;
  readonly repo: Repo;
  readonly transaction: Transaction;
  readonly modifiers: CommitModifiers;
  readonly devino: DevinoCache | undefined;
  /** Changes of modes and paths to leave out that no tree had yet. */
  readonly overrides: Map<string, StatOverride>;
  readonly skipped: Set<string>;
}

export async function makeTree(invocation: Invocation, repo: Repo, transaction: Transaction): Promise<CommitTree> {
  const specs = treeSpecs(invocation);
  const modifiers = readModifiers(invocation, repo, specs[0]!);
  const base = invocation.value("base");
  const layering = prepare(invocation, repo, transaction, modifiers);
  let tree = base === undefined ? undefined : openTree(repo, base, true);
  for (const spec of specs) tree = await addLayer(layering, tree, spec);
  checkUnmatched(layering);
  if (!tree) throw cliError("usage", "Can't commit an empty tree");
  return { tree, modifiers };
}

interface TreeSpec {
  readonly type: string;
  readonly value: string;
}

/** The trees given, or the directory that the argument names. */
function treeSpecs(invocation: Invocation): TreeSpec[] {
  const given = invocation.values("tree");
  const specs = given.length > 0 ? given : [`dir=${invocation.args[0] ?? "."}`];
  return specs.map((spec) => {
    const equals = spec.indexOf("=");
    if (equals < 0) throw cliError("usage", `Missing type in tree specification '${spec}'`);
    const type = spec.slice(0, equals);
    if (!["dir", "tar", "ref"].includes(type)) throw cliError("usage", `Invalid tree type specification '${type}'`);
    return { type, value: spec.slice(equals + 1) };
  });
}

/** Directories that the commit takes over. */
export function consumedDirectories(invocation: Invocation): string[] {
  if (!invocation.flag("consume")) return [];
  return treeSpecs(invocation).flatMap(({ type, value }) => (type === "dir" ? [value] : []));
}

function readModifiers(invocation: Invocation, repo: Repo, first: TreeSpec): CommitModifiers {
  const [uid, gid] = [integerOption(invocation, "owner-uid"), integerOption(invocation, "owner-gid")];
  const canonical = invocation.flag("canonical-permissions");
  for (const [name, id] of Object.entries({ uid, gid })) {
    if (canonical && id !== undefined && id > 0) {
      throw cliError("usage", `Cannot specify both --canonical-permissions and non-zero --owner-${name}`);
    }
  }
  const userOnly = repo.mode === "bare-user-only";
  const label = readLabeler(invocation, repo, first);
  return {
    ...(uid === undefined || uid < 0 ? {} : { uid }),
    ...(gid === undefined || gid < 0 ? {} : { gid }),
    canonicalPermissions: canonical || userOnly,
    noXattrs: invocation.flag("no-xattrs") || userOnly,
    modeRoExecutables: invocation.flag("mode-ro-executables"),
    ...(label === undefined ? {} : { label }),
  };
}

function readLabeler(invocation: Invocation, repo: Repo, first: TreeSpec): Labeler | undefined {
  const epoch = integerOption(invocation, "selinux-labeling-epoch") ?? 0;
  if (epoch !== 0 && epoch !== 1) throw cliError("usage", `Unknown SELinux labeling epoch: ${epoch}`);
  const labeler = findPolicy(invocation, repo, first);
  if (labeler === undefined || epoch === 0) return labeler;
  // From epoch 1 on, /usr/etc has the labels of /etc (get_final_xattrs).
  return (path, mode) => labeler(/^\/usr\/etc(\/|$)/.test(path) ? path.slice(4) : path, mode);
}

function findPolicy(invocation: Invocation, repo: Repo, first: TreeSpec): Labeler | undefined {
  const root = invocation.value("selinux-policy");
  const fromBase = invocation.flag("selinux-policy-from-base");
  if (root !== undefined && fromBase) {
    throw cliError("usage", "Cannot specify both --selinux-policy and --selinux-policy-from-base");
  }
  if (root !== undefined) return directoryPolicy(root);
  if (!fromBase) return undefined;
  const base = invocation.value("base");
  if (base !== undefined) return commitPolicy(repo, base);
  if (first.type === "tar") throw cliError("usage", "Cannot use --selinux-policy-from-base with tar");
  return first.type === "ref" ? commitPolicy(repo, first.value) : directoryPolicy(first.value);
}

function prepare(invocation: Invocation, repo: Repo, transaction: Transaction, modifiers: CommitModifiers): Layering {
  const overridesFile = invocation.value("statoverride");
  const skipFile = invocation.value("skip-list");
  const canonical = invocation.flag("devino-canonical");
  const speedup = canonical || invocation.flag("link-checkout-speedup");
  const modified = Object.values(modifiers).some((value) => value !== undefined && value !== false);
  return {
    invocation,
    repo,
    transaction,
    modifiers,
    devino: speedup ? new DevinoCache(repo, { canonical, modified }) : undefined,
    overrides:
      overridesFile === undefined ? new Map() : parseStatOverride(readFileSync(overridesFile, "utf8"), overridesFile),
    skipped: new Set(skipFile === undefined ? [] : readFileSync(skipFile, "utf8").split("\n").filter(Boolean)),
  };
}

async function addLayer(
  layering: Layering,
  tree: DirNode | undefined,
  { type, value }: TreeSpec,
): Promise<DirNode | undefined> {
  if (type === "tar") return addArchive(layering, tree, value);
  const layer = type === "ref" ? readRef(layering, value) : readDirectory(layering, value);
  markOverrides(layer, layering.overrides);
  if (!tree) return layer;
  overlayTree(tree, layer);
  return tree;
}

function readRef({ repo, skipped }: Layering, rev: string): DirNode {
  const tree = openTree(repo, rev);
  for (const path of skipped) if (removeNode(tree, path)) skipped.delete(path);
  return tree;
}

function readDirectory({ repo, modifiers, devino, skipped }: Layering, path: string): DirNode {
  // A path is left out of the first tree that has it (commit_filter).
  const filter = (inner: string) => !skipped.delete(inner);
  const filters = skipped.size > 0;
  const tree = scanTree(path, {
    xattrs: !modifiers.noXattrs && !repo.settings.disableXattrs,
    ...(filters ? { filter } : {}),
    ...(devino === undefined ? {} : { devino }),
  });
  // What the filter has met must be known now, and each path is left out once.
  if (filters) loadTree(tree);
  return tree;
}

async function addArchive(layering: Layering, tree: DirNode | undefined, path: string): Promise<DirNode | undefined> {
  const { invocation, transaction, modifiers, overrides, skipped } = layering;
  const filter = invocation.value("tar-pathname-filter");
  return importArchive(transaction, tree, path === "-" ? 0 : path, {
    ...modifiers,
    overrides,
    skipped,
    autocreateParents: invocation.flag("tar-autocreate-parents"),
    ...(filter === undefined ? {} : { renamePath: pathnameFilter(filter) }),
    progress: invocation.progress,
  });
}

function checkUnmatched({ overrides, skipped }: Layering): void {
  const unmet = [...overrides].filter(([, { kind }]) => kind === "add").map(([path]) => path);
  if (unmet.length > 0) throw cliError("usage", `Unmatched statoverride paths: ${unmet.join(", ")}`);
  if (skipped.size > 0) throw cliError("usage", `Unmatched skip-list paths: ${[...skipped].join(", ")}`);
}
