// SPDX-License-Identifier: Apache-2.0
import { type BlsEntry, blsValue } from "../../formats/index.ts";
import { hostError } from "../errors.ts";
import { firstValue, requireValue } from "./entry-value.ts";

/**
 * The menu entries that go into the output of grub2-mkconfig (`_ostree_bootloader_grub2_generate_config`). The script
 * that calls this has put what mkconfig knows of the boot device into the environment.
 */
export function generateGrubMenu(entries: readonly BlsEntry[], environment: NodeJS.ProcessEnv): string {
  const device = environment["GRUB2_BOOT_DEVICE_ID"];
  const prepareRoot = environment["GRUB2_PREPARE_ROOT_CACHE"];
  if (device === undefined || prepareRoot === undefined) {
    throw hostError("boot-loader", "GRUB2_BOOT_DEVICE_ID and GRUB2_PREPARE_ROOT_CACHE are not set", {
      hint: "this is run by /etc/grub.d/15_ostree, in grub2-mkconfig",
    });
  }
  const suffix = commandSuffix(environment["_OSTREE_GRUB2_IS_EFI"] !== undefined);
  return entries.map((entry, index) => menuEntry(entry, `ostree-${index}-${device}`, prepareRoot, suffix)).join("");
}

/** Real mode on BIOS machines and the kernel's own EFI entry, as the GRUBs of old need them. */
function commandSuffix(isEfi: boolean): string {
  if (isEfi) return process.arch === "arm64" ? "" : "efi";
  return process.arch === "x64" || process.arch === "ia32" ? "16" : "";
}

function menuEntry(entry: BlsEntry, id: string, prepareRoot: string, suffix: string): string {
  const title = quote(blsValue(entry, "title") ?? "(Untitled)");
  const [options, initrd, deviceTree] = [
    blsValue(entry, "options"),
    firstValue(entry, "initrd"),
    blsValue(entry, "devicetree"),
  ];
  const linux = [`linux${suffix}`, requireValue(entry, "linux"), ...(options === undefined ? [] : [options])];
  return [
    `menuentry ${title} --class gnu-linux --class gnu --class os --unrestricted ${quote(id)} {`,
    "load_video",
    "set gfxpayload=keep",
    "insmod gzio",
    prepareRoot,
    linux.join(" "),
    ...(initrd === undefined ? [] : [`initrd${suffix} ${initrd}`]),
    ...(deviceTree === undefined ? [] : [`devicetree ${deviceTree}`]),
    "}\n",
  ].join("\n");
}

/** g_shell_quote */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
