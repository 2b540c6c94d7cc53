// SPDX-License-Identifier: Apache-2.0
/** Accounts as dependencies, as rpm 4.19 and newer find them out themselves: `user(NAME)`, `group(NAME)`. */
import type { DebianPackage } from "./model.ts";

/** What a package brings by its sysusers.d files. A user's group of the same name comes with it (sysusers.d(5)). */
export function accountProvides(deb: DebianPackage): string[] {
  const provides = new Set<string>();
  for (const [, type, name] of deb.sysusers.matchAll(/^([ug])!?\s+"?([a-z_][a-z0-9_-]*)"?\s/gm)) {
    if (type === "u") provides.add(`user(${name})`);
    provides.add(`group(${name})`);
  }
  return [...provides];
}

/** What must be there before the package's files are laid down. */
export function accountRequires(deb: DebianPackage): string[] {
  const names = deb.files.flatMap(({ user, group }) => [
    ...(user === "root" ? [] : [`user(${user})`]),
    ...(group === "root" ? [] : [`group(${group})`]),
  ]);
  return [...new Set(names)].sort();
}
