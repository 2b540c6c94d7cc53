// SPDX-License-Identifier: Apache-2.0
import { defineCommand } from "../command.ts";
import { cliError } from "../errors.ts";
import { allOptions } from "../parse.ts";
import { commands, loadCommand } from "./index.ts";

/** What each shell must be told; the candidates come from `atomic completion words LINE`. */
const scripts: Readonly<Record<string, string>> = {
  bash: `_atomic() { mapfile -t COMPREPLY < <(atomic completion words "\${COMP_LINE:0:COMP_POINT}"); }
complete -o default -F _atomic atomic`,
  zsh: `autoload -U +X bashcompinit && bashcompinit
_atomic() { COMPREPLY=("\${(@f)$(atomic completion words "\${COMP_LINE:0:COMP_POINT}")}"); }
complete -o default -F _atomic atomic`,
  fish: "complete -c atomic -a '(atomic completion words (commandline -cp | string collect))'",
};

export default defineCommand({
  path: ["completion"],
  summary: "Print the completion script of a shell",
  description: "`words LINE` prints the words that can follow a command line; the scripts call it.",
  examples: [{ command: "source <(atomic completion bash)", text: "In ~/.bashrc:" }],
  arguments: [{ name: "bash|zsh|fish|words" }, { name: "LINE", optional: true }],
  run({ args: [kind, line] }) {
    if (kind === "words") return candidates(line ?? "");
    const script = scripts[kind!];
    if (script === undefined) throw cliError("usage", `no completion for ${kind}`, { hint: "bash, zsh or fish" });
    return [script];
  },
  render: (lines) => lines.join("\n"),
});

/** Words that can stand where the line ends. */
async function candidates(line: string): Promise<string[]> {
  const words = line.trimStart().split(/\s+/).slice(1);
  const last = words.pop() ?? "";
  const before = words.filter((word) => !word.startsWith("-")).join(" ");
  const names = Object.keys(commands);
  if (!last.startsWith("-")) {
    const depth = before === "" ? 0 : before.split(" ").length;
    const below = names.filter((name) => before === "" || name.startsWith(`${before} `));
    return [...new Set(below.map((name) => name.split(" ")[depth]!))].filter((word) => word.startsWith(last)).sort();
  }
  const called = names.filter((name) => `${before} `.startsWith(`${name} `)).sort((a, b) => b.length - a.length)[0];
  if (called === undefined) return [];
  const options = allOptions(await loadCommand(called)).filter(({ hidden }) => !hidden);
  return options
    .map(({ name, value }) => `--${name}${value === undefined ? "" : "="}`)
    .filter((option) => option.startsWith(last));
}
