// SPDX-License-Identifier: Apache-2.0
import type { DirNode, Labeler } from "../../ostree/index.ts";
import type { Treefile } from "../treefile/model.ts";
import { kernelVersion } from "./kernel.ts";
import { policyType, treeLabeler } from "./selinux.ts";

/** What a commit says of a deployment's tree. */
export interface Layout {
  /** Version of the kernel that the tree boots, if it has one. */
  readonly kernel?: string;
  /** Labels by the tree's policy, if it has one. */
  readonly label?: Labeler;
}

/** @param tree in the shape of a deployment */
export function describeDeployment(tree: DirNode, options: Pick<Treefile, "container" | "selinux">): Layout {
  const kernel = options.container ? undefined : kernelVersion(tree);
  const policy = options.selinux ? policyType(tree, "usr/etc") : undefined;
  return { ...(kernel !== undefined && { kernel }), ...(policy !== undefined && { label: treeLabeler(tree, policy) }) };
}
