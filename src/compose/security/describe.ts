// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../../base/index.ts";
import type { Variant } from "../../formats/index.ts";
import { encodeSourceSecurity, sourceSecurityKey } from "../../packages/index.ts";
import type { Told } from "../format.ts";
import type { Treefile } from "../treefile/model.ts";
import { loadTracker, type TrackerPlace } from "./load-tracker.ts";
import { type BinaryPackage, sourceSecurity } from "./source-security.ts";

/** What the commit of a tree of Debian packages is to tell of mended CVEs, where `advisories-metadata` wants it. */
export async function describeSecurity(
  { securityTracker, advisoriesMetadata }: Treefile,
  packages: readonly BinaryPackage[],
  place: TrackerPlace,
  progress: ProgressListener,
): Promise<Told> {
  if (advisoriesMetadata === "disabled") return { metadata: new Map() };
  const what = securityTracker?.data ?? "";
  const tracker = securityTracker && { data: await loadTracker(securityTracker, place), what };
  const sources = sourceSecurity(packages, tracker);
  if (tracker !== undefined && !sources.some(({ fixes }) => fixes.length > 0)) {
    const releases = [...new Set(packages.map(({ release }) => release))].join(", ");
    const text = `security-tracker: ${what} tells of no CVE that is mended in these packages (release: ${releases})`;
    progress({ type: "warning", text });
  }
  const entries = new Map<string, Variant>([[sourceSecurityKey, encodeSourceSecurity(sources)]]);
  return advisoriesMetadata === "inline" ? { metadata: entries } : { metadata: new Map(), detached: entries };
}
