// SPDX-License-Identifier: Apache-2.0
/** Variables in .repo files: dnf.conf(5), "REPO VARIABLES". */
import { join } from "node:path";
import { listDirectory, readTextIfExists } from "../../base/index.ts";

export type RepoVariables = ReadonlyMap<string, string>;

/** What `$basearch` is where it is not the architecture itself (dnf.rpm.basearch). */
const baseArchitectures: Readonly<Record<string, string>> = {
  amd64: "x86_64",
  ia32e: "x86_64",
  x86_64_v2: "x86_64",
  x86_64_v3: "x86_64",
  x86_64_v4: "x86_64",
  athlon: "i386",
  geode: "i386",
  i386: "i386",
  i486: "i386",
  i586: "i386",
  i686: "i386",
  armv5tl: "arm",
  armv6l: "arm",
  armv7l: "arm",
  armv7hl: "armhfp",
  armv7hnl: "armhfp",
  armv8hl: "armhfp",
  ppc64iseries: "ppc64",
  ppc64p7: "ppc64",
  ppc64pseries: "ppc64",
};

export interface VariableOptions {
  /** In rpm's words: `x86_64`, `aarch64`. */
  readonly arch: string;
  readonly releasever?: string;
  /** Directories with a file for each variable, the later ones overriding (dnf: `varsdir`). */
  readonly directories?: readonly string[];
  /** For DNF_VAR_NAME and DNF0 to DNF9. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export function repoVariables({
  arch,
  releasever,
  directories = [],
  environment = {},
}: VariableOptions): RepoVariables {
  const variables = new Map<string, string>();
  for (const directory of directories) {
    for (const name of listDirectory(directory)) {
      const value = /^\w+$/.test(name) ? readTextIfExists(join(directory, name)) : undefined;
      // The first line is the value (libdnf: addVarsFromDir).
      if (value !== undefined) variables.set(name, value.split("\n")[0]!.trim());
    }
  }
  for (const [name, value] of Object.entries(environment)) {
    const own = /^(?:DNF_VAR_(\w+)|(DNF[0-9]))$/.exec(name);
    if (own && value !== undefined) variables.set(own[1] ?? own[2]!, value);
  }
  if (releasever !== undefined) variables.set("releasever", releasever);
  return variables.set("arch", arch).set("basearch", baseArchitectures[arch] ?? arch);
}

const depthLimit = 32;

/**
 * Replaces `$name`, `${name}`, `${name:-default}` and `${name:+alternative}`; what is not known stays as it is. A
 * backslash takes the next character as it is.
 */
export function substituteVariables(text: string, variables: RepoVariables): string {
  return expand(text, variables, 0, 0).text;
}

interface Expanded {
  readonly text: string;
  /** Where reading stopped: at the brace that ends an inner expression, or at the end. */
  readonly end: number;
}

function expand(text: string, variables: RepoVariables, from: number, depth: number): Expanded {
  let result = "";
  let at = from;
  while (at < text.length && !(depth > 0 && text[at] === "}")) {
    const replaced = text[at] === "$" && depth < depthLimit ? expression(text, variables, at, depth) : undefined;
    if (replaced !== undefined) {
      result += replaced.text;
      at = replaced.end;
    } else if (text[at] === "\\" && at + 1 < text.length) {
      result += text[at + 1];
      at += 2;
    } else result += text[at++];
  }
  return { text: result, end: at };
}

/** The expression that begins with the dollar sign at `at`; `undefined` when it is none or stays as it is. */
function expression(text: string, variables: RepoVariables, at: number, depth: number): Expanded | undefined {
  const match = /^\$(?:(\w+)|\{(\w+)(\}|:[-+]))/.exec(text.slice(at, at + 200));
  if (!match) return undefined;
  const [whole, bare, braced, sign = ""] = match;
  const value = valueOf(bare ?? braced!, variables);
  const end = at + whole.length;
  if (sign === "" || sign === "}") return value === undefined ? undefined : { text: value, end };
  const word = expand(text, variables, end, depth + 1);
  if (text[word.end] !== "}") return undefined;
  const isSet = value !== undefined && value !== "";
  const chosen = sign === ":-" ? (isSet ? value : word.text) : isSet ? word.text : "";
  return { text: chosen, end: word.end + 1 };
}

function valueOf(name: string, variables: RepoVariables): string | undefined {
  const known = variables.get(name);
  const releasever = variables.get("releasever");
  if (known !== undefined || releasever === undefined) return known;
  const dot = releasever.indexOf(".");
  if (name === "releasever_major") return dot < 0 ? releasever : releasever.slice(0, dot);
  if (name === "releasever_minor") return dot < 0 ? "" : releasever.slice(dot + 1);
  return undefined;
}
