// SPDX-License-Identifier: Apache-2.0
export { decodeLockfile, encodeLockfile } from "./codec.ts";
export type { LockedPackage, Lockfile, PackageToLock } from "./model.ts";
export { type LockOptions, lockTreefile } from "./lock-treefile.ts";
export { lockfileOf } from "./resolution.ts";
export { packageLocks, readLockfiles } from "./read.ts";
