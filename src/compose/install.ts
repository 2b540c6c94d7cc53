// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, stage } from "../base/index.ts";
import type { DirNode } from "../ostree/index.ts";
import { debianArchitecture } from "./architecture.ts";
import { assemble } from "./assemble.ts";
import { epoch } from "./finish.ts";
import { writeDpkgDatabase } from "./dpkg-database.ts";
import { pathFilter } from "./filter.ts";
import { applyLayers, type TreeLayer } from "./layers.ts";
import { materialize } from "./materialize.ts";
import { applyUpper } from "./overlay.ts";
import { orderForUnpack, replaces, type TreePackage } from "./package.ts";
import type { Workspace } from "./sandbox.ts";
import { prepareLower, runMaintainerScripts } from "./scripts.ts";
import { ensureDirectory } from "./tree.ts";
import type { Treefile } from "./treefile/model.ts";

/** Lays the packages' files out and has their maintainer scripts run. */
export async function installDebs(
  workspace: Workspace,
  treefile: Treefile,
  packages: readonly TreePackage[],
  layers: readonly TreeLayer[],
  env: Readonly<Record<string, string>>,
  progress: ProgressListener,
): Promise<DirNode> {
  const ordered = orderForUnpack(packages);
  const byName = new Map(packages.map((one) => [one.infoName, one]));
  const tree = await stage(progress, "compose.assemble", `Assembling ${packages.length} packages`, () => {
    const { tree, lists } = assemble(
      ordered.map((one) => ({
        name: one.infoName,
        data: one.data,
        filter: pathFilter(treefile, one.name),
        replaces: (other) => replacesNamed(one, byName.get(other)),
      })),
    );
    for (const name of ["dev", "proc", "run", "sys", "tmp", "var/tmp"]) ensureDirectory(tree, name);
    writeDpkgDatabase(tree, ordered, lists, debianArchitecture(treefile.basearch));
    applyLayers(tree, layers);
    materialize(tree, workspace.lower);
    prepareLower(workspace);
    return tree;
  });
  await stage(progress, "compose.scripts", "Running maintainer scripts", () =>
    runMaintainerScripts(workspace, ordered, { ...env, SOURCE_DATE_EPOCH: epoch }, progress),
  );
  applyUpper(tree, workspace.upper);
  return tree;
}

function replacesNamed(one: TreePackage, other: TreePackage | undefined): boolean {
  return other !== undefined && replaces(one, other);
}
