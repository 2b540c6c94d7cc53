// SPDX-License-Identifier: Apache-2.0
import type { BlsEntry } from "../../formats/index.ts";
import type { Bit } from "../boot-version.ts";
import type { Deployment } from "../model.ts";
import type { Sysroot } from "../sysroot.ts";

/** A boot menu that is being written: its entries are on disk, nothing leads to them yet. */
export interface BootMenu {
  readonly sysroot: Sysroot;
  readonly version: Bit;
  /** In boot order, as are the deployments. */
  readonly entries: readonly BlsEntry[];
  readonly deployments: readonly Deployment[];
}

/** What makes a boot loader that does not read boot entries itself know of them (libostree's OstreeBootloader). */
export interface BootLoader {
  readonly name: string;
  /** Whether the one rename of `boot/loader` switches its configuration, too. */
  isAtomic(sysroot: Sysroot): boolean;
  /** Whether the system root looks as if this is its boot loader. */
  isActive(sysroot: Sysroot): boolean;
  /** Writes the configuration into `boot/loader.VERSION`, beside the entries. */
  write(menu: BootMenu): void;
  /** What can be done only after the entries were made current. */
  afterSwitch?(menu: BootMenu): void;
  /** Whether the current menu has this loader's part; other programs may write one without. */
  isComplete?(sysroot: Sysroot): boolean;
  /** Whether it must be told to count attempts to boot the first of these, which the present menu does not say. */
  counts?(sysroot: Sysroot, deployments: readonly Deployment[]): boolean;
}
