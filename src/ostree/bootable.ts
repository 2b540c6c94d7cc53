// SPDX-License-Identifier: Apache-2.0
import type { Variant } from "../formats/index.ts";
import { ostreeError } from "./errors.ts";
import { type DirNode, findNode } from "./tree.ts";

const modulesPath = "/usr/lib/modules";

/** The metadata that marks a commit as bootable: it must have one kernel (ostree_commit_metadata_for_bootable). */
export function bootableMetadata(root: DirNode): [key: string, value: Variant][] {
  const modules = findNode(root, modulesPath);
  if (modules?.kind !== "dir") {
    throw ostreeError("no-such-path", `Opening usr/lib/modules: No such file or directory: ${modulesPath}`);
  }
  const kernels = [...modules.entries].flatMap(([release, node]) =>
    node.kind === "dir" && node.entries.has("vmlinuz") ? [release] : [],
  );
  if (kernels.length > 1) throw ostreeError("no-such-path", "Multiple kernels found in /usr/lib/modules");
  if (kernels[0] === undefined) throw ostreeError("no-such-path", "No kernel found in /usr/lib/modules");
  return [
    ["ostree.bootable", { type: "b", value: true }],
    ["ostree.linux", { type: "s", value: kernels[0] }],
  ];
}
