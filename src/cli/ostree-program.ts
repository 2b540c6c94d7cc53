// SPDX-License-Identifier: Apache-2.0
/** The program called by the name `ostree`: the same commands, with stock ostree's manners. */
import { existsSync } from "node:fs";
import { findProgram } from "../base/index.ts";
import type { Command, OptionDeclaration } from "./command.ts";
import { commands, loadCommand } from "./commands/index.ts";
import { cliError } from "./errors.ts";
import { execute, print } from "./execute.ts";
import { findCommand, isCommandPrefix } from "./find-command.ts";
import { nouns } from "./help.ts";
import { ostreeFeatures, ostreeRelease } from "./ostree-version.ts";
import { allOptions } from "./parse.ts";

/** Where distributions put programs that are verbs of ostree (`_OSTREE_EXT_DIR`). */
const extensionDirectory = "/usr/libexec/libostree/ext";

/** Runs one command line of the program `ostree`; returns the exit code. */
export async function runAsOstree(argv: readonly string[]): Promise<number> {
  const plain = argv.filter((word) => !word.startsWith("-"));
  const options = argv.filter((word) => word.startsWith("-"));
  const extension = findExtension(plain[0]);
  if (extension !== undefined) process.execve!(extension, [extension, ...argv.slice(1)], process.env);
  if (options.includes("--version")) return print(ostreeVersion());
  const { name, rest } = findCommand(["ostree", ...argv]);
  if (name !== undefined) return execute(await loadCommand(name), rest, ostreeHelp);
  const known = plain.findIndex((_, index) => !isCommandPrefix(["ostree", ...plain.slice(0, index + 1)].join(" ")));
  const group = ["ostree", ...(known === -1 ? plain : plain.slice(0, known))];
  const help = await groupHelp(group);
  if (options.includes("--help") || options.includes("-h")) return print(help);
  process.stderr.write(`${help}\n`);
  throw noCommand(group, known === -1 ? undefined : plain[known]);
}

/** ostree_command_lookup_external: a verb that is none of ours may be a program `ostree-VERB`. */
function findExtension(verb: string | undefined): string | undefined {
  if (verb === undefined || verb === "" || verb.includes("/") || isCommandPrefix(`ostree ${verb}`)) return undefined;
  const system = `${extensionDirectory}/ostree-${verb}`;
  return existsSync(system) ? system : findProgram(`ostree-${verb}`);
}

function noCommand(group: readonly string[], verb: string | undefined): Error {
  const name = group.slice(1).join(" ");
  const quoted = name === "" ? "" : `"${name}" sub`;
  if (verb === undefined) return cliError("usage", `No ${quoted}command specified`);
  return cliError("usage", `Unknown ${quoted}command '${verb}'`);
}

/** `ostree --version`: YAML, as stock prints it. */
export function ostreeVersion(): string {
  const features = ostreeFeatures.map((feature) => `  - ${feature}`);
  return ["libostree:", ` Version: '${ostreeRelease}'`, " Features:", ...features].join("\n");
}

/** The commands under a group (`ostree`, `ostree admin`), in the layout of GLib's option parser. */
async function groupHelp(group: readonly string[]): Promise<string> {
  const prefix = `${group.join(" ")} `;
  const names = Object.keys(commands).filter((name) => name.startsWith(prefix));
  const loaded = await Promise.all(names.map((name) => loadCommand(name)));
  const rows = new Map<string, string>();
  for (const { path, summary, hidden } of loaded) {
    const word = path[group.length]!;
    const isGroup = path.length > group.length + 1;
    const text = isGroup ? nouns[path.slice(0, group.length + 1).join(" ")] : summary;
    if (!hidden) rows.set(word, text ?? rows.get(word) ?? summary);
  }
  const title = group.length === 1 ? "Builtin Commands:" : `Builtin "${group.slice(1).join(" ")}" Commands:`;
  const width = Math.max(...[...rows.keys()].map((word) => word.length)) + 2;
  const lines = [...rows].sort().map(([word, summary]) => `  ${word.padEnd(width)}${summary}`);
  const summary = group.length === 1 ? [] : [nouns[group.join(" ")] ?? "", ""];
  return [
    "Usage:",
    `  ${group.join(" ")} [OPTION…] COMMAND`,
    "",
    ...summary,
    title,
    ...lines,
    "",
    ...optionBlock("Help Options:", [{ name: "help", short: "h", help: "Show help options" }]),
    ...optionBlock("Application Options:", [
      { name: "verbose", short: "v", help: "Print debug information during command processing" },
      { name: "version", help: "Print version information and exit" },
    ]),
  ].join("\n");
}

/** One command's help in the layout of GLib's option parser. */
function ostreeHelp(command: Command): string {
  const shown = allOptions(command).filter(({ name, hidden }) => !hidden && name !== "help");
  const words = (command.arguments ?? []).map(({ name, optional, repeat }) => {
    const word = repeat ? `${name}…` : name;
    return optional ? `[${word}]` : word;
  });
  return [
    "Usage:",
    `  ${[...command.path, "[OPTION…]", ...words].join(" ")}`,
    "",
    command.summary,
    "",
    ...optionBlock("Help Options:", [{ name: "help", short: "h", help: "Show help options" }]),
    ...optionBlock("Application Options:", shown),
  ].join("\n");
}

function optionBlock(title: string, options: readonly OptionDeclaration[]): string[] {
  const names = options.map(({ name, short, value }) => {
    const long = value === undefined ? `--${name}` : `--${name}=${value}`;
    return short === undefined ? long : `-${short}, ${long}`;
  });
  const width = Math.max(...names.map((name) => name.length)) + 4;
  return [title, ...options.map(({ help }, index) => `  ${names[index]!.padEnd(width)}${help}`), ""];
}
