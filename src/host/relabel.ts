// SPDX-License-Identifier: Apache-2.0
/** SELinux labels of files that no commit carries, by a deployment's own policy (`ostree_sepolicy_restorecon`). */
import { lstatSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getXattr, listDirectory, lstatIfExists, setXattr } from "../base/index.ts";
import { directoryPolicy, type Labeler } from "../ostree/index.ts";
import type { Deployment } from "./model.ts";
import type { Sysroot } from "./sysroot.ts";

const labelXattr = "security.selinux";

export interface RelabelOptions {
  /** Leave files alone that have a label. */
  readonly keepExisting?: boolean;
  /** Told of each file that got a label. */
  readonly onLabel?: (path: string, as: string, label: string) => void;
}

/**
 * Labels a file, or a directory with all in it.
 * @param as the path that the policy shall see for it, absolute
 */
export function relabel(labeler: Labeler, path: string, as: string, options: RelabelOptions = {}): void {
  const { mode } = lstatSync(path);
  const keep = options.keepExisting === true && getXattr(path, labelXattr) !== undefined;
  const label = keep ? undefined : labeler(as, mode);
  if (label !== undefined) {
    setXattr(path, labelXattr, Buffer.from(`${label}\0`));
    options.onLabel?.(path, as, label);
  }
  if ((mode & 0o170000) !== 0o040000) return;
  for (const name of listDirectory(path))
    relabel(labeler, join(path, name), `${as === "/" ? "" : as}/${name}`, options);
}

/** What says, to libostree as well, that a stateroot's /var has been labelled. */
const stampName = "var/.ostree-selabeled";

/**
 * Labels a stateroot's new /var, once (`selinux_relabel_var_if_needed`). One that is in use is left alone, and marked so
 * that libostree does the same: it may have labels that no policy knows, such as those of containers.
 */
export function labelNewVar(sysroot: Sysroot, deployment: Deployment): void {
  const stateroot = join(sysroot.path, "ostree/deploy", deployment.stateroot);
  if (lstatIfExists(join(stateroot, stampName)) !== undefined) return;
  const isInUse = sysroot.deployments.some((other) => other.stateroot === deployment.stateroot && !other.staged);
  if (!isInUse) sysroot.onMessage(`Relabeling /var (no stamp file '${stampName}' found)`);
  const labeler = isInUse ? undefined : directoryPolicy(sysroot.directory(deployment));
  if (labeler !== undefined) relabel(labeler, join(stateroot, "var"), "/var");
  writeFileSync(join(stateroot, stampName), "");
}
