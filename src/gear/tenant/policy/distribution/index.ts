// SPDX-License-Identifier: Apache-2.0
import { readTextIfExists } from "../../../../base/index.ts";
import { gearError } from "../../../errors.ts";
import { debian } from "./debian.ts";
import type { PolicyDialect } from "./model.ts";

export type { PolicyDialect, Rule } from "./model.ts";

const dialects: readonly PolicyDialect[] = [debian];

/** Of the running host, by os-release(5). Throws `gear-unsupported` for one whose policy is not known. */
export function policyDialect(osRelease = readTextIfExists("/etc/os-release") ?? ""): PolicyDialect {
  const value = (key: string) => new RegExp(`^${key}=["']?([^"'\\n]*)`, "m").exec(osRelease)?.[1] ?? "";
  const ids = [value("ID"), ...value("ID_LIKE").split(" ")];
  const dialect = dialects.find(({ id }) => ids.includes(id));
  if (dialect !== undefined) return dialect;
  throw gearError("unsupported", `a policy of a container's own on ${ids[0] || "this system"}`, {
    hint: `it is made for ${dialects.map(({ id }) => id).join(", ")}; udica makes one for Fedora`,
  });
}
