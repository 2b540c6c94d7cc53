// SPDX-License-Identifier: Apache-2.0
/**
 * The JSON of Debian's security tracker (https://security-tracker.debian.org/tracker/data/json): by source package and
 * CVE, what is known of each release by its codename (lib/python/security_db.py and tracker_service.py of security-tracker).
 */
import { bytesSource, decompress, detectCompression } from "../../../base/index.ts";
import { packageError } from "../../errors.ts";
import { isDebianVersion } from "../version.ts";
import { cvePattern, type advisorySeverities, type SecurityFix } from "./model.ts";
import { scanTracker } from "./scan-tracker.ts";

/** The tracker's has 60 MB: one that expands without end is given up. */
const expandedLimit = 1 << 30;
/** CVEs that are kept in memory; Linux has 12,000 of the tracker's 60,000. */
const countLimit = 100_000;

/** The tracker's urgencies in the words of advisories; `unimportant` is what is no hole in Debian's packages as they are built. */
const severities: Readonly<Record<string, SecurityFix["severity"]>> = {
  unimportant: "low",
  low: "low",
  medium: "moderate",
  high: "important",
};

/** The CVEs that are resolved, by source package and release. */
export type TrackerFixes = ReadonlyMap<string, ReadonlyMap<string, readonly SecurityFix[]>>;

/**
 * @param data the JSON as it is published, or compressed
 * @param wanted releases by the name of the source package
 */
export function readTracker(
  data: Buffer,
  what: string,
  wanted: ReadonlyMap<string, ReadonlySet<string>>,
): TrackerFixes {
  const groups = new Groups();
  const source = decompress(bytesSource(data), detectCompression(data), what, { limit: expandedLimit });
  try {
    scanTracker(source, what, new Set(wanted.keys()), (name, cve, value) => {
      if (!cvePattern.test(cve)) return;
      for (const release of wanted.get(name) ?? []) {
        const fix = fixIn(member(member(value, "releases"), release));
        if (fix !== undefined && groups.add([name, release, fix.version, fix.severity], cve) > countLimit)
          throw packageError("bad-tracker", `${what} has more than ${countLimit} CVEs of these packages`);
      }
    });
  } finally {
    source.close();
  }
  return groups.fixes();
}

/** `0` says that no version of the release was ever affected. */
function fixIn(told: unknown): { readonly version: string; readonly severity: SecurityFix["severity"] } | undefined {
  const version = member(told, "fixed_version");
  if (member(told, "status") !== "resolved" || typeof version !== "string" || version === "0") return undefined;
  if (!isDebianVersion(version)) return undefined;
  // The ratings of NVD end in `**`.
  const urgency = String(member(told, "urgency")).replace(/\*+$/, "");
  return { version, severity: Object.hasOwn(severities, urgency) ? severities[urgency]! : "unknown" };
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

type Key = readonly [source: string, release: string, version: string, severity: (typeof advisorySeverities)[number]];

/** CVEs by what they have in common. */
class Groups {
  readonly #cves = new Map<string, { readonly key: Key; readonly cves: string[] }>();
  #count = 0;

  /** @returns how many there are now */
  add(key: Key, cve: string): number {
    const name = key.join("\0");
    const group = this.#cves.get(name) ?? { key, cves: [] };
    group.cves.push(cve);
    this.#cves.set(name, group);
    return ++this.#count;
  }

  fixes(): TrackerFixes {
    const all = new Map<string, Map<string, SecurityFix[]>>();
    for (const { key, cves } of this.#cves.values()) {
      const [source, release, version, severity] = key;
      const releases = all.get(source) ?? new Map<string, SecurityFix[]>();
      const fixes = releases.get(release) ?? [];
      fixes.push({ version, severity, cves: cves.toSorted() });
      all.set(source, releases.set(release, fixes));
    }
    return all;
  }
}
