// SPDX-License-Identifier: Apache-2.0
import type { Update, VersionInfo } from "../../host/index.ts";
import type { Style } from "../command.ts";
import { formatBytes, paint } from "../style.ts";
import { renderAdvisories, securitySummary } from "./advisories.ts";
import { shortChecksum } from "./columns.ts";
import { type DeployReport, forecastLines, renderDeployed } from "./host-change.ts";
import { diffSummary, renderLayeredUpdates, renderPackageDiff } from "./package-diff.ts";

/** What an updating command did, or would do. */
export interface UpdateReport extends Omit<Update, "deployed"> {
  readonly mode: "apply" | "check" | "preview" | "download";
  readonly deployed: DeployReport | undefined;
  /** What to type to do it. */
  readonly command: string;
}

export function renderUpdate(report: UpdateReport, style: Style): string {
  const { command } = report;
  if (!report.changed && !command.startsWith("atomic host upgrade")) return `${name(report.from)} is deployed already.`;
  if (!report.changed) return `No update: ${name(report.from)} is the newest of ${report.refspec}.`;
  const same = report.from.checksum === report.to.checksum;
  const head = `${same ? name(report.to) : `${name(report.from)} → ${name(report.to)}`}   ${report.refspec}`;
  if (report.mode === "preview") return [paint(style, "bold", head), ...preview(report, style)].join("\n");
  const packages = report.packages === undefined ? undefined : diffSummary(report.packages);
  const base = packages === "" ? "No package changes" : packages;
  const summary = [
    ...(base === undefined ? [] : [report.layered === undefined ? `${base}.` : `${base} in the base.`]),
    ...(report.layered === undefined ? [] : [`Layered packages: ${report.layered.length} upgraded.`]),
  ];
  const security = securitySummary(report.advisories);
  const found = [head, ...summary, ...(security === "" ? [] : [`Security advisories: ${security}.`])];
  if (report.mode === "check") return [...found, ...sizeLines(report), `Apply with:  ${command}`].join("\n");
  const done = [...found, ...transferLines(report)];
  if (report.deployed === undefined) return [...done, `Downloaded. Apply with:  ${command} --cache-only`].join("\n");
  return [...done, renderDeployed(report.deployed, report.etc)].join("\n");
}

function preview(report: UpdateReport, style: Style): string[] {
  const { packages, advisories, etc, command } = report;
  return [
    ...(packages === undefined
      ? ["  The packages are not known before the download."]
      : renderPackageDiff(packages, style)),
    ...renderLayeredUpdates(report.layered ?? [], style),
    ...renderAdvisories(advisories, style),
    ...(report.download === undefined ? ["  The size of the download is not announced."] : sizeLines(report)),
    ...(etc === undefined ? [] : forecastLines(etc)),
    `Nothing was changed. Apply with:  ${command}`,
  ];
}

function sizeLines({ download, disk }: UpdateReport): string[] {
  if (download === undefined) return [];
  return [`  Download: ${formatBytes(download)}${disk === undefined ? "" : `, ${formatBytes(disk)} on the disk`}`];
}

function transferLines({ download, disk }: UpdateReport): string[] {
  if (download === undefined || disk === undefined || download + disk === 0) return [];
  return [`Downloaded ${formatBytes(download)}, ${formatBytes(disk)} on the disk.`];
}

const name = (info: VersionInfo): string => info.version ?? shortChecksum(info.checksum);
