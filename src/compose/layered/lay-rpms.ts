// SPDX-License-Identifier: Apache-2.0
/** RPM packages upon a base: files, owners, scriptlets and database (rpmostree-core.cxx, `rpmostree_context_assemble`). */
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ProgressListener, stage } from "../../base/index.ts";
import type { DirNode, FileNode } from "../../ostree/index.ts";
import { changeSqliteDatabase, headOfInstalled, packageOfHeader, rpmTag } from "../../packages/index.ts";
import { composeError } from "../errors.ts";
import { materialize } from "../materialize.ts";
import { applyUpper } from "../overlay.ts";
import { applyOwners } from "../rpm/apply-owners.ts";
import { assembleRpms, filesInTree } from "../rpm/assemble.ts";
import { databaseFile, databasePlace, installedRpm } from "../rpm/database.ts";
import { colorOf, needsSysusers, runProgram, scriptletEnvironment, sysusers } from "../rpm/install.ts";
import { orderForInstall } from "../rpm/order.ts";
import { ownersOf } from "../rpm/owners.ts";
import { nevraOf, type TreeRpm, treeRpm } from "../rpm/package.ts";
import { finishAfterScripts, prepareForScripts, replacePrograms } from "../rpm/prepare.ts";
import { ScriptRunner } from "../rpm/scripts/run-scripts.ts";
import { ScriptSession } from "../rpm/scripts/session.ts";
import { translatePath } from "../rpm/translate.ts";
import type { Workspace } from "../sandbox.ts";
import { lookup, lookupFile, makeDirectoryNode, move, put, readNode, take } from "../tree.ts";
import { dropKernel } from "./drop-kernel.ts";
import type { BaseRpm } from "./rpm.ts";
import type { OpenedBase } from "./shape.ts";

export interface LaidRpms {
  readonly packages: readonly TreeRpm[];
  readonly leaving: readonly BaseRpm[];
  readonly staying: readonly BaseRpm[];
  /** NEVRAs of packages whose files win over those of the base. */
  readonly wins: ReadonlySet<string>;
  readonly basearch: string;
}

/** @param tree an opened base, which is changed */
export async function layRpms(
  workspace: Workspace,
  tree: DirNode,
  base: OpenedBase,
  laid: LaidRpms,
  progress: ProgressListener,
): Promise<void> {
  // Its thread starts while the tree is put together.
  await using session = new ScriptSession(workspace);
  const ordered = orderForInstall(laid.packages.toSorted((a, b) => (nevraOf(a) < nevraOf(b) ? -1 : 1)));
  const present = laid.staying.map(({ header, package: one }) =>
    treeRpm(headOfInstalled(header, nevraOf(one)), makeDirectoryNode()),
  );
  const skipped = await stage(progress, "compose.assemble", `Laying out ${ordered.length} packages`, () =>
    layOut(workspace, tree, ordered, present, laid),
  );
  if (ordered.length > 0) await runScriptlets({ session, workspace, tree, ordered, present, skipped }, progress);
  finishAfterScripts(tree, base.toplevel);
  changeDatabase(workspace, tree, ordered, skipped, laid);
}

type Skipped = ReadonlyMap<TreeRpm, ReadonlySet<string>>;

function layOut(
  workspace: Workspace,
  tree: DirNode,
  ordered: readonly TreeRpm[],
  present: readonly TreeRpm[],
  { leaving, wins, basearch }: LaidRpms,
): Skipped {
  // Packages are imported with their configuration where a deployment has it.
  move(tree, "etc", "usr/etc");
  removeRpms(tree, leaving, present);
  const { skipped } = assembleRpms(ordered, {
    start: tree,
    filter: () => () => false,
    color: colorOf(basearch),
    present: {
      ownerOf: (path) =>
        present.find((one) => one.files.some((file) => `/${translatePath(file.slice(1))}` === path))?.name ??
        "the base",
      gives: (one) => wins.has(nevraOf(one)),
    },
  });
  // Written anew, of what all packages have.
  take(tree, "usr/lib/tmpfiles.d/atomic-autorun.conf");
  prepareForScripts(tree, ordered);
  materialize(tree, workspace.lower);
  replacePrograms(tree, workspace);
  return skipped;
}

