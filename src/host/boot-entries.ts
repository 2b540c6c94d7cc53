// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listDirectory } from "../base/index.ts";
import {
  type BlsEntry,
  type BlsField,
  blsValue,
  blsValues,
  compareBlsVersions,
  parseBlsEntry,
} from "../formats/index.ts";
import type { Bit } from "./boot-version.ts";
import { hostError } from "./errors.ts";
import { formatKernelArgs, type KernelArgs, kernelArgValue, parseKernelArgs, setKernelArg } from "./kernel-args.ts";

import { type Deployment, deploymentPath, type KernelLayout } from "./model.ts";

/** A boot entry and the name of its file, which may hold counters of boot attempts. */
export interface NamedBlsEntry extends BlsEntry {
  readonly fileName: string;
}

/** Reads the entries of one loader directory in boot order (`_ostree_sysroot_read_boot_loader_configs`). */
export function readBootEntries(sysroot: string, version: Bit): NamedBlsEntry[] {
  const directory = join(sysroot, `boot/loader.${version}/entries`);
  const names = listDirectory(directory).filter((name) => /^ostree-.*\.conf$/.test(name));
  const entries = names.map((fileName) => ({
    ...parseBlsEntry(readFileSync(join(directory, fileName), "utf8")),
    fileName,
  }));
  return entries.sort((a, b) => compareBlsVersions(blsValue(b, "version") ?? "", blsValue(a, "version") ?? ""));
}

/** The parts of `ostree=/ostree/boot.V/STATEROOT/BOOTCHECKSUM/SERIAL`. */
export interface BootLink {
  readonly version: Bit;
  readonly stateroot: string;
  readonly bootChecksum: string;
  readonly bootSerial: number;
}

/** Reads the link of an entry's `ostree=` argument (`_ostree_sysroot_parse_bootlink`). */
export function entryBootLink(entry: BlsEntry): BootLink {
  const value = kernelArgValue(parseKernelArgs(blsValue(entry, "options") ?? ""), "ostree");
  const match = /^\/ostree\/boot\.([01])\/([^/]+)\/([^/]+)\/([0-9]{1,9})$/.exec(value ?? "");
  if (match === null || match[2]!.startsWith(".") || match[3]!.startsWith(".")) {
    throw hostError(
      "bad-sysroot",
      `boot entry ${blsValue(entry, "title") ?? ""}: ostree=${value ?? ""} is no boot link`,
    );
  }
  return {
    version: match[1] === "0" ? 0 : 1,
    stateroot: match[2]!,
    bootChecksum: match[3]!,
    bootSerial: Number(match[4]),
  };
}

/** The link's path relative to the system root. */
export function bootLinkPath(link: BootLink): string {
  return `ostree/boot.${link.version}/${link.stateroot}/${link.bootChecksum}/${link.bootSerial}`;
}

/** What an entry is made from, besides the deployment. */
export interface EntryContext {
  readonly index: number;
  readonly count: number;
  readonly link: BootLink;
  readonly kernel: KernelLayout;
  /** As `treeTitle` says. */
  readonly title: string;
  /** The commit's `version` metadata. */
  readonly version: string | undefined;
  /** Shown in titles when several stateroots can be booted. */
  readonly showStateroot: boolean;
  /** "/boot/" or "/": how the boot loader reaches the boot directory (`sysroot.bootprefix`). */
  readonly bootPrefix: string;
  /** `sysroot.bls-append-except-default`: fields that all entries but the first have. */
  readonly appendFields: readonly BlsField[];
}

const ownKeys = new Set([
  "title",
  "version",
  "options",
  "linux",
  "initrd",
  "devicetree",
  "fdtdir",
  "aboot",
  "abootcfg",
]);

/** The fields of an entry that other programs added (`_ostree_bootconfig_parser_get_extra_keys_variant`). */
export function extraFields(entry: BlsEntry): BlsField[] {
  return entry.fields.filter(([key]) => !ownKeys.has(key));
}

/** SHA-256 of the initramfs images after the first, which are named by it. */
export function overlayInitrds(entry: BlsEntry): string[] {
  return blsValues(entry, "initrd")
    .slice(1)
    .flatMap((path) => /\/([0-9a-f]{64})\.img$/.exec(path)?.[1] ?? []);
}

