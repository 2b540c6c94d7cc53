// SPDX-License-Identifier: Apache-2.0
/** Writes docs/reference from the declarations of commands and files; with `--check` only says whether it is up to date. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../src/cli/command.ts";
import { commands, loadCommand } from "../src/cli/commands/index.ts";
import { usage } from "../src/cli/parse.ts";
import { gearKeys, gearSchema } from "../src/gear/index.ts";

/** The files of docs/reference by name. */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["commands.md", await commandsPage()],
    ["gear-file.md", gearFilePage()],
    ["gear.schema.json", `${JSON.stringify(gearSchema(), undefined, 2)}\n`],
  ]);
}

async function commandsPage(): Promise<string> {
  const names = Object.keys(commands).sort();
  const sections = (await Promise.all(names.map(loadCommand))).filter(({ hidden }) => !hidden).map(section);
  return `# Commands

Made from the commands' declarations by \`node tools/docs.ts\`. Every command also takes \`--help\`, \`--quiet\`, \`--verbose\`
and \`--progress=auto|plain|json|none\`; exit codes are 0 done, 1 failed, 2 usage, 75 busy, 77 nothing to do (only with the
options that ask for it), 130 interrupted.

${sections.join("\n")}`;
}

function section(command: Command): string {
  const lines = [`## atomic ${command.path.join(" ")}`, "", `${command.summary}.`, "", `    ${usage(command)}`, ""];
  if (command.description) lines.push(command.description, "");
  for (const { text, command: line } of command.examples ?? []) lines.push(text, "", `    ${line}`, "");
  const options = (command.options ?? []).filter(({ hidden }) => !hidden);
  if (options.length > 0 || command.json) lines.push("| option | meaning |", "| --- | --- |");
  for (const { name, short, value, help } of options) {
    const shown = `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : `=${value}`}`;
    lines.push(`| \`${shown}\` | ${help.replaceAll("|", "\\|")} |`);
  }
  if (command.json) lines.push("| `--json` | Print the result as JSON |");
  return `${lines.join("\n").trimEnd()}\n`;
}

function gearFilePage(): string {
  const sections = [...gearKeys()].map(([name, keys], index) => {
    const rows = keys.map(({ name: key, form, help, required }) =>
      ["", `\`${key}\`${required ? " (needed)" : ""}`, cell(form), cell(help), ""].join(" | ").trim(),
    );
    const head = index === 0 ? "## The file" : `## ${name}`;
    return [head, "", "| key | value | meaning |", "| --- | --- | --- |", ...rows, ""].join("\n");
  });
  return `# The gear file

Made from the file's declaration by \`node tools/docs.ts\`, as is its [JSON Schema](gear.schema.json). The guide
[tells of it with examples](../guide/gear.md). A value that may be a map has the map's keys in the section of its name.

${sections.join("\n")}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

if (import.meta.main) {
  const directory = join(import.meta.dirname, "../docs/reference");
  mkdirSync(directory, { recursive: true });
  for (const [name, page] of await referencePages()) {
    const path = join(directory, name);
    if (!process.argv.includes("--check")) writeFileSync(path, page);
    else if (readFileSync(path, "utf8") !== page) {
      console.error(`docs/reference/${name} is out of date: node tools/docs.ts`);
      process.exitCode = 1;
    }
  }
}
