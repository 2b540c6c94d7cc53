// SPDX-License-Identifier: Apache-2.0
import { type LabelCommand, permissionLines } from "../../gear/index.ts";
import type { Style } from "../command.ts";
import { paint } from "../style.ts";

/** As it can be typed into a shell. */
export function commandText(command: readonly string[]): string {
  const quote = (word: string) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
  return command.map(quote).join(" ");
}

/** The command of a label, and what it asks for in words. */
export function renderLabel({ verb, image, text, command, asked }: LabelCommand, style: Style): string {
  const from = text === undefined ? `${image} has no label ${verb}; this is usual` : `${verb} of ${image}`;
  return [
    `# ${from}`,
    commandText(command),
    ...(asked.length === 0 ? ["# It asks for nothing beyond what any container has."] : ["# It asks for:"]),
    ...permissionLines(asked).map((line) => paint(style, "yellow", `#   ${line}`)),
  ].join("\n");
}

/** Nothing once it was run: what the container printed is all. */
export function renderLabelOutcome(
  { label, exitCode }: { readonly label: LabelCommand; readonly exitCode: number | undefined },
  style: Style,
): string {
  return exitCode === undefined ? renderLabel(label, style) : "";
}
