// SPDX-License-Identifier: Apache-2.0
import type { VersionInfo } from "../../host/index.ts";
import type { PackageDiff } from "../../packages/index.ts";
import type { Style } from "../command.ts";
import { paint } from "../style.ts";
import { shortChecksum } from "./columns.ts";
import { type DeployReport, renderDeployed } from "./host-change.ts";
import { diffSummary, renderPackageDiff } from "./package-diff.ts";

/** What an updating command did, or would do. */
export interface UpdateReport {
  readonly refspec: string;
  readonly from: VersionInfo;
  readonly to: VersionInfo;
  readonly changed: boolean;
  readonly packages: PackageDiff | undefined;
  readonly mode: "apply" | "check" | "preview" | "download";
  readonly deployed: DeployReport | undefined;
  /** What to type to do it. */
  readonly command: string;
}

export function renderUpdate(report: UpdateReport, style: Style): string {
  const { command } = report;
  if (!report.changed && !command.startsWith("atomic host upgrade")) return `${name(report.from)} is deployed already.`;
  if (!report.changed) return `No update: ${name(report.from)} is the newest of ${report.refspec}.`;
  const head = `${name(report.from)} → ${name(report.to)}   ${report.refspec}`;
  const packages = report.packages === undefined ? undefined : diffSummary(report.packages);
  const summary = packages === undefined ? [] : [packages === "" ? "No package changes." : `${packages}.`];
  if (report.deployed !== undefined) return [head, ...summary, renderDeployed(report.deployed)].join("\n");
  if (report.mode === "check") return [head, ...summary, `Apply with:  ${command}`].join("\n");
  if (report.mode === "download")
    return [head, ...summary, `Downloaded. Apply with:  ${command} --cache-only`].join("\n");
  const list =
    report.packages === undefined
      ? ["  The packages are not known before the download."]
      : renderPackageDiff(report.packages, style);
  return [paint(style, "bold", head), ...list, `Nothing was changed. Apply with:  ${command}`].join("\n");
}

const name = (info: VersionInfo): string => info.version ?? shortChecksum(info.checksum);
