// SPDX-License-Identifier: Apache-2.0
import type { HostRefusal } from "../../gear/index.ts";
import type { EtcForecast, FinalEtc, Swap } from "../../host/index.ts";
import { shortChecksum } from "./columns.ts";

/** What a deploying command says at its end. */
export interface DeployReport {
  readonly stateroot: string;
  readonly checksum: string;
  readonly serial: number;
  readonly version: string | undefined;
  readonly swap: Swap | "staged";
  readonly etc: FinalEtc | undefined;
  /** Whether a restart of user space alone is readied. */
  readonly softReboot: boolean;
  readonly rebooting: boolean;
  /** Whether there is another deployment to go back to. */
  readonly canUndo: boolean;
  /** Applications that ask for another version of the host. */
  readonly refusedBy: readonly HostRefusal[];
  /** `--sysroot PATH` as given, with a blank before it; "". */
  readonly where: string;
}

/** @param forecast what the merge of /etc at shutdown will do, of what is staged */
export function renderDeployed(report: DeployReport, forecast?: EtcForecast): string {
  const { swap, etc, rebooting, where } = report;
  const undo = swap === "staged" ? "atomic host cleanup --pending" : `atomic host rollback${where}`;
  const reboot = where === "" ? `Reboot now:  systemctl ${report.softReboot ? "soft-reboot" : "reboot"}        ` : "";
  const last = `${rebooting ? "Rebooting.        " : reboot}${report.canUndo ? `Undo:  ${undo}` : ""}`.trimEnd();
  return [
    swap === "staged"
      ? `${versionName(report)} is staged. It boots next; the running system is untouched until then.`
      : `${versionName(report)} boots next.`,
    ...(etc === undefined && forecast !== undefined ? forecastLines(forecast) : etcLines(etc)),
    ...report.refusedBy.flatMap((refusal) => refusalLines(refusal, report.version)),
    ...(last === "" ? [] : [`  ${last}`]),
  ].join("\n");
}

/** @param version of the host that was deployed */
export function refusalLines({ application, hostVersion, source }: HostRefusal, version: string | undefined): string[] {
  return [
    `  ${application} asks for a host of version ${hostVersion}: with this one it counts as not healthy, for which the host goes back.`,
    `    With a file that is for ${version ?? "this one"}:  atomic gear deploy ${source} --with-host`,
  ];
}

/** `13.2 (0123456789ab)` */
export function versionName({ version, checksum }: { version: string | undefined; checksum: string }): string {
  return version === undefined ? shortChecksum(checksum) : `${version} (${shortChecksum(checksum)})`;
}

/** What will become of the administrator's changes to /etc. */
export function forecastLines(etc: EtcForecast): string[] {
  const { modified, added, removed, overridden, conflicts } = etc;
  if (modified + added + removed === 0) return [];
  return [
    `  /etc: ${modified} changed, ${added} added, ${removed} removed by you; all will be kept.`,
    ...overridden.map((path) => `    /etc/${path} is changed in the new version, too; yours stays`),
    ...conflicts.map(
      ({ path, savedAs }) => `    /etc/${path} is of another kind in the new version; yours will be /etc/${savedAs}`,
    ),
  ];
}

/** What became of the administrator's changes to /etc. */
export function etcLines(etc: FinalEtc | undefined): string[] {
  if (etc === undefined) return [];
  const count = etc.modified + etc.removed + etc.added;
  const kept =
    count === 0
      ? []
      : [`  /etc: ${etc.modified} changed, ${etc.added} added, ${etc.removed} removed by you, all kept.`];
  const policy = etc.policy === "kept" ? ["  The SELinux policy could not be rebuilt; yours is used as it is."] : [];
  return [
    ...kept,
    ...policy,
    ...etc.conflicts.map(
      ({ path, savedAs }) => `  /etc/${path} is of another kind in the new version; yours is /etc/${savedAs}`,
    ),
  ];
}
