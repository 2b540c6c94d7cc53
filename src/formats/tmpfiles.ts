// SPDX-License-Identifier: Apache-2.0
/** One line of tmpfiles.d(5). Absent fields are `-`. */
export interface TmpfilesLine {
  /** Type letter with its modifiers: `d`, `L`, `C`. */
  readonly type: string;
  readonly path: string;
  /** Permission bits. */
  readonly mode?: number;
  readonly user?: string;
  readonly group?: string;
  readonly age?: string;
  readonly argument?: string;
}

export function formatTmpfilesLine(line: TmpfilesLine): string {
  const mode = line.mode === undefined ? "-" : (line.mode & 0o7777).toString(8).padStart(4, "0");
  const fields = [line.type, quote(line.path), mode, line.user ?? "-", line.group ?? "-", line.age ?? "-"];
  // The argument is the rest of the line: no quotes, but backslashes are escapes there as well.
  const argument = line.argument === undefined ? "-" : escapeSpecifiers(line.argument).replaceAll("\\", "\\\\");
  return [...fields, argument].join(" ");
}

/** The paths that a tmpfiles.d file speaks of, as written: specifiers and quotes resolved, globs kept. */
export function tmpfilesPaths(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*[A-Za-z][-+!^=~$?]*\s+(?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(line);
    const path = match?.[1]?.replaceAll(/\\(.)/g, "$1") ?? match?.[2];
    return path === undefined ? [] : [path.replaceAll("%%", "%").replace(/(?<=.)\/+$/, "")];
  });
}

function escapeSpecifiers(text: string): string {
  return text.replaceAll("%", "%%");
}

function quote(path: string): string {
  const escaped = escapeSpecifiers(path);
  if (!/[\s"'\\]/.test(escaped)) return escaped;
  return `"${escaped.replaceAll(/["\\]/g, "\\$&")}"`;
}
