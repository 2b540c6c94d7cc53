// SPDX-License-Identifier: Apache-2.0
import { diff as lineDiff } from "node:util";
import { compareImages, compareUnits, type ImageChange, type UnitChanges } from "./compare.ts";
import type { Rendered, Source } from "./model.ts";

export interface RenderedDiff {
  readonly units: UnitChanges;
  readonly images: readonly ImageChange[];
  /** Unit files and other files that differ, by name or path. */
  readonly files: readonly FileDiff[];
}

export interface FileDiff {
  readonly name: string;
  readonly lines: readonly DiffLine[];
}

/** As diff(1) begins lines: with a blank where both have it. */
export interface DiffLine {
  readonly mark: " " | "+" | "-";
  readonly text: string;
}

export function diffRendered(from: Rendered | undefined, to: Rendered | undefined): RenderedDiff {
  const contents = (rendered: Rendered | undefined) =>
    new Map([
      ...(rendered?.units ?? []),
      ...[...(rendered?.files ?? [])].map(([path, { content }]): [string, string] => [path, content]),
    ]);
  return {
    units: compareUnits(from, to),
    images: compareImages(from, to),
    files: diffFiles(contents(from), contents(to)),
  };
}

export const diffSources = (from: Source | undefined, to: Source | undefined): FileDiff[] =>
  diffFiles(from?.files ?? new Map(), to?.files ?? new Map());

function diffFiles(from: ReadonlyMap<string, string>, to: ReadonlyMap<string, string>): FileDiff[] {
  const names = [...new Set([...from.keys(), ...to.keys()])].sort();
  const changed = names.filter((name) => from.get(name) !== to.get(name));
  return changed.map((name) => ({ name, lines: diffLines(from.get(name), to.get(name)) }));
}

function diffLines(from: string | undefined, to: string | undefined): DiffLine[] {
  // util.diff: 1 is only in its first argument, -1 only in its second.
  const marks = { "-1": "+", "0": " ", "1": "-" } as const;
  const [before, after] = [linesOf(from), linesOf(to)];
  // An empty file that is new: util.diff gives up on two empty arrays.
  if (before.length + after.length === 0) return [];
  return lineDiff(before, after).map(([operation, text]) => ({ mark: marks[`${operation}`], text }));
}

function linesOf(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : text.replace(/\n$/, "").split("\n");
}
