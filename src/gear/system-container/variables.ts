// SPDX-License-Identifier: Apache-2.0
/** Variables of an image's templates, with the names and defaults that Project Atomic gave them. */
import { randomUUID } from "node:crypto";
import { engineSecurity } from "../read/engine-security.ts";
import { gearError } from "../errors.ts";
import type { Name } from "../name.ts";
import { stopCommand } from "./stop-command.ts";

/** Those that cannot be set. */
export interface ForcedVariables {
  readonly name: Name;
  readonly directory: string;
  readonly runtime: string;
  readonly image: string;
  readonly id: string;
  readonly stopSignal: string;
}

/** Where directories of a container's own are: in lines of tmpfiles.d(5), where blanks and specifiers would mean more. */
export const placeNames = ["RUN_DIRECTORY", "STATE_DIRECTORY", "CONF_DIRECTORY"];

const variableName = /^[A-Za-z_]\w*$/;

/** @param set by the operator, or by the generation before; `defaults` are the image's. @throws gear-bad-variable */
export function containerVariables(
  forced: ForcedVariables,
  defaults: Readonly<Record<string, string>>,
  set: Readonly<Record<string, string>>,
): Map<string, string> {
  const always = forcedVariables(forced);
  for (const [name, value] of Object.entries({ ...defaults, ...set })) {
    if (!variableName.test(name)) throw bad(`${JSON.stringify(name)} is not a name of a variable`);
    if (/[\n\r\0]/.test(value)) throw bad(`the value of ${name} has line breaks`);
    if (placeNames.includes(name) && !/^(?:\/[\w@+-][\w.@+-]*)+$/.test(value))
      throw bad(`${name} is ${JSON.stringify(value.slice(0, 80))}, which is no plain path`);
    if (always.has(name) && Object.hasOwn(set, name)) throw bad(`${name} cannot be set: it is ${always.get(name)}`);
  }
  return new Map([...usual(forced), ...Object.entries(defaults), ...Object.entries(set), ...always]);
}

export const pidFile = (name: string): string => `/run/atomic-${name}.pid`;

function usual({ name, runtime }: ForcedVariables): Map<string, string> {
  return new Map([
    ["RUN_DIRECTORY", "/run"],
    ["STATE_DIRECTORY", "/var/lib"],
    ["CONF_DIRECTORY", "/etc"],
    ["UUID", randomUUID()],
    ["PIDFILE", pidFile(name)],
    ["ALL_PROCESS_CAPABILITIES", engineSecurity.capabilities.map((one) => `"CAP_${one}"`).join(",\n")],
    ["RUNTIME", runtime],
    ["ATOMIC", "/usr/bin/atomic"],
  ]);
}

function forcedVariables({ name, directory, runtime, image, id, stopSignal }: ForcedVariables): Map<string, string> {
  return new Map([
    ["DESTDIR", directory],
    ["NAME", name],
    ["EXEC_STARTPRE", `${runtime} delete --force ${name}`],
    ["EXEC_START", `${runtime} run --bundle ${directory} ${name}`],
    ["EXEC_STOP", stopCommand(runtime, name, stopSignal)],
    ["EXEC_STOPPOST", `${runtime} delete --force ${name}`],
    ["HOST_UID", "0"],
    ["HOST_GID", "0"],
    ["IMAGE_NAME", image],
    ["IMAGE_ID", id],
  ]);
}

/** A template of a mebibyte and a default value of another could come to all memory there is. */
const longestText = 4 << 20;

/**
 * Puts values for `$NAME` and `${NAME}`; `$$` is a dollar.
 * @param used gets the names that it has
 * @throws gear-bad-variable, with every variable that has no value
 */
export function expandTemplate(
  text: string,
  what: string,
  variables: ReadonlyMap<string, string>,
  used: Set<string>,
): string {
  const missing = new Set<string>();
  let length = text.length;
  const expanded = text.replaceAll(/\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/g, (whole, plain, braced) => {
    const name = (plain ?? braced) as string | undefined;
    if (name === undefined) return "$";
    used.add(name);
    const value = variables.get(name);
    if (value === undefined) missing.add(name);
    length += value?.length ?? 0;
    if (length > longestText) throw bad(`${what} is larger than ${longestText} letters with its variables`);
    return value ?? whole;
  });
  if (missing.size === 0) return expanded;
  const names = [...missing].toSorted();
  throw bad(`${what} has no value for ${names.join(", ")}`, names.map((name) => `--set=${name}=VALUE`).join(" "));
}

function bad(problem: string, hint?: string) {
  return gearError("bad-variable", problem, hint === undefined ? {} : { hint });
}
