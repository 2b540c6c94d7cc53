// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { readTextIfExists } from "../../base/index.ts";
import type { UserRange } from "./model.ts";

/** Users and groups that the host has given out: subuid(5), subgid(5), passwd(5) and group(5). */
export function usersInUse(root = "/"): UserRange[] {
  return [
    ...fields(root, "etc/subuid").map(([, first, count]) => ({ first: Number(first), count: Number(count) })),
    ...fields(root, "etc/subgid").map(([, first, count]) => ({ first: Number(first), count: Number(count) })),
    ...fields(root, "etc/passwd").flatMap(([, , user, group]) => [user, group].map(single)),
    ...fields(root, "etc/group").map(([, , group]) => single(group)),
  ].filter(({ first, count }) => Number.isSafeInteger(first) && Number.isSafeInteger(count) && count > 0);
}

function single(number: string | undefined): UserRange {
  return { first: Number(number), count: 1 };
}

function fields(root: string, path: string): string[][] {
  const lines = (readTextIfExists(join(root, path)) ?? "").split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(":"));
}
