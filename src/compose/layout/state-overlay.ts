// SPDX-License-Identifier: Apache-2.0
import type { DirNode } from "../../ostree/index.ts";
import { composeError } from "../errors.ts";
import { lookup, makeSymlinkNode, put } from "../tree.ts";

const units = "usr/lib/systemd/system";

/** Has libostree lay a writable overlay on /usr/lib/opt and /usr/local at boot (`compose_postprocess_state_overlays`). */
export function enableStateOverlays(tree: DirNode): void {
  if (!lookup(tree, `${units}/ostree-state-overlay@.service`)) {
    throw composeError(
      "missing-program",
      "opt-usrlocal: state-overlay: the tree has no ostree-state-overlay@.service",
      {
        hint: "add ostree, of 2024.1 or later, to packages",
      },
    );
  }
  for (const name of ["usr-lib-opt", "usr-local"]) {
    const unit = `ostree-state-overlay@${name}.service`;
    put(tree, `${units}/local-fs.target.requires/${unit}`, makeSymlinkNode(`../${unit}`));
  }
}
