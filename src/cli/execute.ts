// SPDX-License-Identifier: Apache-2.0
import { silent } from "../base/index.ts";
import type { Command, Invocation } from "./command.ts";
import { commandHelp } from "./help.ts";
import { allOptions, parseInvocation } from "./parse.ts";
import { progressListener } from "./progress.ts";
import { streamStyle } from "./style.ts";

/** Runs one command with the words that follow its own; returns the exit code. */
export async function execute(command: Command, words: readonly string[], help = commandHelp): Promise<number> {
  const asked = parseInvocation(command, words, silent);
  const style = streamStyle(process.stdout, asked.flag("verbose"));
  if (asked.flag("help")) return print(help(command, style));
  const kind = progressKind(command, asked);
  const progress = progressListener(kind, streamStyle(process.stderr, false), (text) => process.stderr.write(text));
  const invocation = { ...asked, progress };
  const data = await command.run(invocation);
  const json = allOptions(command).some(({ name }) => name === "json") && asked.flag("json");
  const output = json ? JSON.stringify(data, jsonValue, 2) : (command.render?.(data, style) ?? "");
  if (typeof output === "string") print(output);
  else for (const piece of output) process.stdout.write(piece);
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

/** Prints lines; returns the exit code of success. */
export function print(text: string): number {
  if (text !== "") process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  return 0;
}
