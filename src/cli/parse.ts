// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from "node:util";
import type { ProgressListener } from "../base/index.ts";
import type { Command, Invocation, OptionDeclaration } from "./command.ts";
import { nearest } from "./did-you-mean.ts";
import { cliError } from "./errors.ts";

/** Options that every command takes. */
export const commonOptions: readonly OptionDeclaration[] = [
  { name: "help", short: "h", help: "Show help for this command" },
  { name: "json", help: "Print the result as JSON" },
  { name: "quiet", short: "q", help: "Print no progress" },
  { name: "verbose", short: "v", help: "Print more" },
  { name: "progress", value: "KIND", help: "Progress: auto, plain, json or none; also by ATOMIC_PROGRESS" },
];

/** The options of a command with the common ones; its own declaration wins, and a short name is taken only once. */
export function allOptions(command: Command): readonly OptionDeclaration[] {
  const own = command.options ?? [];
  const common = commonOptions.filter(
    ({ name }) => (name !== "json" || command.json) && !own.some((o) => o.name === name),
  );
  return [
    ...own,
    ...common.map((option) => {
      if (!own.some((o) => o.short !== undefined && o.short === option.short)) return option;
      const { short: _taken, ...rest } = option;
      return rest;
    }),
  ];
}

/** Parses the words after the command's own; throws `cli-usage`. */
export function parseInvocation(command: Command, words: readonly string[], progress: ProgressListener): Invocation {
  const options = allOptions(command);
  const { tokens } = parseArgs({
    args: [...words],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(
      options.map(({ name, short, value }) => [
        name,
        { type: value === undefined ? "boolean" : "string", ...(short === undefined ? {} : { short }) } as const,
      ]),
    ),
  });
  const args: string[] = [];
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === "positional") args.push(token.value);
    if (token.kind !== "option") continue;
    const values = given.get(token.name) ?? [];
    values.push(optionValue(command, options, token));
    given.set(token.name, values);
  }
  if (!given.has("help")) checkArguments(command, args);
  return {
    args,
    progress,
    flag: (name) => given.has(name),
    value: (name) => given.get(name)?.at(-1),
    values: (name) => given.get(name) ?? [],
  };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
}

function optionValue(command: Command, options: readonly OptionDeclaration[], token: OptionToken): string {
  const declared = options.find(({ name }) => name === token.name);
  if (declared === undefined) {
    const meant = nearest(
      token.name,
      options.filter(({ hidden }) => !hidden).map(({ name }) => name),
    );
    const help = `atomic ${command.path.join(" ")} --help`;
    throw cliError("usage", `unknown option ${token.rawName}`, {
      hint: meant ? `did you mean --${meant}?  ${help}` : help,
    });
  }
  if (declared.value === undefined) {
    if (token.value === undefined) return "";
    // GLib takes a flag with any value as given; the one that can only mean that is taken here.
    if (token.value === "true" && command.path[0] === "ostree") return "";
    throw cliError("usage", `${token.rawName} takes no value`);
  }
  if (token.value === undefined) throw cliError("usage", `${token.rawName} needs a value: ${declared.value}`);
  return token.value;
}

function checkArguments(command: Command, args: readonly string[]): void {
  const declared = command.arguments ?? [];
  const missing = declared[args.length];
  const hint = `usage: ${usage(command)}`;
  if (missing !== undefined && !missing.optional) throw cliError("usage", `${missing.name} is missing`, { hint });
  // The verbs of stock ostree overlook words that they have no use for.
  if (command.path[0] === "ostree") return;
  if (args.length > declared.length && !declared.at(-1)?.repeat) {
    throw cliError("usage", `unexpected argument ${JSON.stringify(args[declared.length])}`, { hint });
  }
}

/** `atomic host deploy REV [--options]` */
export function usage(command: Command): string {
  const args = (command.arguments ?? []).map(({ name, optional, repeat }) => {
    const shown = repeat ? `${name}...` : name;
    return optional ? `[${shown}]` : shown;
  });
  return ["atomic", ...command.path, ...args, "[OPTIONS]"].join(" ");
}
