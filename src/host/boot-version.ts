// SPDX-License-Identifier: Apache-2.0
/**
 * The flip-flop that makes a change of deployments atomic. At any time one of four sets of links is in use:
 * `boot/loader -> loader.V` with the boot entries, whose `ostree=/ostree/boot.V/...` goes through
 * `ostree/boot.V -> boot.V.S` to the deployments. A change of the boot menu is written as version 1-V and made current by
 * renaming `boot/loader`; when the menu stays the same, only the links are written as `boot.V.(1-S)` and made current by
 * renaming `ostree/boot.V` (ostree-sysroot-deploy.c `create_new_bootlinks`).
 */
import { readlinkSync } from "node:fs";
import { join } from "node:path";
import { unlessErrno } from "../base/index.ts";
import { hostError } from "./errors.ts";

export type Bit = 0 | 1;

export interface BootVersion {
  readonly version: Bit;
  readonly sub: Bit;
}

/** Reads what is current; version 0 where there is no loader yet (`read_current_bootversion`). */
export function readBootVersion(sysroot: string): BootVersion {
  const version = bitOf(readLink(join(sysroot, "boot/loader")), /^loader\.([01])$/, "boot/loader");
  return { version, sub: readSubVersion(sysroot, version) };
}

function readSubVersion(sysroot: string, version: Bit): Bit {
  const link = `ostree/boot.${version}`;
  return bitOf(readLink(join(sysroot, link)), /^(?:.*\.)([01])$/, link);
}

/** The version that a change is to be written as. */
export function nextBootVersion(sysroot: string, current: BootVersion, newMenu: boolean): BootVersion {
  if (!newMenu) return { version: current.version, sub: flip(current.sub) };
  const version = flip(current.version);
  return { version, sub: flip(readSubVersion(sysroot, version)) };
}

/** All versions but the current one: what a clean-up removes. */
export function otherBootVersions(current: BootVersion): BootVersion[] {
  const all: BootVersion[] = [
    { version: 0, sub: 0 },
    { version: 0, sub: 1 },
    { version: 1, sub: 0 },
    { version: 1, sub: 1 },
  ];
  return all.filter(({ version, sub }) => version !== current.version || sub !== current.sub);
}

export const flip = (bit: Bit): Bit => (bit === 0 ? 1 : 0);

function readLink(path: string): string | undefined {
  return unlessErrno(["ENOENT"], () => readlinkSync(path));
}

function bitOf(target: string | undefined, pattern: RegExp, what: string): Bit {
  if (target === undefined) return 0;
  const match = pattern.exec(target);
  if (match === null) throw hostError("bad-sysroot", `${what} leads to ${JSON.stringify(target)}`);
  return match[1] === "0" ? 0 : 1;
}
