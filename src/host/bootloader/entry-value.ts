// SPDX-License-Identifier: Apache-2.0
import { type BlsEntry, blsValue } from "../../formats/index.ts";
import { hostError } from "../errors.ts";

/** The value of a key that a boot loader cannot do without. */
export function requireValue(entry: BlsEntry, key: string): string {
  const value = blsValue(entry, key);
  if (value !== undefined) return value;
  throw hostError("bad-sysroot", `No "${key}" key in bootloader config`);
}

/** The first value of a key: libostree's boot loaders take the tree's own initramfs only. */
export function firstValue(entry: BlsEntry, key: string): string | undefined {
  return entry.fields.find((field) => field[0] === key)?.[1];
}
