// SPDX-License-Identifier: Apache-2.0
import type { ChangeReport, HostReport, HostsReport, Settlement } from "../../gear/index.ts";
import type { Invocation, Style } from "../command.ts";
import { paint } from "../style.ts";
import { imageLines, problemLines, unitLines } from "./gear-change.ts";

/** What a deployment on several hosts came to: first of all of them, then of each, then what to type next. */
export function renderHosts(report: HostsReport, style: Style): string {
  const { application, kind, outcome, reason, hosts } = report;
  const names = hosts.map(({ host }) => `--host=${host}`).join(" ");
  const each = hosts.flatMap((host) => hostLines(host, style));
  if (outcome === "done" || outcome === "unchanged") {
    const what = outcome === "done" ? "runs, and is healthy" : "runs already; nothing had to be done";
    const volumes = kind === "rollback" && outcome === "done" ? ["  Volumes are not rolled back."] : [];
    const undo = kind === "deploy" && outcome === "done" ? [`  Undo:  ${undoOf(report, names)}`] : [];
    const on = `${hosts.length} host${hosts.length === 1 ? "" : "s"}`;
    return [`${application} ${what}, on ${on}.`, ...each, ...volumes, ...undo].join("\n");
  }
  const head =
    outcome === "taken-back"
      ? `${application} did not come through, and was taken back on all hosts.`
      : `${application} did not come through, and not all hosts are as they should be.`;
  const next =
    outcome === "taken-back"
      ? `atomic gear logs ${application} ${names}`
      : `atomic gear recover ${application} ${names}`;
  return [paint(style, "red", head), `  ${reason}`, ...each, `  Next:  ${next}`].join("\n");
}

/** The first deployment has nothing to go back to. */
function undoOf({ application, hosts }: HostsReport, names: string): string {
  const isFirst = hosts.every(({ report }) => report?.from === undefined);
  return `atomic gear ${isFirst ? "delete" : "rollback"} ${application} ${names}`;
}

function hostLines({ host, report, lost }: HostReport, style: Style): string[] {
  if (lost !== undefined) return [`  ${paint(style, "bold", host)}  ${paint(style, "red", lost)}`];
  const name = paint(style, "bold", host);
  if (report === undefined) return [`  ${name}  as it was`];
  const current = report.current === undefined ? "nothing runs" : `generation ${report.current}`;
  const details = [
    ...(report.outcome === "done" ? [...unitLines(report.units), ...imageLines(report.images)] : []),
    ...problemLines(report.missing),
  ];
  return [`  ${name}  ${current}${outcomeText(report)}`, ...details.map((line) => `  ${line}`)];
}

function outcomeText({ outcome, from }: ChangeReport): string {
  if (outcome === "done") return from === undefined ? "" : `   was: ${from}`;
  if (outcome === "unchanged") return "   as it was";
  return outcome === "taken-back" ? "   taken back" : "   not as it was before";
}

export function hostsExitCode({ outcome, interrupted }: HostsReport, invocation: Invocation): number {
  if (outcome === "unchanged") return invocation.flag("unchanged-exit-77") ? 77 : 0;
  if (outcome === "done") return 0;
  return interrupted ? 130 : 1;
}

const states = { open: "undecided", kept: "has it", back: "without it", unknown: "knows nothing of it" } as const;

export function renderSettlement({ application, decision, hosts }: Settlement, style: Style): string {
  const head =
    decision === undefined
      ? `${application}: nothing is left undone.`
      : `${application}: ${decision === "keep" ? "some hosts had stayed with it, and all do now" : "none had stayed with it; all went back"}.`;
  const lines = hosts.map(({ host, before, after, lost }) => {
    if (lost !== undefined) return `  ${host}  ${paint(style, "red", lost)}`;
    const was = before === after || before === undefined ? "" : `   was: ${states[before]}`;
    return `  ${host}  ${after === undefined ? "" : states[after]}${was}`;
  });
  return [head, ...lines].join("\n");
}
