// SPDX-License-Identifier: Apache-2.0
/** What the compose verbs have in common. */
import type { Treefile } from "../../../compose/index.ts";
import type { PackageLocks } from "../../../packages/index.ts";
import type { Invocation, OptionDeclaration } from "../../command.ts";
import { cliError } from "../../errors.ts";

export const composeOptions: readonly OptionDeclaration[] = [
  {
    name: "cachedir",
    value: "DIR",
    help: "Keep repository indices and packages there; default: /var/cache/atomic/compose",
  },
  { name: "cache-only", help: "Use what the cache directory has; no network" },
];

/** rpm-ostree's `compose tree` says `ex-`, its `compose image` does not; both are taken. */
export const lockfileOptions: readonly OptionDeclaration[] = [
  {
    name: "lockfile",
    value: "FILE",
    repeat: true,
    help: "Hold packages at the versions of this lockfile; later ones win",
  },
  { name: "ex-lockfile", value: "FILE", repeat: true, hidden: true, help: "As --lockfile" },
  { name: "lockfile-strict", help: "Allow only packages that are locked" },
  { name: "ex-lockfile-strict", hidden: true, help: "As --lockfile-strict" },
];

/** The locks that the command line asks for. */
export async function readLocks(invocation: Invocation): Promise<{ locks?: PackageLocks }> {
  const paths = ["lockfile", "ex-lockfile"].flatMap((name) => invocation.values(name));
  const strict = ["lockfile-strict", "ex-lockfile-strict"].some((name) => invocation.flag(name));
  if (paths.length === 0) {
    if (strict) throw cliError("usage", "--lockfile-strict without --lockfile allows no package at all");
    return {};
  }
  const { packageLocks, readLockfiles } = await import("../../../compose/index.ts");
  return { locks: packageLocks(readLockfiles(paths), { strict }) };
}

export const archOption: OptionDeclaration = {
  name: "arch",
  value: "ARCH",
  help: "Read the treefile for this architecture; default: what it says, else this machine's",
};

export function cacheDir(invocation: Invocation): string {
  return invocation.value("cachedir") ?? "/var/cache/atomic/compose";
}

export async function openTreefile(invocation: Invocation): Promise<Treefile> {
  const [path] = invocation.args;
  if (path === undefined)
    throw cliError("usage", "no treefile given", { hint: `write one, or try examples/debian-container-host.yaml` });
  const { loadTreefile } = await import("../../../compose/index.ts");
  const basearch = invocation.value("arch");
  return loadTreefile(path, basearch === undefined ? {} : { basearch });
}
