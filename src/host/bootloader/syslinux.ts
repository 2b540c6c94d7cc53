// SPDX-License-Identifier: Apache-2.0
/**
 * SYSLINUX and its kin: `boot/syslinux/syslinux.cfg`, a link to `../loader/syslinux.cfg`
 * (`_ostree_bootloader_syslinux_write_config`). What somebody else wrote there stays: labels whose kernel is not of a
 * deployment, and a default among them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lstatIfExists } from "../../base/index.ts";
import { type BlsEntry, blsValue } from "../../formats/index.ts";
import { hostError } from "../errors.ts";
import { firstValue, requireValue } from "./entry-value.ts";
import { joinLines } from "./join-lines.ts";
import type { BootLoader } from "./model.ts";

const configPath = "boot/syslinux/syslinux.cfg";

export const syslinux: BootLoader = {
  name: "syslinux",
  isAtomic: () => true,
  isActive: ({ path }) => lstatIfExists(join(path, configPath)) !== undefined,
  write({ sysroot, version, entries }) {
    const present = readFileSync(join(sysroot.path, configPath), "utf8");
    const text = updateConfig(present, entries, sysroot.bootPrefix === "/" ? "/boot" : "");
    writeFileSync(join(sysroot.boot, `loader.${version}`, "syslinux.cfg"), text);
  },
};

/** @param prefix what leads from the file system that the loader reads to the paths in the entries */
export function updateConfig(present: string, entries: readonly BlsEntry[], prefix: string): string {
  const { lines, default: chosen } = foreignParts(present);
  const ours = chosen === undefined || chosen.startsWith("ostree:") || chosen.includes("(ostree");
  return joinLines([...lines, ...entries.flatMap((entry, index) => entryLines(entry, prefix, ours && index === 0))]);
}

/** The lines to keep; a label is a line `LABEL` and the indented ones after it. */
function foreignParts(text: string): { lines: string[]; default: string | undefined } {
  const lines: string[] = [];
  let chosen: string | undefined;
  const all = text.split("\n");
  for (let at = 0; at < all.length;) {
    const line = all[at]!;
    const end = line.startsWith("LABEL ") ? endOfLabel(all, at + 1) : at + 1;
    if (line.startsWith("DEFAULT ")) chosen = line.slice("DEFAULT ".length);
    else if (!line.startsWith("LABEL ") || !isOurs(all.slice(at, end))) lines.push(...all.slice(at, end));
    at = end;
  }
  return { lines, default: chosen };
}

function endOfLabel(lines: readonly string[], from: number): number {
  const end = lines.findIndex((line, index) => index >= from && !line.startsWith("\t"));
  return end < 0 ? lines.length : end;
}

function isOurs(label: readonly string[]): boolean {
  const kernel = label.findLast((line) => line.startsWith("\tKERNEL "))?.slice("\tKERNEL ".length);
  if (kernel === undefined) throw hostError("bad-sysroot", "No KERNEL argument found after LABEL");
  return kernel.startsWith("/ostree/") || kernel.startsWith("/boot/ostree/");
}

function entryLines(entry: BlsEntry, prefix: string, isDefault: boolean): string[] {
  const title = blsValue(entry, "title") ?? "(Untitled)";
  const option = (word: string, value: string | undefined) => (value === undefined ? [] : [`\t${word} ${value}`]);
  const file = (value: string | undefined) => (value === undefined ? undefined : prefix + value);
  return [
    ...(isDefault ? [`DEFAULT ${title}`] : []),
    `LABEL ${title}`,
    ...option("KERNEL", file(requireValue(entry, "linux"))),
    ...option("INITRD", file(firstValue(entry, "initrd"))),
    ...option("DEVICETREE", file(blsValue(entry, "devicetree"))),
    ...option("APPEND", blsValue(entry, "options")),
  ];
}
