// SPDX-License-Identifier: Apache-2.0
/** Users and groups. */
import { type Account, readAccounts } from "../layout/users.ts";
import { lookupDirectory, readText } from "../tree.ts";
import type { Lint, LintedTree } from "./model.ts";

/** What sysusers.d says of a name: `undefined` for a number of its choice. */
interface Declared {
  readonly users: ReadonlyMap<string, number | undefined>;
  readonly groups: ReadonlyMap<string, number | undefined>;
}

/** sysusers.d(5); a user has a group of its name unless another one is said. */
function declared({ root }: LintedTree): Declared {
  const users = new Map<string, number | undefined>();
  const groups = new Map<string, number | undefined>();
  for (const name of lookupDirectory(root, "usr/lib/sysusers.d")?.entries.keys() ?? []) {
    for (const line of (readText(root, `usr/lib/sysusers.d/${name}`) ?? "").split("\n")) {
      const [, type = "", account = "", id = "-"] = /^\s*([ugm])!?\s+(?:"?([^\s"]+)"?)(?:\s+(\S+))?/.exec(line) ?? [];
      const [own = "", group] = id.split(":");
      if (type === "g") groups.set(account, numeric(id));
      if (type !== "u") continue;
      users.set(account, numeric(own));
      if (group === undefined && !groups.has(account)) groups.set(account, numeric(own));
    }
  }
  return { users, groups };
}

function numeric(id: string): number | undefined {
  return /^\d+$/.test(id) ? Number(id) : undefined;
}

function accounts({ root, etc }: LintedTree, file: "passwd" | "group"): Account[] {
  return readAccounts(root, `${etc}/${file}`);
}

export const accountLints: readonly Lint[] = [
  {
    name: "sysusers",
    severity: "warning",
    about:
      "Users and groups of /etc have lines in sysusers.d: /etc/passwd of a changed host stays as it is at upgrades.",
    hint: "add a line to a file of /usr/lib/sysusers.d, or ask for the package's newer version, which has one",
    *check(tree) {
      const { users, groups } = declared(tree);
      for (const { name } of accounts(tree, "passwd")) {
        if (!users.has(name)) yield { path: "/etc/passwd", text: `user ${name} is in no file of sysusers.d` };
      }
      for (const { name } of accounts(tree, "group")) {
        if (!groups.has(name)) yield { path: "/etc/group", text: `group ${name} is in no file of sysusers.d` };
      }
    },
  },
  {
    name: "sysusers-ids",
    severity: "warning",
    about: "Numbers in /etc/passwd and /etc/group are those of sysusers.d: files of the tree change owners otherwise.",
    hint: "use the same number in both, for example by `check-passwd` and `check-groups`",
    *check(tree) {
      const { users, groups } = declared(tree);
      for (const [file, known] of [
        ["passwd", users],
        ["group", groups],
      ] as const) {
        for (const { name, id } of accounts(tree, file)) {
          const other = known.get(name);
          if (other !== undefined && other !== id) {
            yield { path: `/etc/${file}`, text: `${name} has number ${id}, and ${other} in sysusers.d` };
          }
        }
      }
    },
  },
  {
    name: "duplicate-ids",
    severity: "warning",
    about: "No two users and no two groups have the same number: they would own each other's files.",
    hint: "give one of them another number",
    *check(tree) {
      for (const file of ["passwd", "group"] as const) {
        const owners = Map.groupBy(accounts(tree, file), ({ id }) => id);
        for (const [id, same] of owners) {
          const names = new Set(same.map(({ name }) => name));
          if (names.size > 1) yield { path: `/etc/${file}`, text: `${[...names].join(" and ")} have number ${id}` };
        }
      }
    },
  },
  {
    name: "empty-password",
    severity: "error",
    about: "No account has an empty password: anyone could log in.",
    hint: "lock it with `passwd -l`, or set the password when the host is installed",
    *check({ root, etc }) {
      for (const file of ["shadow", "passwd"]) {
        for (const line of (readText(root, `${etc}/${file}`) ?? "").split("\n")) {
          const [name = "", password] = line.split(":");
          if (name !== "" && password === "") yield { path: `/etc/${file}`, text: `${name} has an empty password` };
        }
      }
    },
  },
];
