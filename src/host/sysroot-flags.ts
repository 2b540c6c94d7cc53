// SPDX-License-Identifier: Apache-2.0

/** What the environment asks of every command that works on a system root (`ostree_sysroot_init`). */
export interface SysrootFlags {
  /** Leave deployment roots without the immutable flag. */
  readonly mutableDeployments: boolean;
  /** Let the watchdog of a file system freeze run out, and fail. */
  readonly testFreeze: boolean;
  /** Copy no extended attributes into /etc. */
  readonly withoutXattrs: boolean;
  /** Pass over device trees. */
  readonly withoutDeviceTrees: boolean;
  readonly skipSync: boolean;
  /** Never drop an old deployment to make room on boot. */
  readonly noEarlyPrune: boolean;
  /** Boot entries are named `ostree-N-STATEROOT.conf`, as before 2024.5. */
  readonly oldEntryNames: boolean;
}

/** Reads OSTREE_SYSROOT_DEBUG and OSTREE_SYSROOT_OPTS: words, or `all` (g_parse_debug_string). */
export function readSysrootFlags(environment: NodeJS.ProcessEnv = process.env): SysrootFlags {
  const debug = words(environment["OSTREE_SYSROOT_DEBUG"]);
  const options = words(environment["OSTREE_SYSROOT_OPTS"]);
  const has = (set: ReadonlySet<string>, word: string) => set.has(word) !== set.has("all");
  return {
    mutableDeployments: has(debug, "mutable-deployments"),
    testFreeze: has(debug, "test-fifreeze"),
    withoutXattrs: has(debug, "no-xattrs"),
    withoutDeviceTrees: has(debug, "no-dtb"),
    skipSync: has(options, "skip-sync"),
    noEarlyPrune: has(options, "no-early-prune"),
    oldEntryNames: has(options, "bootloader-naming-1"),
  };
}

function words(value: string | undefined): Set<string> {
  return new Set((value ?? "").toLowerCase().split(/[:;, \t]+/));
}
