// SPDX-License-Identifier: Apache-2.0
import type { ChangeReport, HostDeployment, ImageChange, Problem, UnitChanges, UpdateCheck } from "../../gear/index.ts";
import type { Invocation, Style } from "../command.ts";
import { paint } from "../style.ts";

/** What a deployment, an update, a rollback or a deletion came to: what runs first, then why, then what to type next. */
export function renderChange(report: ChangeReport, style: Style): string {
  const { application, current } = report;
  if (report.outcome === "unchanged")
    return `${application}: generation ${current} runs already; nothing had to be done.`;
  if (report.outcome === "done") return done(report).join("\n");
  if (report.outcome === "waiting") return waiting(report).join("\n");
  return [
    paint(style, "red", failureHead(report)),
    ...problemLines(report.problems.length > 0 ? report.problems : [{ unit: "", what: report.reason ?? "", log: [] }]),
    ...afterFailure(report, style),
  ].join("\n");
}

function done({ application, kind, from, to, units, images, pruned }: ChangeReport): string[] {
  if (kind === "delete") return [`${application} is deleted. Its volumes are kept.`];
  const was = from === undefined ? "" : `   was: ${from}`;
  const removed = pruned.length === 0 ? [] : [`  No longer kept: generation ${pruned.join(", ")}`];
  const volumes = kind === "rollback" ? ["  Volumes are not rolled back."] : [];
  const undo = from === undefined ? `atomic gear delete ${application}` : `atomic gear rollback ${application} ${from}`;
  return [
    `${application}: generation ${to} runs, and is healthy.${was}`,
    ...unitLines(units),
    ...imageLines(images),
    ...volumes,
    ...removed,
    `  Undo:  ${undo}`,
  ];
}

function waiting({ application, current, to, units, images, host }: ChangeReport): string[] {
  const runs = current === undefined ? "nothing of it runs" : `generation ${current} runs on`;
  return [
    `${application}: generation ${to} is ready, and is switched to when the host ${host === undefined ? "" : hostName(host)} boots; until then ${runs}.`,
    ...unitLines(units),
    ...imageLines(images),
    "  Volumes are not gone back with.",
    "  Now:   systemctl reboot",
  ];
}

export function unitLines({ added, changed, removed, same }: UnitChanges): string[] {
  const rows: [string, readonly string[]][] = [
    ["started", added],
    ["restarted", changed],
    ["removed", removed],
  ];
  const lines = rows.flatMap(([word, names]) => (names.length === 0 ? [] : [`  ${word}: ${names.join(" ")}`]));
  return same.length === 0 ? lines : [...lines, `  left alone: ${same.length} unit${same.length === 1 ? "" : "s"}`];
}

export function imageLines(images: readonly ImageChange[]): string[] {
  return images.map(({ reference, from, to }) => {
    if (to === undefined) return `  image ${reference} is used no more`;
    return `  image ${reference}  ${from === undefined ? "" : `${short(from)} → `}${short(to)}`;
  });
}

/** What an update would bring. */
export function renderUpdateCheck({ application, generation, images }: UpdateCheck): string {
  const lines = images.map(({ instances, reference, pinned, latest, isNew }) => {
    const here = pinned === undefined ? "" : short(pinned);
    const known = latest === undefined ? `${here}, not known before it is brought` : here;
    return `  ${instances.join(" ")}  ${reference}  ${isNew ? `${here} → ${short(latest!)}` : known}`.replace(
      /^ {4}/,
      "  ",
    );
  });
  const isNewer = images.some(({ isNew }) => isNew);
  const head = isNewer ? "there are newer images" : `generation ${generation} has the newest images`;
  const next = isNewer ? [`  Next:  atomic gear update ${application}`] : [];
  return [`${application}: ${head}.`, ...lines, ...next].join("\n");
}

/** As `atomic host status` calls it. */
export const hostName = ({ version, checksum }: HostDeployment): string => version ?? checksum.slice(0, 12);

/** Twelve digits of a digest or an id, as podman and docker show them. */
export function short(pinned: string): string {
  const digest = pinned.slice(pinned.indexOf("@") + 1).replace(/^sha256:/, "");
  return digest.slice(0, 12);
}

function failureHead({ application, kind, from, to, outcome, current }: ChangeReport): string {
  const what =
    kind === "delete" ? `${application} could not be deleted` : `${application}: generation ${to} did not come through`;
  if (outcome === "taken-back") {
    return from === undefined
      ? `${what}, and was taken back. Nothing of it runs.`
      : `${what}, and was taken back. Generation ${from} runs again.`;
  }
  if (current === to) return `${what}, and is left as it is (update.auto-revert is off).`;
  return `${what}, and what was before does not run as it did.`;
}

export function problemLines(problems: readonly Problem[]): string[] {
  return problems.flatMap(({ unit, what, log }) => [
    `  ${`${unit} ${what}`.trim()}`,
    ...log.map((line) => `    | ${line}`),
  ]);
}

function afterFailure({ application, from, to, current, missing, kind }: ChangeReport, style: Style): string[] {
  const notBack =
    missing.length === 0
      ? []
      : [paint(style, "red", "  Not as it was before:"), ...problemLines(missing).map((line) => `  ${line}`)];
  const compare = from === undefined || to === undefined ? [] : [`atomic gear diff ${application} ${from} ${to}`];
  const back =
    kind !== "delete" && from !== undefined && current === to ? [`atomic gear rollback ${application} ${from}`] : [];
  const next = [...back, `atomic gear logs ${application} --since=-10min`, ...compare];
  return [...notBack, `  Next:  ${next.join("    ")}`];
}

export function changeExitCode({ outcome, interrupted }: ChangeReport, invocation: Invocation): number {
  if (outcome === "unchanged") return invocation.flag("unchanged-exit-77") ? 77 : 0;
  if (outcome === "done" || outcome === "waiting") return 0;
  return interrupted ? 130 : 1;
}
