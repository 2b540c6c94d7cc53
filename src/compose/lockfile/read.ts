// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { unlessErrno } from "../../base/index.ts";
import type { PackageLocks } from "../../packages/index.ts";
import { composeError } from "../errors.ts";
import { decodeLockfile } from "./codec.ts";
import type { LockedPackage, Lockfile } from "./model.ts";

/** Reads lockfiles; what a later one says of a package stands in place of what an earlier one said. */
export function readLockfiles(paths: readonly string[]): Lockfile {
  const packages = new Map<string, LockedPackage>();
  for (const path of paths) {
    const text = unlessErrno(["ENOENT", "EISDIR", "ENOTDIR"], () => readFileSync(path, "utf8"));
    if (text === undefined) throw composeError("lockfile", `${path}: no such file`);
    for (const [name, one] of decodeLockfile(text, path).packages) packages.set(name, one);
  }
  return { packages };
}

/**
 * What a solver keeps to.
 * @param strict whether packages that are not locked stay out (rpm-ostree's `--ex-lockfile-strict`)
 */
export function packageLocks({ packages }: Lockfile, { strict }: { readonly strict: boolean }): PackageLocks {
  return { strict, packages };
}
