// SPDX-License-Identifier: Apache-2.0
import type { Installed } from "../../image/index.ts";
import { shortChecksum } from "./columns.ts";

export function renderInstalled({ disk, size, title, checksum, stateroot, wiped }: Installed): string {
  return [
    `${disk}  ${(size / 1024 ** 3).toFixed(1)} GiB, boots by BIOS and UEFI`,
    `  Release:  ${title} (${shortChecksum(checksum)}), stateroot ${stateroot}`,
    ...(wiped.length === 0 ? [] : [`  Gone:     ${wiped.join(", ")}`]),
  ].join("\n");
}
