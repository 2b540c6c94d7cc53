// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { loadKexecImage } from "../base/index.ts";
import { blsValue } from "../formats/index.ts";
import { readBootEntries } from "./boot-entries.ts";
import { hostError } from "./errors.ts";
import { findKernel } from "./kernel-layout.ts";
import type { Deployment } from "./model.ts";
import type { Sysroot } from "./sysroot.ts";

/** Loads a deployment's kernel, so that the next reboot starts it without the firmware (`ostree_sysroot_deployment_kexec_load`). */
export function loadKexec(sysroot: Sysroot, deployment: Deployment): void {
  const entry = readBootEntries(sysroot.path, sysroot.bootVersion.version).find(
    ({ fileName }) => fileName === deployment.entryName,
  );
  const options = entry === undefined ? undefined : blsValue(entry, "options");
  if (options === undefined) throw hostError("no-deployment", "the deployment has no boot entry");
  const { directory, kernel, initramfs } = findKernel(sysroot.directory(deployment));
  const kernelFile = openSync(join(directory, kernel.source), "r");
  const initramfsFile = initramfs === undefined ? undefined : openSync(join(directory, initramfs.source), "r");
  try {
    loadKexecImage(kernelFile, initramfsFile, options);
  } finally {
    closeSync(kernelFile);
    if (initramfsFile !== undefined) closeSync(initramfsFile);
  }
}
