// SPDX-License-Identifier: Apache-2.0
import { existsSync, writeFileSync } from "node:fs";
import type { Lockfile, Treefile } from "../../../compose/index.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { archOption, cacheDir, composeOptions, openTreefile } from "./shared.ts";

interface Locked {
  readonly lockfile: string;
  readonly packages: number;
  /** Since the lockfile was last written; all packages are added when there was none. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly { readonly name: string; readonly from: string; readonly to: string }[];
}

export default defineCommand<Locked>({
  path: ["compose", "lock"],
  summary: "Write the versions that a treefile comes to into a lockfile",
  description:
    "The lockfile is rpm-ostree's: `compose tree --lockfile` takes it, and so does rpm-ostree. With --update only the named " +
    "packages, and what they newly need, may come in other versions than the lockfile has; the rest stays.",
  examples: [
    { command: "atomic compose lock host.yaml", text: "Write host-lock.x86_64.json" },
    { command: "atomic compose lock host.yaml --update=podman", text: "Take a newer podman and leave the rest" },
    { command: "atomic compose lock host.yaml --check", text: "Exit with 1 when newer versions are there" },
  ],
  arguments: [{ name: "TREEFILE" }],
  options: [
    ...composeOptions,
    archOption,
    { name: "output", short: "o", value: "FILE", help: "Default: TREEFILE-lock.ARCH.json, beside the treefile" },
    { name: "update", value: "PACKAGE", repeat: true, help: "Hold all packages but this one" },
    { name: "check", help: "Write nothing; exit with 1 when the lockfile would change" },
  ],
  json: true,
  async run(invocation) {
    const treefile = await openTreefile(invocation);
    const lockfile = invocation.value("output") ?? lockfilePath(treefile);
    const compose = await import("../../../compose/index.ts");
    const before = existsSync(lockfile) ? compose.readLockfiles([lockfile]) : { packages: new Map() };
    const options = { cacheDir: cacheDir(invocation), offline: invocation.flag("cache-only") };
    const held = heldPackages(before, invocation);
    const locks = held.packages.size === 0 ? {} : { locks: compose.packageLocks(held, { strict: false }) };
    const now = Date.now() / 1000;
    const text = await compose.lockTreefile(treefile, { ...options, ...locks, now }, invocation.progress);
    if (!invocation.flag("check")) writeFileSync(lockfile, text);
    return { lockfile, ...difference(before, compose.decodeLockfile(text, lockfile)) };
  },
  render({ lockfile, packages, added, removed, changed }) {
    const lines = [
      ...changed.map(({ name, from, to }) => `${name} ${from} -> ${to}`),
      ...added.map((name) => `${name} (new)`),
      ...removed.map((name) => `${name} (gone)`),
    ];
    return [...(added.length === packages ? [] : lines), `${packages} packages in ${lockfile}`].join("\n");
  },
  exitCode: ({ added, removed, changed }, invocation) =>
    invocation.flag("check") && added.length + removed.length + changed.length > 0 ? 1 : 0,
});

function lockfilePath({ path, basearch }: Treefile): string {
  return `${path.replace(/\.(ya?ml|json)$/, "")}-lock.${basearch}.json`;
}

function heldPackages(before: Lockfile, invocation: Invocation): Lockfile {
  const updated = invocation.values("update");
  if (updated.length === 0) return { packages: new Map() };
  return { packages: new Map([...before.packages].filter(([name]) => !updated.includes(name))) };
}

function difference(before: Lockfile, after: Lockfile): Omit<Locked, "lockfile"> {
  const names = [...after.packages.keys()];
  return {
    packages: names.length,
    added: names.filter((name) => !before.packages.has(name)),
    removed: [...before.packages.keys()].filter((name) => !after.packages.has(name)),
    changed: names.flatMap((name) => {
      const [from, to] = [before, after].map(({ packages }) => packages.get(name)?.version);
      return from === undefined || to === undefined || from === to ? [] : [{ name, from, to }];
    }),
  };
}
