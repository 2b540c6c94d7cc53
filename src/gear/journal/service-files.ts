// SPDX-License-Identifier: Apache-2.0
import { rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeDirectories, removeIfExists, unlessErrno, writeFileAtomic } from "../../base/index.ts";
import type { ServiceManager } from "../systemd/model.ts";
import { expectDone } from "../systemd/expect-done.ts";
import type { CertificatePaths } from "./certificates.ts";

export interface ServiceFile {
  /** Below the root. */
  readonly path: string;
  readonly content: string;
}

export function writeServiceFiles(files: readonly ServiceFile[], root = "/"): void {
  for (const { path, content } of files) {
    makeDirectories(dirname(join(root, path)));
    writeFileAtomic(join(root, path), content);
  }
}

export function removeServiceFiles(paths: readonly string[], root = "/"): void {
  for (const path of paths.map((one) => join(root, one))) {
    removeIfExists(path);
    // A directory of drop-ins is nobody's when it is empty.
    if (dirname(path).endsWith(".d")) unlessErrno(["ENOENT", "ENOTEMPTY", "EEXIST"], () => rmdirSync(dirname(path)));
  }
}

/** systemd reads them as root and gives the service copies of its own (systemd.exec(5)), whoever that runs as. */
export const credentialLines = ({ key, certificate, trust }: CertificatePaths): string =>
  Object.entries({ key, certificate, trust })
    .map(([name, path]) => `LoadCredential=${name}:${path.replaceAll("%", "%%")}\n`)
    .join("");

/** Writes their files, and has them started now and with the host; what runs takes its new settings. */
export async function startUnits(
  services: ServiceManager,
  files: readonly ServiceFile[],
  units: readonly string[],
): Promise<void> {
  writeServiceFiles(files);
  await services.enable(units);
  await services.daemonReload();
  for (const unit of units) expectDone(await services.restart(unit));
}

export async function stopUnits(
  services: ServiceManager,
  paths: readonly string[],
  units: readonly string[],
): Promise<void> {
  await services.disable(units);
  for (const unit of units) expectDone(await services.stop(unit));
  removeServiceFiles(paths);
  await services.daemonReload();
}
