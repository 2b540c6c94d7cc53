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
import { formatKernelArgs, kernelArgValue, parseKernelArgs, setKernelArg } from "./kernel-args.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import type { Deployment } from "./model.ts";

/** Reads the entries of one loader directory in boot order (`_ostree_sysroot_read_boot_loader_configs`). */
export function readBootEntries(sysroot: string, version: Bit): BlsEntry[] {
  const directory = join(sysroot, `boot/loader.${version}/entries`);
  const names = listDirectory(directory).filter((name) => /^ostree-.*\.conf$/.test(name));
  const entries = names.map((name) => parseBlsEntry(readFileSync(join(directory, name), "utf8")));
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
  /** `sysroot.bls-append-except-default`: fields that all but the first entry get. */
  readonly appendFields: readonly BlsField[];
}

const ownKeys = new Set(["title", "version", "options", "linux", "initrd", "devicetree", "fdtdir"]);

/** The boot entry of a deployment (`install_deployment_kernel`); fields that are not ours are kept from its old one. */
export function makeBootEntry(deployment: Deployment, context: EntryContext): BlsEntry {
  const files = `${context.bootPrefix}${bootDirectory(context.link)}/`;
  const { kernel } = context;
  const options = setKernelArg(deployment.kernelArgs, `ostree=/${bootLinkPath(context.link)}`);
  const fields: BlsField[] = [
    ["title", entryTitle(deployment, context)],
    ["version", String(context.count - context.index)],
    ["options", formatKernelArgs(options)],
    ["linux", files + kernel.kernel.name],
  ];
  if (kernel.initramfs !== undefined) fields.push(["initrd", files + kernel.initramfs.name]);
  for (const overlay of blsValues(deployment.entry ?? { fields: [] }, "initrd").slice(1))
    fields.push(["initrd", overlay]);
  if (kernel.deviceTree !== undefined) {
    fields.push([kernel.deviceTree.directory ? "fdtdir" : "devicetree", files + kernel.deviceTree.name]);
  }
  const appended = context.index === 0 ? [] : context.appendFields;
  const replaced = new Set(appended.map(([key]) => key));
  const kept = (deployment.entry?.fields ?? []).filter(([key]) => !ownKeys.has(key) && !replaced.has(key));
  return { fields: [...fields, ...kept, ...appended] };
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
