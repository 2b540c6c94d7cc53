// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, stage } from "../../base/index.ts";
import type { DirNode } from "../../ostree/index.ts";
import { epoch } from "../finish.ts";
import { applyLayers, type TreeLayer } from "../layers.ts";
import { materialize } from "../materialize.ts";
import { applyUpper } from "../overlay.ts";
import type { Workspace } from "../sandbox.ts";
import { requireSuccess } from "../scripts.ts";
import { lookup, lookupDirectory, makeDirectoryNode, readText } from "../tree.ts";
import type { Treefile } from "../treefile/model.ts";
import { checkAccounts, type Release, seedAccounts } from "./accounts.ts";
import { applyOwners } from "./apply-owners.ts";
import { assembleRpms, type AssembledRpms, filesInTree } from "./assemble.ts";
import { rpmFilter } from "./filter.ts";
import { orderForInstall } from "./order.ts";
import { ownersOf } from "./owners.ts";
import { nevraOf, type TreeRpm } from "./package.ts";
import { finishAfterScripts, prepareForScripts, replacePrograms } from "./prepare.ts";
import { ScriptRunner } from "./scripts/run-scripts.ts";
import { ScriptSession } from "./scripts/session.ts";

/** PATH as rpm sets it for scriptlets (lib/rpmscript.c). */
export const scriptletEnvironment = { PATH: "/sbin:/bin:/usr/sbin:/usr/bin", SOURCE_DATE_EPOCH: epoch };

/** Machines whose programs have an ELF class (rpmrc's `buildarch` of multilib; rpmtsColor). */
const colors: Readonly<Record<string, number>> = { x86_64: 3, ppc64: 3, s390x: 3 };

export function colorOf(architecture: string): number {
  return colors[architecture] ?? 0;
}

/** What a tree is made of besides packages. */
export interface InstallBase {
  /** Accounts of the last release. */
  readonly previous: Release | undefined;
  readonly layers: readonly TreeLayer[];
}

/** Lays the packages' files out, gives them their owners and has their scriptlets run. */
export async function installRpms(
  workspace: Workspace,
  treefile: Treefile,
  packages: readonly TreeRpm[],
  { previous, layers }: InstallBase,
  progress: ProgressListener,
): Promise<{ readonly tree: DirNode; readonly assembled: AssembledRpms; readonly ordered: readonly TreeRpm[] }> {
  // Its thread starts while the tree is put together.
  await using session = new ScriptSession(workspace);
  const ordered = orderForInstall(packages.toSorted((a, b) => (nevraOf(a) < nevraOf(b) ? -1 : 1)));
  const assembled = await stage(progress, "compose.assemble", `Assembling ${packages.length} packages`, () => {
    const start = makeDirectoryNode();
    seedAccounts(start, treefile, previous);
    const made = assembleRpms(ordered, {
      start,
      filter: ({ name }) => rpmFilter(treefile, name),
      color: colorOf(treefile.basearch),
    });
    prepareForScripts(made.tree, ordered);
    applyLayers(made.tree, layers);
    materialize(made.tree, workspace.lower);
    replacePrograms(made.tree, workspace);
    return made;
  });
  const { tree, skipped } = assembled;
  const listed = ordered.map((one) => ({
    one,
    files: filesInTree(one, skipped.get(one) ?? new Set()).map(({ path }) => path),
  }));
  const runner = new ScriptRunner(listed, { env: scriptletEnvironment, macros: macrosOf(treefile) }, progress);
  await stage(progress, "compose.scripts", "Running scriptlets", async () => {
    await session.open();
    if (needsSysusers(tree, treefile)) await runProgram(session, "making users and groups", sysusers);
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
  finishAfterScripts(tree, treefile);
  checkAccounts(tree, treefile, previous);
  return { tree, assembled, ordered };
}

/** As rpm-ostree defines it (rust/src/treefile.rs `format_install_langs_macro`): glibc's scriptlets make the locales that it names. */
function macrosOf({ installLangs }: Treefile): Record<string, string> {
  return installLangs.length === 0 ? {} : { _install_langs: installLangs.join(":") };
}

/** Whether accounts are made from sysusers.d before any scriptlet (rust/src/core.rs `run_sysusers`). */
export function needsSysusers(tree: DirNode, { sysusers }: Pick<Treefile, "sysusers">): boolean {
  if (!lookup(tree, sysusers.slice(1)) || !lookupDirectory(tree, "usr/lib/sysusers.d")) return false;
  if (sysusers === "compose-forced") return true;
  const macros = lookupDirectory(tree, "usr/lib/rpm/macros.d");
  const texts = [
    readText(tree, "usr/lib/rpm/macros"),
    ...[...(macros?.entries.keys() ?? [])].map((name) => readText(tree, `usr/lib/rpm/macros.d/${name}`)),
  ];
  return texts.some((text) => /^%__systemd_sysusers\s/m.test(text ?? ""));
}

export const sysusers = "/usr/bin/systemd-sysusers";

export async function runProgram(session: ScriptSession, what: string, program: string): Promise<void> {
  const end = await session.run({ kind: "program", command: [program], args: [], env: scriptletEnvironment });
  requireSuccess(what, [program], end);
}
