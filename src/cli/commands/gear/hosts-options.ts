// SPDX-License-Identifier: Apache-2.0
/** What the verbs have in common that change several hosts as one. */
import { hostname } from "node:os";
import type { Invocation, OptionDeclaration } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { who } from "./shared.ts";

const defaultPatience = 60;

export const patienceOption: OptionDeclaration = {
  name: "patience",
  value: "SECONDS",
  help: `How long a host that loses the connection at the very end waits to be told to stay before it goes back (${defaultPatience})`,
};

/** In milliseconds. */
export function patience(invocation: Invocation): number {
  const seconds = Number(invocation.value("patience") ?? defaultPatience);
  if (Number.isInteger(seconds) && seconds >= 5 && seconds <= 600) return seconds * 1000;
  throw cliError("usage", "--patience is a number of seconds, 5 to 600");
}

/** Who asks, for the histories of other hosts. */
export function whoFromHere(): ReturnType<typeof who> {
  const { by, command } = who();
  return { by: `${by}@${hostname()}`, command };
}
