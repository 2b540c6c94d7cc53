// SPDX-License-Identifier: Apache-2.0
/**
 * `cliwrap`, `cliwrap-binaries`: programs that a host of an image must not use as they are give way to scripts that call
 * rpm-ostree, which then runs them or tells what to do instead (rpm-ostree's rust/src/cliwrap.rs). Deprecated there.
 */
import type { DirNode } from "../../ostree/index.ts";
import { composeError } from "../errors.ts";
import { applyUpper } from "../overlay.ts";
import type { Workspace } from "../sandbox.ts";
import { followSymlinks, lookup, lookupDirectory, lookupFile, makeFileNode, readText } from "../tree.ts";
import type { Treefile } from "../treefile/model.ts";
import { putInUpper, removeInUpper } from "../upper.ts";

/** Where the programs themselves go. */
export const wrappedDirectory = "usr/libexec/rpm-ostree/wrapped";

/** Programs, and whether there is to be a script even where there is no program. */
const programs: readonly (readonly [path: string, always: boolean])[] = [
  ["usr/bin/rpm", false],
  ["usr/bin/dracut", false],
  ["usr/sbin/grubby", false],
  ["usr/bin/yum", true],
  ["usr/bin/dnf", true],
];
/** It is wrapped unless it is told that the boot loader's entries are ostree's. */
const kernelInstall = ["usr/bin/kernel-install", false] as const;

export function writeWrappers(tree: DirNode, workspace: Workspace, treefile: Treefile): void {
  const known = hasOstreeLayout(tree) ? programs : [...programs, kernelInstall];
  const chosen = treefile.cliwrap ? known : known.filter(([path]) => treefile.cliwrapBinaries.includes(nameOf(path)));
  requireKnown(treefile, known);
  if (chosen.length === 0) return;
  if (!lookup(tree, "usr/bin/rpm-ostree")) {
    throw composeError("missing-program", "cliwrap: the tree has no /usr/bin/rpm-ostree, which the scripts call", {
      hint: "add rpm-ostree to packages, or remove the key",
    });
  }
  for (const [path, always] of chosen) wrap(tree, workspace, path, always);
  applyUpper(tree, workspace.upper);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function requireKnown(treefile: Treefile, known: typeof programs): void {
  const names = known.map(([path]) => nameOf(path));
  const unknown = treefile.cliwrap ? undefined : treefile.cliwrapBinaries.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw composeError("treefile-value", `${treefile.path}: cliwrap-binaries: ${unknown} cannot be wrapped`, {
    hint: `one of ${names.join(", ")}`,
  });
}

function wrap(tree: DirNode, workspace: Workspace, path: string, always: boolean): void {
  const real = followSymlinks(tree, path);
  const program = real === undefined ? undefined : lookupFile(tree, real);
  if (!program && !always) return;
  const kept = `${wrappedDirectory}/${nameOf(path)}`;
  if (program) putInUpper(workspace, tree, kept, program);
  removeInUpper(workspace, tree, path);
  const what = program ? `# The program itself is ${kept}.\n` : "";
  const text = `#!/bin/sh\n# Written for the treefile's cliwrap; see rpm-ostree(1).\n${what}exec /usr/bin/rpm-ostree cliwrap $0 "$@"\n`;
  putInUpper(workspace, tree, path, makeFileNode(text, 0o755));
}

/** kernel-install(8), "FILES": what /etc says counts, a drop-in before the file itself (kernel_install.rs `is_ostree_layout`). */
function hasOstreeLayout(tree: DirNode): boolean {
  const layoutIn = (path: string) => /^\s*layout=(.*)$/m.exec(readText(tree, path) ?? "")?.[1];
  for (const directory of ["etc/kernel", "usr/lib/kernel"]) {
    const names = [...(lookupDirectory(tree, `${directory}/install.conf.d`)?.entries.keys() ?? [])];
    const dropins = names.filter((name) => name.endsWith(".conf")).toSorted();
    const paths = [`${directory}/install.conf`, ...dropins.map((name) => `${directory}/install.conf.d/${name}`)];
    const layout = paths.map(layoutIn).findLast((one) => one !== undefined);
    if (layout !== undefined) return layout === "ostree";
  }
  return false;
}
