// SPDX-License-Identifier: Apache-2.0
/** All changes that a program makes below a directory, in order, as strace(1) saw them. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

export interface Call {
  readonly name: string;
  /** Which call of that name it is in its thread: what strace's `when=` counts. */
  readonly occurrence: number;
  /** Absolute paths that it names or has open. */
  readonly paths: readonly string[];
  /** Those that it names. */
  readonly names: readonly string[];
  /** strace's text of the arguments. */
  readonly text: string;
  readonly result: string;
  /** False: not of the main thread. */
  readonly main: boolean;
}

/** Every call that changes a file system; `?` marks those that not every machine has. */
export const mutating = [
  ..."?rename ?renameat renameat2 ?symlink symlinkat ?link linkat ?mkdir mkdirat ?unlink unlinkat ?rmdir".split(" "),
  ..."?chmod fchmod fchmodat ?lchown ?chown fchown fchownat setxattr lsetxattr fsetxattr".split(" "),
  ..."?open openat write pwrite64 ?writev pwritev ftruncate fallocate copy_file_range sendfile ioctl".split(" "),
  ..."utimensat syncfs fsync fdatasync".split(" "),
];

/** Calls that a full disk refuses. */
export const takesSpace =
  /^(rename|renameat2?|symlink|symlinkat|link|linkat|mkdir|mkdirat|open|openat|write|pwrite64|setxattr|lsetxattr|fsetxattr|copy_file_range|fallocate)$/;

/** Those of them that can fail from one call on: opening other files and waking threads must go on. */
export const fillable = new RegExp(takesSpace.source.replace("open|openat|write|", ""));

/** Reads a log of `strace -f -y -s SIZE`; @param directory below which changes count */
export function readCalls(log: string, directory: string): Call[] {
  const counts = new Map<string, number>();
  const begun = new Map<string, string>();
  const calls: Call[] = [];
  let main: string | undefined;
  for (const line of readFileSync(log, "latin1").split("\n")) {
    const match = /^(\d+) +(.*)$/.exec(line);
    if (match === null) continue;
    const [, thread, rest] = match as unknown as [string, string, string];
    main ??= thread;
    const whole = joinParts(begun, thread, rest);
    const call = whole === undefined ? null : /^([a-z0-9_]+)\((.*)\) += (.*)$/s.exec(whole);
    if (call === null) continue;
    const [, name, text, result] = call as unknown as [string, string, string, string];
    const key = `${thread} ${name}`;
    const occurrence = (counts.get(key) ?? 0) + 1;
    counts.set(key, occurrence);
    const { paths, names } = pathsOf(text, result);
    if (!paths.some((path) => path.startsWith(`${directory}/`)) || !changes(name, text, result)) continue;
    calls.push({ name, occurrence, paths, names, text, result, main: thread === main });
  }
  return calls;
}

/** Another thread's call may stand between a call's beginning and its end. */
function joinParts(begun: Map<string, string>, thread: string, rest: string): string | undefined {
  if (rest.endsWith("<unfinished ...>")) {
    begun.set(thread, rest.slice(0, -"<unfinished ...>".length));
    return undefined;
  }
  const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(rest);
  return resumed === null ? rest : (begun.get(thread) ?? "") + resumed[1];
}

function changes(name: string, text: string, result: string): boolean {
  if (name === "open" || name === "openat") return /O_CREAT|O_TRUNC/.test(text) && !result.startsWith("-1");
  if (name === "ioctl") return !/TCGETS|FIONBIO|FS_IOC_GETFLAGS/.test(text);
  return !result.startsWith("-1");
}

/** A name is taken relative to the directory of the descriptor before it. */
function pathsOf(text: string, result: string): { paths: string[]; names: string[] } {
  const [paths, names]: [string[], string[]] = [[], []];
  let base = "";
  for (const [, descriptor, quoted] of text.matchAll(/(?:AT_FDCWD|\b\d+)<([^>]*)>|"((?:[^"\\]|\\.)*)"/g)) {
    if (descriptor !== undefined) {
      base = descriptor;
      paths.push(descriptor);
    } else if (quoted !== undefined && quoted.length < 4096) names.push(resolve(base, unescape(quoted)));
  }
  const opened = /^\d+<([^>]*)>/.exec(result)?.[1];
  return { paths: [...paths, ...names, ...(opened === undefined ? [] : [opened])], names };
}

const letters: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v", '"': '"', "\\": "\\" };

/** Undoes strace's escapes; one character is one byte. */
export function unescape(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|([0-7]{1,3})|(.))/g, (_, hex?: string, octal?: string, letter?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    return letters[letter!] ?? letter!;
  });
}