/** Where overlay initramfs images are, relative to boot. */
export const overlayDirectory = "ostree/initramfs-overlays";

/** The boot entry of a deployment (`install_deployment_kernel`); fields that are not ours are kept from its old one. */
export function makeBootEntry(deployment: Deployment, context: EntryContext): BlsEntry {
  const files = `${context.bootPrefix}${bootDirectory(context.link)}/`;
  const { kernel } = context;
  const fields: BlsField[] = [
    ["title", entryTitle(deployment, context)],
    ["version", String(context.count - context.index)],
    ["options", formatKernelArgs(bootArgs(deployment, context))],
    ["linux", files + kernel.kernel.name],
  ];
  if (kernel.initramfs !== undefined) {
    fields.push(["initrd", files + kernel.initramfs.name]);
    for (const overlay of deployment.overlayInitrds)
      fields.push(["initrd", `${context.bootPrefix}${overlayDirectory}/${overlay}.img`]);
  }
  if (kernel.deviceTree !== undefined) {
    fields.push([kernel.deviceTree.directory ? "fdtdir" : "devicetree", files + kernel.deviceTree.name]);
  }
  if (kernel.aboot !== undefined) fields.push(...abootFields(deployment, context, kernel.aboot.name));
  const replaced = new Set(context.appendFields.map(([key]) => key));
  // What libostree staged may have our own keys among them (`_ostree_bootconfig_parser_get_extra_keys_variant`).
  const kept = deployment.extraFields.filter(([key]) => !replaced.has(key) && !ownKeys.has(key));
  return { fields: [...fields, ...kept, ...(context.index === 0 ? [] : context.appendFields)] };
}

/** Without an initramfs the kernel itself starts what finds the deployment. */
function bootArgs(deployment: Deployment, { link, kernel }: EntryContext): KernelArgs {
  const path = `/${bootLinkPath(link)}`;
  const init = `init=${path}/usr/lib/ostree/ostree-prepare-root`;
  const args = kernel.initramfs === undefined ? setKernelArg(deployment.kernelArgs, init) : deployment.kernelArgs;
  return setKernelArg(args, `ostree=${path}`);
}

function abootFields(deployment: Deployment, { link }: EntryContext, image: string): BlsField[] {
  return [
    ["aboot", `/${bootDirectory(link)}/${image}`],
    ["abootcfg", `/${deploymentPath(deployment)}/usr/lib/ostree-boot/aboot.cfg`],
  ];
}

export interface EntryNaming {
  /** `sysroot.boot-counting-tries`; 0: boot attempts are not counted. */
  readonly tries: number;
  /** Names as before 2024.5. */
  readonly withStateroot: boolean;
}

/**
 * File name of an entry, `ostree-N.conf` (`bootloader_entry_filename`). With boot counting a new one gets `+LEFT`, which
 * the boot loader counts down as `+LEFT-DONE`; a good boot removes it (UAPI Automatic Boot Assessment).
 */
export function entryFileName(
  deployment: Deployment,
  { index, count }: Pick<EntryContext, "index" | "count">,
  naming: EntryNaming,
): string {
  const base = `ostree-${count - index}${naming.withStateroot ? `-${deployment.stateroot}` : ""}`;
  if (naming.tries === 0) return `${base}.conf`;
  if (deployment.entryName === undefined) return `${base}+${naming.tries}.conf`;
  const [, left = "0", done = "0"] = /\+([0-9]+)(?:-([0-9]+))?\.conf$/.exec(deployment.entryName) ?? [];
  return Number(left) === 0 && Number(done) === 0 ? `${base}.conf` : `${base}+${Number(left)}-${Number(done)}.conf`;
}

/** Directory of a kernel set, relative to /boot. */
export function bootDirectory(of: { stateroot: string; bootChecksum: string }): string {
  return `ostree/${of.stateroot}-${of.bootChecksum}`;
}

function entryTitle(deployment: Deployment, { title, version, showStateroot, index }: EntryContext): string {
  const shown = version === undefined || version === "" || title.includes(version) ? "" : ` ${version}`;
  const stateroot = showStateroot ? `:${deployment.stateroot}` : "";
  return `${title}${shown} (ostree${stateroot}:${index})`.replace(/[\n\r\0]/g, " ");
}
