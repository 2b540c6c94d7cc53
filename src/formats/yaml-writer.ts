// SPDX-License-Identifier: Apache-2.0
import { stringify } from "yaml";

/**
 * A stream of YAML documents. Words that YAML 1.1 takes for something else (`yes`, `012`, `1_000`, `12:30`) are in quotes, so
 * that readers of either version read the same.
 */
export function writeYaml(documents: readonly unknown[]): string {
  return documents
    .map((document) => stringify(document, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false }))
    .join("---\n");
}
