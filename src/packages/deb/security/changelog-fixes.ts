// SPDX-License-Identifier: Apache-2.0
import type { ChangelogEntry } from "../../changelog.ts";
import { isDebianVersion } from "../version.ts";
import type { SecurityFix } from "./model.ts";

/** The CVEs that a package's changelog names, each in the entry of the version that mended it. Nobody rated them there. */
export function changelogFixes(entries: readonly ChangelogEntry[]): SecurityFix[] {
  return entries.flatMap(({ version, text }) => {
    const cves = new Set(text.match(/\bCVE-[0-9]{4}-[0-9]{4,10}\b/g));
    if (version === undefined || !isDebianVersion(version) || cves.size === 0) return [];
    return [{ version, severity: "unknown" as const, cves: [...cves].toSorted() }];
  });
}
