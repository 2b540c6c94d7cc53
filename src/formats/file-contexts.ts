// SPDX-License-Identifier: Apache-2.0
/**
 * SELinux file_contexts(5) and its substitution files: text only. Matching is the composer's business.
 */
export interface FileContext {
  /** A regular expression (PCRE), anchored at both ends. */
  readonly pattern: string;
  /** File type bits of st_mode that it is for; 0: all. */
  readonly type: number;
  /** The label; `undefined` for `<<none>>`: leave the file as it is. */
  readonly context: string | undefined;
}

const types: Readonly<Record<string, number>> = {
  "--": 0o100000,
  "-d": 0o040000,
  "-l": 0o120000,
  "-c": 0o020000,
  "-b": 0o060000,
  "-p": 0o010000,
  "-s": 0o140000,
};

/** Parses file_contexts text; `undefined` stands for a line that is malformed (libselinux skips such lines). */
export function parseFileContexts(text: string): (FileContext | undefined)[] {
  return contentLines(text).map((line) => {
    const words = line.split(/\s+/);
    const [pattern = "", middle = "", last] = words;
    const type = last === undefined ? 0 : types[middle];
    const context = last ?? middle;
    if (words.length > 3 || context === "" || type === undefined) return undefined;
    return { pattern, type, context: context === "<<none>>" ? undefined : context };
  });
}

export interface PathSubstitution {
  readonly from: string;
  readonly to: string;
}

/** Parses file_contexts.subs or .subs_dist: `aliased-path original-path` on each line. */
export function parseSubstitutions(text: string): PathSubstitution[] {
  return contentLines(text).flatMap((line) => {
    const [from, to] = line.split(/\s+/);
    return from === undefined || to === undefined ? [] : [{ from, to }];
  });
}

function contentLines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
