// SPDX-License-Identifier: Apache-2.0
import { basename } from "node:path";
import { silent } from "../base/index.ts";
import type { Command, Invocation, Style } from "./command.ts";
import { commands, loadCommand } from "./commands/index.ts";
import { nearest } from "./did-you-mean.ts";
import { cliError } from "./errors.ts";
import { commandHelp, listHelp } from "./help.ts";
import { allOptions, parseInvocation } from "./parse.ts";
import { progressListener } from "./progress.ts";
import { reportError } from "./report-error.ts";
import { streamStyle } from "./style.ts";
import { version } from "./version.ts";

/** Names under which the program stands for one of its nouns. */
const callNames: Record<string, string> = { ostree: "ostree", "rpm-ostree": "host" };

/** Runs one command line; returns the exit code. */
export async function main(program: string, argv: readonly string[]): Promise<number> {
  const noun = callNames[basename(program)];
  const words = noun === undefined ? argv : [noun, ...argv];
  try {
    return await dispatch(words);
  } catch (error) {
    const { text, exitCode } = reportError(error, streamStyle(process.stderr, false), words[0] === "ostree");
    process.stderr.write(`${text}\n`);
    return exitCode;
  }
}

async function dispatch(words: readonly string[]): Promise<number> {
  const style = streamStyle(process.stdout, false);
  const first = words[0];
  if (words.length === 1 && isPrefix(first!) && !(first! in commands)) return help(words, style);
  if (first === "--version" || first === "version") return print(`atomic ${version}`);
  if (first === undefined || first === "help" || first === "--help" || first === "-h")
    return help(words.slice(1), style);
  const { name, rest } = findCommand(words);
  if (name === undefined) {
    if (rest.some((word) => word === "--help" || word === "-h"))
      return help(
        words.filter((word) => !word.startsWith("-")),
        style,
      );
    throw unknownCommand(words);
  }
  const command = await loadCommand(name);
  return execute(command, rest);
}

/**
 * The longest command that the words start with. Options may stand between its words (`ostree --repo=R refs`), as
 * stock ostree allows: they go to the command.
 */
function findCommand(words: readonly string[]): { name?: string; rest: string[] } {
  let name: string | undefined;
  let prefix = "";
  const rest: string[] = [];
  for (const [index, word] of words.entries()) {
    if (word.startsWith("-") && prefix !== "") {
      rest.push(word);
      continue;
    }
    const longer = prefix === "" ? word : `${prefix} ${word}`;
    if (!isPrefix(longer))
      return name === undefined
        ? { rest: [...rest, ...words.slice(index)] }
        : { name, rest: [...rest, ...words.slice(index)] };
    prefix = longer;
    if (longer in commands) name = longer;
  }
  return name === undefined ? { rest } : { name, rest };
}

function isPrefix(words: string): boolean {
  return Object.keys(commands).some((name) => name === words || name.startsWith(`${words} `));
}

function unknownCommand(words: readonly string[]) {
  const plain = words.filter((word) => !word.startsWith("-"));
  const known = plain.findIndex((_, index) => !isPrefix(plain.slice(0, index + 1).join(" ")));
  const good = plain.slice(0, known === -1 ? plain.length : known);
  const bad = plain[good.length];
  const call = ["atomic", ...good].join(" ");
  if (bad === undefined) return cliError("usage", `${call} needs a command`, { hint: `${call} --help` });
  const depth = good.length;
  const choices = Object.keys(commands).filter((name) => depth === 0 || name.startsWith(`${good.join(" ")} `));
  const meant = nearest(bad, new Set(choices.map((name) => name.split(" ")[depth]!)));
  return cliError("usage", `unknown command ${JSON.stringify(bad)}`, {
    hint: meant === undefined ? `${call} --help  lists what there is` : `did you mean  ${call} ${meant} ?`,
  });
}

async function help(words: readonly string[], style: Style): Promise<number> {
  if (words.join(" ") in commands) return print(commandHelp(await loadCommand(words.join(" ")), style));
  if (words.length > 0 && !isPrefix(words.join(" "))) throw unknownCommand(words);
  const names = Object.keys(commands).filter((name) => words.length === 0 || name.startsWith(`${words.join(" ")} `));
  return print(listHelp(await Promise.all(names.map((name) => loadCommand(name))), words, style));
}

async function execute(command: Command, words: readonly string[]): Promise<number> {
  const asked = parseInvocation(command, words, silent);
  const style = streamStyle(process.stdout, asked.flag("verbose"));
  if (asked.flag("help")) return print(commandHelp(command, style));
  const kind = progressKind(command, asked);
  const progress = progressListener(kind, streamStyle(process.stderr, false), (text) => process.stderr.write(text));
  const invocation = { ...asked, progress };
  const data = await command.run(invocation);
  const json = allOptions(command).some(({ name }) => name === "json") && asked.flag("json");
  print(json ? JSON.stringify(data, jsonValue, 2) : (command.render?.(data, style) ?? ""));
  return command.exitCode?.(data, invocation) ?? 0;
}

/** The kind of progress asked for, by option or by ATOMIC_PROGRESS. */
function progressKind(command: Command, asked: Invocation): string {
  const isCommon = (name: string) => !command.options?.some((option) => option.name === name);
  if (asked.flag("quiet") && isCommon("quiet")) return "none";
  return (isCommon("progress") ? asked.value("progress") : undefined) ?? process.env["ATOMIC_PROGRESS"] ?? "auto";
}

function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return value instanceof Map ? Object.fromEntries(value as Map<string, unknown>) : value;
}

function print(text: string): number {
  if (text !== "") process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  return 0;
}
