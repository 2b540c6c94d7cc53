// SPDX-License-Identifier: Apache-2.0
/** What the verbs of `atomic ostree` have in common: where the repository is, and stock ostree's wording. */
import { existsSync } from "node:fs";
import type { Repo } from "../../../ostree/index.ts";
import type { Invocation, OptionDeclaration } from "../../command.ts";
import { cliError } from "../../errors.ts";

export const repoOption: OptionDeclaration = {
  name: "repo",
  value: "PATH",
  help: "Path to OSTree repository (defaults to current directory or /sysroot/ostree/repo)",
};

/** ostree_repo_new_default: the option, then the current directory, then the environment, then the system's. */
export function repoPath(invocation: Invocation): string {
  const given = invocation.value("repo");
  if (given !== undefined) return given;
  if (existsSync("objects") && existsSync("config")) return ".";
  const fromEnvironment = process.env["OSTREE_REPO"];
  if (fromEnvironment !== undefined) return fromEnvironment;
  const root = process.env["OSTREE_SYSROOT"];
  const places = root === undefined ? ["/ostree/repo", "/sysroot/ostree/repo"] : [`${root}/ostree/repo`];
  const system = places.find((path) => existsSync(path));
  if (system === undefined) throw cliError("usage", "Command requires a --repo argument");
  return system;
}

export async function openRepo(invocation: Invocation): Promise<Repo> {
  const path = repoPath(invocation);
  const { Repo } = await import("../../../ostree/index.ts");
  return Repo.open(path);
}

export const sysrootOption: OptionDeclaration = {
  name: "sysroot",
  value: "PATH",
  help: "Use sysroot at PATH (overrides --repo)",
};

/**
 * The repository of the system root that was named (ostree_parse_sysroot_or_repo_option). Its remotes are below /etc when
 * that is the root of a deployment, which alone has a directory `sysroot`; a physical root has none.
 */
export async function openRepoOrSysroot(invocation: Invocation): Promise<Repo> {
  const sysroot = invocation.value("sysroot");
  if (sysroot === undefined) return openRepo(invocation);
  const { Repo } = await import("../../../ostree/index.ts");
  const isPhysical = !existsSync(`${sysroot}/sysroot`);
  return Repo.open(`${sysroot}/ostree/repo`, isPhysical ? {} : { sysroot });
}

/** The argument at `index`; `message` is what stock says when it is missing. */
export function argument(invocation: Invocation, index: number, message: string): string {
  const value = invocation.args[index];
  if (value === undefined) throw cliError("usage", message);
  return value;
}

/** `KEY=VALUE`, as ot_parse_keyvalue. */
export function keyValue(text: string): [key: string, value: string] {
  const equals = text.indexOf("=");
  if (equals < 0) throw cliError("usage", `Missing '=' in KEY=VALUE metadata '${text}'`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** An integer option, as GLib's G_OPTION_ARG_INT. */
export function integerOption(invocation: Invocation, name: string): number | undefined {
  const text = invocation.value(name);
  if (text === undefined) return undefined;
  if (!/^[-+]?\d{1,9}$/.test(text)) {
    throw cliError("usage", `Cannot parse integer value “${text}” for --${name}`);
  }
  return Number(text);
}

/** A boolean as ot_parse_boolean reads it. */
export function booleanOption(invocation: Invocation, name: string): boolean | undefined {
  const text = invocation.value(name);
  if (text === undefined) return undefined;
  const value: Record<string, boolean> = {
    "1": true,
    true: true,
    yes: true,
    "0": false,
    false: false,
    no: false,
    none: false,
  };
  const found = value[text];
  if (found === undefined) throw cliError("usage", `Invalid boolean argument '${text}'`);
  return found;
}

/** Refuses options that stock has and this program does not: better than to ignore them. */
export function refuse(invocation: Invocation, ...names: string[]): void {
  const given = names.find((name) => invocation.flag(name));
  if (given !== undefined) throw cliError("usage", `--${given} is not supported`);
}
