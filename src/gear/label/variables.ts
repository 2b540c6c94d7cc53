// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { LabelSubject } from "./model.ts";

/** The variables of a label (atomic-run(1), atomic-install(1)). The environment of whoever asks is not among them. */
export function labelVariables({ image, name, options, user, directory }: LabelSubject): ReadonlyMap<string, string> {
  return new Map([
    ["IMAGE", image],
    ["NAME", name],
    ["CONFDIR", `/etc/${name}`],
    ["LOGDIR", `/var/log/${name}`],
    ["DATADIR", `/var/lib/${name}`],
    ...[1, 2, 3].map((number): [string, string] => [`OPT${number}`, options[number - 1] ?? ""]),
    ["SUDO_UID", user.uid],
    ["SUDO_GID", user.gid],
    ["PWD", directory],
  ]);
}

/** @throws gear-bad-label */
export function lookUpIn(variables: ReadonlyMap<string, string>): (name: string) => string {
  return (name) => {
    const value = variables.get(name);
    if (value !== undefined) return value;
    throw gearError("bad-label", `the label has the variable ${name}, which nothing stands for`, {
      hint: `these are known: ${[...variables.keys()].join(", ")}`,
    });
  };
}
