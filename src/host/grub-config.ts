// SPDX-License-Identifier: Apache-2.0
/**
 * `boot/loader.V/grub.cfg`: the menu for a GRUB that cannot read boot entries itself (before 2.14). It is made from the
 * entries and lies beside them, so the one rename of `boot/loader` switches both. The GRUB on the disk sources it
 * (GNU GRUB manual, "Shell-like scripting").
 */
import { type BlsEntry, blsValue, blsValues } from "../formats/index.ts";
import { parseKernelArgs } from "./kernel-args.ts";

export interface GrubOptions {
  /** Seconds that the menu waits. */
  readonly timeout: number;
}

/** @param entries in boot order: the first is the default, the others are tried in turn when it cannot be loaded */
export function renderGrubConfig(entries: readonly BlsEntry[], options: GrubOptions = { timeout: 1 }): string {
  const fallback = entries.slice(1).map((_, index) => index + 1);
  return [
    "# Written by atomic from the boot entries beside it; changes are lost.",
    "set default=0",
    ...(fallback.length > 0 ? [`set fallback="${fallback.join(" ")}"`] : []),
    `if [ -z "\${timeout_style}" ]; then set timeout_style=menu; fi`,
    `set timeout=${options.timeout}`,
    ...entries.map(renderEntry),
    "",
  ].join("\n");
}

function renderEntry(entry: BlsEntry, index: number): string {
  const args = parseKernelArgs(blsValue(entry, "options") ?? "").map(grubWord);
  const deviceTree = blsValue(entry, "devicetree");
  const initrds = blsValues(entry, "initrd").map(grubWord);
  return [
    `menuentry ${grubWord(blsValue(entry, "title") ?? "Linux")} --id ostree-${index} {`,
    `  linux ${[grubWord(blsValue(entry, "linux") ?? ""), ...args].join(" ")}`,
    ...(initrds.length > 0 ? [`  initrd ${initrds.join(" ")}`] : []),
    ...(deviceTree === undefined ? [] : [`  devicetree ${grubWord(deviceTree)}`]),
    "}",
  ].join("\n");
}

/**
 * One word of a GRUB script that stands for exactly this text. Double quotes are taken out of kernel arguments: GRUB's
 * `linux` command puts words with blanks in quotes itself (`grub_create_loader_cmdline`).
 */
function grubWord(text: string): string {
  const plain = text.replaceAll('"', "");
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(plain)) return plain;
  return `'${plain.replaceAll("'", `'"'"'`)}'`;
}
