// SPDX-License-Identifier: Apache-2.0
import type { DirNode } from "../../ostree/index.ts";
import { readText } from "../tree.ts";

export interface Account {
  readonly name: string;
  readonly id: number;
  /** passwd: the primary group. */
  readonly group: number;
  readonly gecos: string;
  readonly home: string;
  readonly shell: string;
}

/** Accounts of the tree's /etc/passwd or /etc/group (passwd(5), group(5)), in file order. */
export function readAccounts(tree: DirNode, file: `${"" | "usr/"}etc/${"passwd" | "group"}`): Account[] {
  return (readText(tree, file) ?? "").split("\n").flatMap((line) => {
    const [name = "", , id = "", group = "", gecos = "", home = "", shell = ""] = line.split(":");
    if (name === "" || !/^\d+$/.test(id)) return [];
    return [{ name, id: Number(id), group: Number(group), gecos, home, shell }];
  });
}

/** Says the name of an id, or the id where it has none. */
export function namer(accounts: readonly Account[]): (id: number) => string {
  const names = new Map(accounts.map(({ id, name }) => [id, name]).reverse() as [number, string][]);
  return (id) => names.get(id) ?? String(id);
}

/**
 * sysusers.d(5) lines for every user and group of the tree, with their numbers. On a host whose own /etc/passwd was
 * changed, the merge of /etc keeps that file as it is; systemd-sysusers then adds what a newer release brings.
 */
export function sysusersLines(tree: DirNode): string[] {
  const groups = readAccounts(tree, "etc/group");
  const users = readAccounts(tree, "etc/passwd");
  const quoted = (text: string) => (text === "" ? "-" : `"${text.replaceAll(/["\\]/g, "\\$&").replaceAll("%", "%%")}"`);
  return [
    ...groups.map(({ name, id }) => `g ${name} ${id} -`),
    ...users.map(({ name, id, group, gecos, home, shell }) =>
      [`u ${name} ${id}:${group}`, quoted(gecos.replace(/,+$/, "")), home || "-", shell || "-"].join(" "),
    ),
  ];
}
