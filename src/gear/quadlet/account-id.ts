// SPDX-License-Identifier: Apache-2.0
import { readTextIfExists } from "../../base/index.ts";

/**
 * The number of a user or group by passwd(5) or group(5), also where accounts of the tree are in /usr/lib (nss-altfiles).
 * podman takes each name for root's (LookupUint32 of the generator).
 */
export function accountId(file: "passwd" | "group", name: string): number | undefined {
  for (const directory of ["/etc", "/usr/lib"]) {
    for (const line of (readTextIfExists(`${directory}/${file}`) ?? "").split("\n")) {
      const fields = line.split(":");
      if (fields[0] === name && /^\d+$/.test(fields[2] ?? "")) return Number(fields[2]);
    }
  }
  return undefined;
}
