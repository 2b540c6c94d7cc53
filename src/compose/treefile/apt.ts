// SPDX-License-Identifier: Apache-2.0
import { dirname, resolve } from "node:path";
import { composeError } from "../errors.ts";
import { substitute, type Variables } from "./condition.ts";
import { didYouMean } from "./did-you-mean.ts";
import type { AptEntry } from "./model.ts";

const keys = ["uri", "suites", "components", "signed-by", "priority", "check-valid-until"];

/** @param from the treefile that has the entry */
export function aptEntry(entry: Readonly<Record<string, unknown>>, from: string, variables: Variables): AptEntry {
  const where = `${from}: apt`;
  for (const key of Object.keys(entry)) {
    if (keys.includes(key)) continue;
    throw composeError("treefile-key", `${where}: unknown key ${key}`, didYouMean(key, keys));
  }
  const words = (key: string): string[] => {
    const value = entry[key];
    const items = Array.isArray(value) ? value : [value];
    if (items.length === 0 || items.some((item) => typeof item !== "string" && typeof item !== "number")) {
      throw composeError("treefile-value", `${where}: ${key} must be a string or a list of strings`);
    }
    return items
      .flatMap((item) => substitute(String(item), variables, where).split(/\s+/))
      .filter((word) => word !== "");
  };
  const [uri = ""] = words("uri");
  const signedBy = entry["signed-by"];
  if (signedBy !== undefined && typeof signedBy !== "string") {
    throw composeError("treefile-value", `${where}: signed-by must be the path of a keyring`);
  }
  const checkValidUntil = entry["check-valid-until"];
  if (checkValidUntil !== undefined && typeof checkValidUntil !== "boolean") {
    throw composeError("treefile-value", `${where}: check-valid-until must be true or false`);
  }
  const priority = entry["priority"];
  if (priority !== undefined && !Number.isInteger(priority)) {
    throw composeError("treefile-value", `${where}: priority must be a whole number`);
  }
  return {
    uri,
    suites: words("suites"),
    components: entry["components"] === undefined ? ["main"] : words("components"),
    ...(signedBy !== undefined && { signedBy: resolve(dirname(from), signedBy) }),
    ...(priority !== undefined && { priority: priority as number }),
    ...(checkValidUntil !== undefined && { checkValidUntil }),
  };
}
