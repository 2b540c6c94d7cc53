// SPDX-License-Identifier: Apache-2.0
import type { Invocation, OptionDeclaration } from "../../../command.ts";
import { cliError } from "../../../errors.ts";
import { consentOptions } from "../consent.ts";

/** Of the verbs that do what a label of an image says. */
export const labelOptions: readonly OptionDeclaration[] = [
  { name: "display", help: "Show the exact command and what it asks for; run nothing" },
  ...consentOptions,
  ...[1, 2, 3].map((number) => ({ name: `opt${number}`, value: "WORDS", help: `For \${OPT${number}} in the label` })),
];

export const engineDeclaration: OptionDeclaration = {
  name: "engine",
  value: "ENGINE",
  help: "podman (default) or docker",
};

export const pullDeclaration: OptionDeclaration = {
  name: "pull",
  value: "WHEN",
  help: "always, missing (default), or never: pull the image",
};

export const nameDeclaration: OptionDeclaration = {
  name: "name",
  value: "NAME",
  help: "Name of the container; default: the last word of the image's name",
};

/** @param instead what is done instead of what a label says: nobody who asked for `--display` wants it. @throws cli-usage */
export function refuseLabelOptions(invocation: Invocation, instead: string): void {
  const names = [...labelOptions, nameDeclaration].map(({ name }) => name);
  const unfit = names.find((name) => invocation.flag(name));
  if (unfit !== undefined) throw cliError("usage", `--${unfit} is for labels, and ${instead}`);
}
