// SPDX-License-Identifier: Apache-2.0
/**
 * For boot loaders that read boot entries, and for a GRUB before 2.14, which does not: it gets a menu beside the entries
 * that the static configuration on the disk sources.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { lstatIfExists } from "../../base/index.ts";
import { renderGrubConfig } from "../grub-config.ts";
import { beginTrial, needsTrial } from "../health/trial.ts";
import type { BootLoader } from "./model.ts";

export const none: BootLoader = {
  name: "none",
  isAtomic: () => false,
  isActive: () => true,
  isComplete: ({ boot }) => lstatIfExists(join(boot, "loader/grub.cfg")) !== undefined,
  write({ sysroot, version, entries, deployments }) {
    const counted = beginTrial(sysroot, deployments, version);
    const text = renderGrubConfig(entries, { timeout: 1, ...(counted === undefined ? {} : { counted }) });
    writeFileSync(join(sysroot.boot, `loader.${version}`, "grub.cfg"), text);
  },
  counts: needsTrial,
};
