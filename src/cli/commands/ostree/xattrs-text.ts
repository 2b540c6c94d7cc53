// SPDX-License-Identifier: Apache-2.0
import type { Xattr } from "../../../base/index.ts";
import { printGVariant } from "../../../formats/index.ts";

/** Attributes as stock prints them: the variant that objects hold. */
export function xattrsText(xattrs: readonly Xattr[]): string {
  return printGVariant(
    "a(ayay)",
    xattrs.map(({ name, value }) => [Buffer.from(`${name}\0`), value]),
  );
}
