// SPDX-License-Identifier: Apache-2.0
/** The security tracker's JSON in the shape in which security-tracker.debian.org publishes it. */

interface Told {
  readonly status?: "resolved" | "open" | "undetermined";
  readonly fixed_version?: string;
  readonly urgency?: string;
  readonly nodsa?: string;
}

/** Of source packages by name, CVEs, each with its releases. */
export type TrackerSpec = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Told>>>>>>;

export function trackerJson(spec: TrackerSpec): string {
  const mapped = (object: object, to: (value: never, name: string) => unknown) =>
    Object.fromEntries(Object.entries(object).map(([name, value]) => [name, to(value as never, name)]));
  const told = (one: Told, release: string) => ({
    status: "resolved",
    repositories: { [release]: one.fixed_version ?? "1", [`${release}-security`]: one.fixed_version ?? "1" },
    urgency: "not yet assigned",
    ...one,
  });
  const cve = (releases: Record<string, Told>) => ({
    description: 'A "quoted" flaw, with {braces], a backslash \\ and ünïcode, allows a remote attacker to do harm.',
    debianbug: 1100000,
    scope: "remote",
    releases: mapped(releases, told),
  });
  return JSON.stringify(mapped(spec, (cves: object) => mapped(cves, cve)));
}
