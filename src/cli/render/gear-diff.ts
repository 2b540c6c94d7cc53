// SPDX-License-Identifier: Apache-2.0
import type { DiffLine, FileDiff, RenderedDiff } from "../../gear/index.ts";
import type { Style } from "../command.ts";
import { paint } from "../style.ts";
import { imageLines } from "./gear-change.ts";

export interface GenerationDiff extends RenderedDiff {
  readonly application: string;
  readonly from: number;
  readonly to: number;
  /** Files that were deployed. */
  readonly source: readonly FileDiff[];
}

export function renderDiff({ application, from, to, images, source, files }: GenerationDiff, style: Style): string {
  const head = `${application}: generation ${from} → ${to}`;
  if (images.length + source.length + files.length === 0) return `${head}: no difference`;
  const parts = [
    ...(images.length === 0 ? [] : [imageLines(images).join("\n")]),
    ...source.map((file) => fileDiff(file, "source/", style)),
    ...files.map((file) => fileDiff(file, "", style)),
  ];
  return [paint(style, "bold", head), ...parts].join("\n\n");
}

const context = 3;

/** As `diff -u` prints it. */
export function fileDiff({ name, lines }: FileDiff, prefix: string, style: Style): string {
  const has = (mark: DiffLine["mark"]) => lines.some((line) => line.mark !== mark);
  const [from, to] = [has("+") ? `${prefix}${name}` : "/dev/null", has("-") ? `${prefix}${name}` : "/dev/null"];
  return [`--- ${from}`, `+++ ${to}`, ...hunks(lines, style)].join("\n");
}

function hunks(lines: readonly DiffLine[], style: Style): string[] {
  const near = lines.map((_, index) =>
    lines.slice(Math.max(0, index - context), index + context + 1).some(({ mark }) => mark !== " "),
  );
  const printed: string[] = [];
  let [before, after] = [1, 1];
  for (const [index, { mark, text }] of lines.entries()) {
    if (near[index] && near[index - 1] !== true) printed.push(hunkHead(lines, near, index, before, after, style));
    const line = `${mark}${text}`;
    if (near[index]) printed.push(mark === " " ? line : paint(style, mark === "+" ? "green" : "red", line));
    if (mark !== "+") before++;
    if (mark !== "-") after++;
  }
  return printed;
}

function hunkHead(
  lines: readonly DiffLine[],
  near: readonly boolean[],
  start: number,
  before: number,
  after: number,
  style: Style,
): string {
  const end = near.indexOf(false, start);
  const hunk = lines.slice(start, end === -1 ? undefined : end);
  const range = (first: number, mark: DiffLine["mark"]) => {
    const count = hunk.filter((line) => line.mark !== mark).length;
    return `${count === 0 ? first - 1 : first},${count}`;
  };
  return paint(style, "dim", `@@ -${range(before, "+")} +${range(after, "-")} @@`);
}