/** Files that no other package has go (`delete_package_from_root`); scriptlets of what is removed are not run. */
function removeRpms(tree: DirNode, leaving: readonly BaseRpm[], present: readonly TreeRpm[]): void {
  if (leaving.length === 0) return;
  const kept = new Set(present.flatMap(({ files }) => files));
  for (const { header, package: one } of leaving) {
    const { files } = headOfInstalled(header, nevraOf(one)).table;
    dropKernel(
      tree,
      files.map(({ path }) => path),
    );
    for (const { path } of files.toSorted((a, b) => (a.path < b.path ? 1 : -1))) {
      const place = translatePath(path.slice(1));
      const node = lookup(tree, place);
      if (kept.has(path) || node === undefined || (node.kind === "dir" && node.entries.size > 0)) continue;
      take(tree, place);
    }
  }
}

interface Running {
  readonly session: ScriptSession;
  readonly workspace: Workspace;
  readonly tree: DirNode;
  readonly ordered: readonly TreeRpm[];
  readonly present: readonly TreeRpm[];
  readonly skipped: Skipped;
}

async function runScriptlets(
  { session, workspace, tree, ordered, present, skipped }: Running,
  progress: ProgressListener,
): Promise<void> {
  const listed = (one: TreeRpm) => ({
    one,
    files: filesInTree(one, skipped.get(one) ?? new Set()).map(({ path }) => path),
  });
  const surroundings = { env: scriptletEnvironment, macros: {} };
  const runner = new ScriptRunner(ordered.map(listed), surroundings, progress, present.map(listed));
  await stage(progress, "compose.scripts", "Running scriptlets", async () => {
    await session.open();
    const brings = ordered.some(({ files }) => files.some((path) => path.startsWith("/usr/lib/sysusers.d/")));
    if (brings && needsSysusers(tree, { sysusers: "compose-auto" }))
      await runProgram(session, "making users and groups", sysusers);
    await runner.before(session);
    await session.close();
    applyUpper(tree, workspace.upper);
    applyOwners(tree, workspace, ownersOf(tree, ordered));
    await session.open();
    await runner.after(session);
    // rpm-ostree's check that scriptlets have not broken the tree (`rpmostree_deployment_sanitycheck_true`).
    if (lookup(tree, "usr/bin/true")) await runProgram(session, "running a program of the tree", "/usr/bin/true");
    await session.close();
  });
  applyUpper(tree, workspace.upper);
}

/** The base's own database is kept beside it (`usr/lib/sysimage/rpm-ostree-base-db`). */
function changeDatabase(
  workspace: Workspace,
  tree: DirNode,
  ordered: readonly TreeRpm[],
  skipped: Skipped,
  { leaving, basearch }: LaidRpms,
): void {
  const place = `${databasePlace}/${databaseFile}`;
  const node = lookupFile(tree, place);
  if (node === undefined)
    throw composeError("bad-tree", `the base keeps rpm's database not as ${place}, and nothing can be layered on it`);
  const path = join(workspace.path, databaseFile);
  writeFileSync(path, readNode(node), { mode: 0o644 });
  const time = Math.max(0, ...ordered.map(({ head }) => head.header.number(rpmTag.buildTime) ?? 0));
  const gone = new Set(leaving.map((one) => nevraOf(one.package)));
  changeSqliteDatabase(
    path,
    (header) => header.string(rpmTag.name) !== "gpg-pubkey" && gone.has(nevraOf(packageOfHeader(header))),
    ordered.map((one) => installedRpm(one, skipped.get(one) ?? new Set(), time, colorOf(basearch))),
  );
  const fresh: FileNode = {
    kind: "file",
    header: { ...node.header, xattrs: [] },
    source: { type: "path", path, size: statSync(path).size },
  };
  put(tree, place, fresh);
}
