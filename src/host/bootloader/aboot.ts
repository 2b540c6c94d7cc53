// SPDX-License-Identifier: Apache-2.0
/** Android's boot loader: `aboot-deploy` writes the image to the other boot slot (ostree-bootloader-aboot.c). */
import type { BlsEntry } from "../../formats/index.ts";
import { hostError } from "../errors.ts";
import { requireValue } from "./entry-value.ts";
import type { BootLoader } from "./model.ts";
import { runTool } from "./run-tool.ts";
import { ifStamped, leaveStamp } from "./stamp.ts";

export const aboot: BootLoader = {
  name: "aboot",
  isAtomic: () => true,
  // Never found by itself: it must be chosen (sysroot.bootloader=aboot).
  isActive: () => false,
  write: ({ sysroot }) => leaveStamp(sysroot),
  afterSwitch({ sysroot, entries }) {
    ifStamped(sysroot, () => install(sysroot.path, entries[0]));
  },
};

function install(sysroot: string, entry: BlsEntry | undefined): void {
  if (entry === undefined) throw hostError("boot-loader", "aboot: no bls config");
  const [image, config, options] = ["aboot", "abootcfg", "options"].map((key) => requireValue(entry, key));
  runTool("aboot-deploy", ["-r", ".", "-c", config!, "-o", options!, image!], sysroot);
}
