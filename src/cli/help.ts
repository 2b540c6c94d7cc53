// SPDX-License-Identifier: Apache-2.0
import type { Command, OptionDeclaration, Style } from "./command.ts";
import { allOptions, usage } from "./parse.ts";
import { paint, wrap } from "./style.ts";

/** Help of one command: meaning, examples, options. */
export function commandHelp(command: Command, style: Style): string {
  const blocks = [`${command.summary}\n\nUsage: ${usage(command)}`];
  if (command.description) blocks.push(wrap(command.description, style.columns));
  if (command.examples?.length) {
    const lines = command.examples.map(({ command: line, text }) => `  ${text}\n    ${paint(style, "bold", line)}`);
    blocks.push(`${paint(style, "bold", "Examples:")}\n${lines.join("\n")}`);
  }
  const options = allOptions(command).filter(({ hidden }) => !hidden);
  blocks.push(`${paint(style, "bold", "Options:")}\n${options.map((option) => optionLine(option)).join("\n")}`);
  return blocks.join("\n\n");
}

function optionLine(option: OptionDeclaration): string {
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  const value = option.value === undefined ? "" : `=${option.value}`;
  return `  ${`${short}--${option.name}${value}`.padEnd(34)} ${option.help}`;
}

/** What the commands under a word are for. */
export const nouns: Record<string, string> = {
  compose: "Build a tree from packages",
  image: "Make and run disk images",
  host: "Manage the deployments of this machine",
  gear: "Deploy containers as systemd units",
  "gear tenant": "Keep the containers of one owner apart from others",
  ostree: "Work on repositories, as the ostree program",
  "ostree admin": "Commands for managing a host system booted with ostree",
  "ostree remote": "Manage the remote repositories of a repository",
};

/** The list of commands under a noun, or of all nouns. */
export function listHelp(commands: readonly Command[], prefix: readonly string[], style: Style): string {
  const shown = commands.filter(({ path, hidden }) => path.length > prefix.length && !hidden);
  const head =
    prefix.length === 0
      ? "Atomic: hosts for containers, composed, deployed, updated and rolled back as a unit."
      : (nouns[prefix.join(" ")] ?? "");
  const rows = new Map<string, string>();
  for (const { path, summary } of shown) {
    const word = path[prefix.length]!;
    const deeper = path.length > prefix.length + 1;
    rows.set(word, deeper ? (nouns[path.slice(0, prefix.length + 1).join(" ")] ?? rows.get(word) ?? summary) : summary);
  }
  const width = Math.max(...[...rows.keys()].map((word) => word.length));
  const lines = [...rows].map(([word, summary]) => `  ${paint(style, "bold", word.padEnd(width))}  ${summary}`);
  const call = ["atomic", ...prefix].join(" ");
  return `${head}\n\nUsage: ${call} COMMAND [OPTIONS]\n\n${lines.join("\n")}\n\n${call} COMMAND --help  tells more of one command.`;
}
