// SPDX-License-Identifier: Apache-2.0
import { commands } from "./commands/index.ts";
import { nearest } from "./did-you-mean.ts";
import { cliError } from "./errors.ts";

/** With any verb of `ostree admin`, or none, this option alone decides what is done (ostree_admin_option_context_parse). */
const directoryOption = "--print-current-dir";

/**
 * The longest command that the words start with. Options may stand between its words (`ostree --repo=R refs`), as
 * stock ostree allows: they go to the command.
 */
export function findCommand(words: readonly string[]): { name?: string; rest: string[] } {
  if (words[0] === "ostree" && words.includes(directoryOption) && words[1] === "admin")
    return { name: `ostree admin ${directoryOption.slice(2)}`, rest: words.slice(2) };
  let name: string | undefined;
  let prefix = "";
  const rest: string[] = [];
  for (const [index, word] of words.entries()) {
    if (word.startsWith("-") && prefix !== "") {
      rest.push(word);
      continue;
    }
    const longer = prefix === "" ? word : `${prefix} ${word}`;
    if (!isCommandPrefix(longer))
      return name === undefined
        ? { rest: [...rest, ...words.slice(index)] }
        : { name, rest: [...rest, ...words.slice(index)] };
    prefix = longer;
    if (longer in commands) name = longer;
  }
  return name === undefined ? { rest } : { name, rest };
}

/** Whether a command's words are or begin with these. */
export function isCommandPrefix(words: string): boolean {
  return Object.keys(commands).some((name) => name === words || name.startsWith(`${words} `));
}

export function unknownCommand(words: readonly string[]): Error {
  const plain = words.filter((word) => !word.startsWith("-"));
  const known = plain.findIndex((_, index) => !isCommandPrefix(plain.slice(0, index + 1).join(" ")));
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
