// SPDX-License-Identifier: Apache-2.0
import { parseGVariant, type Variant } from "../../../formats/index.ts";
import { keyValue } from "./open-repo.ts";

/** A metadata value in GVariant text format. */
export function variantValue(text: string): Variant {
  return parseGVariant(text);
}

/** `KEY=VALUE` options with plain strings. */
export function stringEntries(options: readonly string[]): [key: string, value: Variant][] {
  return options.map((text) => {
    const [key, value] = keyValue(text);
    return [key, { type: "s", value }];
  });
}

/** `KEY=VALUE` options with values in GVariant text format. */
export function variantEntries(options: readonly string[]): [key: string, value: Variant][] {
  return options.map((text) => {
    const [key, value] = keyValue(text);
    return [key, variantValue(value)];
  });
}
