// SPDX-License-Identifier: Apache-2.0
/**
 * Users and groups from one release to the next: their numbers are kept, and what drifts all the same is an error
 * (rpm-ostree's rust/src/passwd.rs; treefile.md, `check-passwd`, `check-groups`, `preserve-passwd`).
 */
import { readFileSync } from "node:fs";
import { type Checksum, type DirNode, readTree, type Repo } from "../../ostree/index.ts";
import { composeError } from "../errors.ts";
import { makeFileNode, put, readText, walk } from "../tree.ts";
import type { AccountCheck, Treefile } from "../treefile/model.ts";

type Kind = "passwd" | "group";

/** A line of passwd(5) or group(5), with the numbers in it: uid and gid, or gid. */
interface Entry {
  readonly name: string;
  readonly line: string;
  readonly numbers: readonly number[];
}

function parseEntries(text: string, kind: Kind): Entry[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.split(":");
    const numbers = fields.slice(2, kind === "passwd" ? 4 : 3);
    if (fields[0] === undefined || fields[0] === "" || !numbers.every((field) => /^\d+$/.test(field))) return [];
    return [{ name: fields[0], line, numbers: numbers.map(Number) }];
  });
}

/** The accounts of a commit, each name once: those of /etc before those of /usr/lib (`concat_fs_content`). */
function entriesOf(tree: DirNode, kind: Kind): Entry[] {
  const texts = ["usr/etc", "etc", "usr/lib"].map((directory) => readText(tree, `${directory}/${kind}`) ?? "");
  const entries = texts.flatMap((text) => parseEntries(text, kind));
  return [...new Map(entries.toReversed().map((entry) => [entry.name, entry])).values()].toReversed();
}

export interface Release {
  readonly passwd: readonly Entry[];
  readonly group: readonly Entry[];
}

export function accountsOfCommit(repo: Repo, commit: Checksum): Release {
  const tree = readTree(repo, commit);
  return { passwd: entriesOf(tree, "passwd"), group: entriesOf(tree, "group") };
}

/**
 * Puts the accounts of the last release, or those of the file that `check-passwd` names, into an empty tree: packages that
 * bring the same files leave them, and scriptlets find their users with the numbers they had (`passwd_compose_prep`).
 */
export function seedAccounts(tree: DirNode, treefile: Treefile, previous: Release | undefined): void {
  for (const kind of ["passwd", "group"] as const) {
    const entries = seedOf(treefile, kind, previous);
    if (!entries || entries.length === 0) continue;
    put(tree, `usr/etc/${kind}`, makeFileNode(entries.map(({ line }) => `${line}\n`).join("")));
  }
}

function seedOf(treefile: Treefile, kind: Kind, previous: Release | undefined): readonly Entry[] | undefined {
  const check = checkOf(treefile, kind);
  if (check.type === "file") return parseEntries(readFileSync(check.path, "utf8"), kind);
  return treefile.preservePasswd ? previous?.[kind] : undefined;
}

function checkOf(treefile: Treefile, kind: Kind): AccountCheck {
  return kind === "passwd" ? treefile.checkPasswd : treefile.checkGroups;
}

/** Compares the accounts of a finished tree, whose /etc is /etc, with what they must be (`check_passwd_group_entries`). */
export function checkAccounts(tree: DirNode, treefile: Treefile, previous: Release | undefined): void {
  for (const kind of ["passwd", "group"] as const) {
    const expected = expectedOf(treefile, kind, previous);
    if (expected.size === 0) continue;
    const found = new Map(entriesOf(tree, kind).map(({ name, numbers }) => [name, numbers]));
    const ignored = kind === "passwd" ? treefile.ignoreRemovedUsers : treefile.ignoreRemovedGroups;
    for (const [name, numbers] of expected) {
      const now = found.get(name);
      if (now) requireSame(kind, name, numbers, now);
      else if (!ignored.includes(name) && !ignored.includes("*")) requireUnused(tree, kind, name, numbers[0] ?? 0);
    }
  }
}

function expectedOf(treefile: Treefile, kind: Kind, previous: Release | undefined): Map<string, readonly number[]> {
  const check = checkOf(treefile, kind);
  switch (check.type) {
    case "none":
      return new Map();
    case "previous":
      return new Map(previous?.[kind].map(({ name, numbers }) => [name, numbers]));
    case "file": {
      const entries = parseEntries(readFileSync(check.path, "utf8"), kind);
      return new Map(entries.map(({ name, numbers }) => [name, numbers]));
    }
    case "data":
      return new Map([...check.entries].map(([name, value]) => [name, inFull(value, kind)]));
  }
}

/** One number stands for both of a user. */
function inFull(value: number | readonly number[], kind: Kind): readonly number[] {
  if (typeof value !== "number") return value;
  return kind === "passwd" ? [value, value] : [value];
}

const what = { passwd: ["UID", "GID"], group: ["GID"] } as const;

function requireSame(kind: Kind, name: string, expected: readonly number[], found: readonly number[]): void {
  const at = expected.findIndex((number, index) => number !== found[index]);
  if (at < 0) return;
  throw composeError(
    "account-drift",
    `${kind}: the ${what[kind][at]} of ${name} changed from ${expected[at]} to ${found[at]}`,
    {
      hint: "files of hosts belong to the old number: give the account its number in sysusers.d, or set check-passwd",
    },
  );
}

/** An account that is gone is an error as long as something belongs to it. */
function requireUnused(tree: DirNode, kind: Kind, name: string, number: number): void {
  for (const [path, node] of walk(tree)) {
    const { uid, gid } = node.kind === "dir" ? node.meta : node.header;
    if ((kind === "passwd" ? uid : gid) !== number) continue;
    throw composeError("account-drift", `${kind}: ${name} is gone, but /${path} belongs to ${number}`, {
      hint: `${kind === "passwd" ? "ignore-removed-users" : "ignore-removed-groups"}: [${name}]  accepts it`,
    });
  }
}
