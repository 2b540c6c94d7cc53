// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { type Categories, levelOf } from "./categories.ts";

export const labelXattr = "security.selinux";

/** What containers may write (container_selinux(8)), with the tenant's categories. */
export function fileLabel(categories: Categories): string {
  return `system_u:object_r:container_file_t:${levelOf(categories)}`;
}

/** The text of an attribute, which ends with a NUL. */
export function readLabel(value: Buffer | undefined): string | undefined {
  return value?.toString("utf8").replace(/\0$/, "");
}

/** Whether the kernel enforces labels, or would (selinuxfs is mounted). */
export function isSelinuxEnabled(): boolean {
  return existsSync("/sys/fs/selinux/enforce");
}
