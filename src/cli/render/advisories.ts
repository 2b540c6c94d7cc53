// SPDX-License-Identifier: Apache-2.0
import type { VersionAdvisory } from "../../host/index.ts";
import type { Style } from "../command.ts";
import { paint } from "../style.ts";
import { cutRows } from "./columns.ts";

const order = ["critical", "important", "moderate", "low", "unknown"] as const;

const isSecurity = ({ kind }: VersionAdvisory): boolean => kind === "security";

/** `1 critical, 3 moderate`, of those about security, as rpm-ostree counts them; "" for none. */
export function securitySummary(advisories: readonly VersionAdvisory[]): string {
  const bySeverity = Map.groupBy(advisories.filter(isSecurity), ({ severity }) => severity);
  const counts = order.flatMap((severity) => {
    const count = bySeverity.get(severity)?.length ?? 0;
    // "1 unknown" alone would be cryptic (rpmostree_print_advisories).
    return count === 0 ? [] : [`${count} ${severity === "unknown" ? "unknown severity" : severity}`];
  });
  return counts.join(", ");
}

/** Each advisory about security with its packages and CVEs; what else there is, as a number. */
export function renderAdvisories(advisories: readonly VersionAdvisory[], style: Style): string[] {
  const security = advisories.filter(isSecurity);
  const others = advisories.length - security.length;
  const more = others === 0 ? [] : [`  ${others} other ${others === 1 ? "advisory" : "advisories"}`];
  if (security.length === 0) return more;
  const width = Math.max(...security.map(({ id }) => id.length));
  return [
    paint(style, "red", `  Security advisories (${security.length}): ${securitySummary(advisories)}`),
    ...security.flatMap(({ id, severity, packages, cves }) => [
      `    ${id.padEnd(width)}  ${severity.padEnd("important".length)}  ${packages.join(" ")}`.trimEnd(),
      ...cveLines(cves, style),
    ]),
    ...more,
  ];
}

/** A kernel's update mends hundreds. */
function cveLines(cves: VersionAdvisory["cves"], style: Style): string[] {
  const { visible, more } = cutRows(cves, style);
  const lines = visible.map(({ title, url }) => `${title === "" ? url : title}${style.verbose ? `  ${url}` : ""}`);
  return [...lines, ...more].map((line) => `      ${line}`);
}
