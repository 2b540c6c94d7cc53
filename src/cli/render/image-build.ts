// SPDX-License-Identifier: Apache-2.0
import type { BuiltImage } from "../../image/index.ts";

const gibibyte = 1024 ** 3;

export function renderBuiltImage(image: BuiltImage): string {
  const size = `${(image.size / gibibyte).toFixed(1)} GiB, ${(image.allocated / gibibyte).toFixed(2)} GiB used here`;
  return [
    `${image.output}  ${image.format}, ${size}`,
    `  Release:  ${image.title} (${image.checksum.slice(0, 12)}), stateroot ${image.stateroot}`,
    `  Updates:  ${image.remote.name} ${image.remote.url}`,
    `  Boot it:  atomic image run ${image.output}`,
  ].join("\n");
}
