// SPDX-License-Identifier: Apache-2.0
/** The assertions that podman's Quadlet fixtures have in comments, with the meaning of test/e2e/quadlet_test.go. */
import { parseCsvLine } from "../../../src/gear/csv-line.ts";
import { splitUnitWords, type SystemdUnit } from "../../../src/formats/index.ts";

export interface Outcome {
  /** Undefined where the file was refused. */
  readonly unit: SystemdUnit | undefined;
  readonly links: ReadonlyMap<string, string>;
  readonly messages: string;
}

/** Words as go-shellwords divides them. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  for (const [, word = ""] of line.matchAll(/((?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'\\])+)/g)) {
    words.push(
      word.replace(
        /\\(.)|"((?:\\.|[^"\\])*)"|'([^']*)'/g,
        (_, escaped, double, single) => escaped ?? single ?? (double as string).replace(/\\(.)/g, "$1"),
      ),
    );
  }
  return words;
}

export const assertionsOf = (text: string): string[][] =>
  text.split("\n").flatMap((line) => (line.startsWith("##") ? [shellWords(line.slice(2))] : []));

type Matcher = (expected: string, actual: string) => boolean;
const equal: Matcher = (expected, actual) => expected === actual;
const matches: Matcher = (expected, actual) => new RegExp(expected).test(actual);

function sublistAt(full: readonly string[], at: number, part: readonly string[], match: Matcher): boolean {
  return at >= 0 && at + part.length <= full.length && part.every((word, index) => match(word, full[at + index]!));
}

const hasSublist = (full: readonly string[], part: readonly string[], match: Matcher): boolean =>
  part.length > 0 && full.some((_, at) => sublistAt(full, at, part, match));

function keyValues(text: string): Map<string, string> {
  const fields = parseCsvLine(text) ?? [];
  return new Map(fields.map((field) => [field.split("=", 1)[0]!, field.split("=").slice(1).join("=")]));
}

function hasKeyValues(words: readonly string[], [option, , list]: readonly string[], match: Matcher): boolean {
  const expected = keyValues(list!);
  return words.some((word, at) => {
    const actual = word === option ? keyValues(words[at + 1] ?? "") : undefined;
    return (
      actual?.size === expected.size && [...expected].every(([key, value]) => match(value, actual.get(key) ?? "\0"))
    );
  });
}

const commands: Readonly<Record<string, string>> = {
  "": "ExecStart",
  "pre-": "ExecStartPre",
  "stop-": "ExecStop",
  "stop-post-": "ExecStopPost",
  "reload-": "ExecReload",
};

/** `assert-podman-[pre-|stop-|...][global-|final-]args[-key-val][-regex]` */
function holdsOfCommand(name: string, args: readonly string[], unit: SystemdUnit): boolean {
  const parts = /^assert-podman-((?:pre|stop|stop-post|reload)-)?(global-|final-)?args(-key-val)?(-regex)?$/.exec(name);
  if (parts === null) throw new Error(`unknown assertion ${name}`);
  const [, command = "", place, pairs, regex] = parts;
  const match = regex === undefined ? equal : matches;
  let words = splitUnitWords(unit.get("Service", commands[command]!) ?? "", { relaxed: true });
  if (place === "final-") return sublistAt(words, words.length - args.length, args, match);
  let expected = args;
  if (place === "global-") {
    words = words.slice(0, Math.max(0, words.indexOf(args[0]!)));
    expected = args.slice(1);
  }
  return pairs === undefined ? hasSublist(words, expected, match) : hasKeyValues(words, expected, match);
}

function holdsOfKey(name: string, [section = "", key = "", ...values]: readonly string[], unit: SystemdUnit): boolean {
  const all = unit.getAll(section, key);
  const last = unit.get(section, key);
  const same = (match: Matcher) => all.length === values.length && all.every((value, at) => match(values[at]!, value));
  switch (name) {
    case "assert-key-is":
      return same(equal);
    case "assert-key-is-regex":
      return same(matches);
    case "assert-has-key":
      return all.includes(values[0]!);
    case "assert-key-is-empty":
      return all.length === 0;
    case "assert-key-contains":
      return all.some((value) => value.includes(values[0]!));
    case "assert-key-not-contains":
      return !all.some((value) => value.includes(values[0]!));
    case "assert-last-key-contains":
      return last?.includes(values[0]!) === true;
    case "assert-last-key-not-contains":
      return last?.includes(values[0]!) !== true;
    case "assert-last-key-is-regex":
      return last !== undefined && matches(values[0]!, last);
    default:
      throw new Error(`unknown assertion ${name}`);
  }
}

export function holds([written = "", ...words]: readonly string[], { unit, links, messages }: Outcome): boolean {
  const name = written.replace(/^!/, "");
  const args = words.map((word) => word.replaceAll("\\n", "\n").replaceAll("\\t", "\t"));
  const evaluate = (): boolean => {
    if (name === "assert-failed") return unit === undefined;
    if (name === "assert-stderr-contains") return messages.includes(args[0]!);
    if (name === "assert-symlink") return links.get(args[0]!) === args[1];
    if (unit === undefined) return false;
    return name.startsWith("assert-podman-") ? holdsOfCommand(name, args, unit) : holdsOfKey(name, args, unit);
  };
  return evaluate() !== written.startsWith("!");
}
