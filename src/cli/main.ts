// SPDX-License-Identifier: Apache-2.0
import { basename } from "node:path";
import { isErrno } from "../base/index.ts";
import type { Style } from "./command.ts";
import { commands, loadCommand } from "./commands/index.ts";
import { execute, print } from "./execute.ts";
import { findCommand, isCommandPrefix, unknownCommand } from "./find-command.ts";
import { commandHelp, listHelp } from "./help.ts";
import { ostreeVersion, runAsOstree } from "./ostree-program.ts";
import { reportError } from "./report-error.ts";
import { streamStyle } from "./style.ts";
import { version } from "./version.ts";

/** Runs one command line; returns the exit code. A program called `ostree` or `rpm-ostree` stands for a noun. */
export async function main(program: string, argv: readonly string[]): Promise<number> {
  const called = basename(program);
  try {
    if (called === "ostree") return await runAsOstree(argv);
    return await dispatch(called === "rpm-ostree" ? ["host", ...argv] : argv);
  } catch (error) {
    // The reader of a pipe may leave early (`ostree cat main /file | head`).
    if (isErrno(error, "EPIPE")) return 0;
    const asOstree = called === "ostree" || argv[0] === "ostree";
    const { text, exitCode } = reportError(error, streamStyle(process.stderr, false), asOstree);
    process.stderr.write(`${text}\n`);
    return exitCode;
  }
}

async function dispatch(words: readonly string[]): Promise<number> {
  const style = streamStyle(process.stdout, false);
  const first = words[0];
  if (words.length === 1 && isCommandPrefix(first!) && !(first! in commands)) return help(words, style);
  if (first === "--version" || first === "version") return print(`atomic ${version}`);
  if (first === "ostree" && words[1] === "--version") return print(ostreeVersion());
  if (first === undefined || first === "help" || first === "--help" || first === "-h")
    return help(words.slice(1), style);
  const { name, rest } = findCommand(words);
  if (name !== undefined) return execute(await loadCommand(name), rest);
  if (!rest.some((word) => word === "--help" || word === "-h")) throw unknownCommand(words);
  return help(
    words.filter((word) => !word.startsWith("-")),
    style,
  );
}

async function help(words: readonly string[], style: Style): Promise<number> {
  if (words.join(" ") in commands) return print(commandHelp(await loadCommand(words.join(" ")), style));
  if (words.length > 0 && !isCommandPrefix(words.join(" "))) throw unknownCommand(words);
  const names = Object.keys(commands).filter((name) => words.length === 0 || name.startsWith(`${words.join(" ")} `));
  return print(listHelp(await Promise.all(names.map((name) => loadCommand(name))), words, style));
}
