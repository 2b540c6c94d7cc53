// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { hostError } from "./errors.ts";

/**
 * The kernel's command line as an ordered list of arguments, `key` or `key=value`; a key may occur several times.
 * The operations are those of libostree's `OstreeKernelArgs` as rpm-ostree's `kargs` uses them. Values are immutable:
 * every operation returns a new list.
 */
export type KernelArgs = readonly string[];

/** Splits a command line at blanks outside of double quotes, as the kernel does (lib/cmdline.c `next_arg`). */
export function parseKernelArgs(line: string): KernelArgs {
  return line.match(/(?:[^\s"]|"[^"]*("|$))+/g) ?? [];
}

export function formatKernelArgs(args: KernelArgs): string {
  return args.join(" ");
}

/** The part before the first `=`. */
export function kernelArgKey(arg: string): string {
  const equals = arg.indexOf("=");
  return equals < 0 ? arg : arg.slice(0, equals);
}

/** The value of the last argument with this key, as the kernel takes it; "" for a bare key. */
export function kernelArgValue(args: KernelArgs, key: string): string | undefined {
  const arg = args.findLast((candidate) => kernelArgKey(candidate) === key);
  return arg === undefined ? undefined : arg.slice(key.length + 1);
}

export function appendKernelArg(args: KernelArgs, arg: string): KernelArgs {
  return [...args, checked(arg)];
}

export function appendKernelArgIfMissing(args: KernelArgs, arg: string): KernelArgs {
  return args.includes(arg) ? args : appendKernelArg(args, arg);
}

/** Sets a key to one value: at its first place when it is there (others are dropped), else at the end. */
export function setKernelArg(args: KernelArgs, arg: string): KernelArgs {
  const key = kernelArgKey(checked(arg));
  const first = args.findIndex((candidate) => kernelArgKey(candidate) === key);
  if (first < 0) return [...args, arg];
  return args.flatMap((candidate, index) =>
    index === first ? [arg] : kernelArgKey(candidate) === key ? [] : [candidate],
  );
}

/**
 * `KEY=NEW` replaces the only value of KEY, `KEY=OLD=NEW` that value of several
 * (`ostree_kernel_args_new_replace`). Throws `host-no-karg` when there is none or the choice is not clear.
 */
export function replaceKernelArg(args: KernelArgs, arg: string): KernelArgs {
  const [key, value] = splitArg(checked(arg));
  const matches = indexesOf(args, key);
  const second = value?.indexOf("=") ?? -1;
  if (value !== undefined && second >= 0) {
    const old = matches.find((index) => args[index] === `${key}=${value.slice(0, second)}`);
    if (old !== undefined) return args.with(old, `${key}=${value.slice(second + 1)}`);
    if (matches.length !== 1) throw missing(`${key}=${value.slice(0, second)}`);
  }
  if (matches.length === 0) throw missing(key);
  if (matches.length > 1) throw ambiguous(key, `--replace=${key}=OLD=NEW`);
  return args.with(matches[0]!, arg);
}

/** Removes `KEY=VALUE`, or KEY when it occurs once (`ostree_kernel_args_delete`). */
export function deleteKernelArg(args: KernelArgs, arg: string): KernelArgs {
  const exact = args.indexOf(arg);
  if (exact >= 0 && arg.includes("=")) return args.toSpliced(exact, 1);
  const matches = arg.includes("=") ? [] : indexesOf(args, arg);
  if (matches.length === 0) throw missing(arg);
  if (matches.length > 1) throw ambiguous(arg, `--delete=${arg}=VALUE`);
  return args.toSpliced(matches[0]!, 1);
}

export function deleteKernelArgIfPresent(args: KernelArgs, arg: string): KernelArgs {
  const present = arg.includes("=") ? args.includes(arg) : indexesOf(args, arg).length > 0;
  return present ? deleteKernelArg(args, arg) : args;
}

/** The running kernel's arguments without those that its boot loader added (`ostree_kernel_args_append_proc_cmdline`). */
export function procKernelArgs(path = "/proc/cmdline"): KernelArgs {
  const args = parseKernelArgs(readFileSync(path, "utf8").trim());
  return withoutOstreeArg(args).filter((arg) => !arg.startsWith("BOOT_IMAGE=") && !arg.startsWith("initrd="));
}

/** All but the engine's own `ostree=`, and its `init=` where there is no initramfs. */
export function withoutOstreeArg(args: KernelArgs): KernelArgs {
  return args.filter((arg) => kernelArgKey(arg) !== "ostree" && !/^init=\/ostree\/boot\.[01]\//.test(arg));
}

function splitArg(arg: string): [string, string | undefined] {
  const key = kernelArgKey(arg);
  return [key, key === arg ? undefined : arg.slice(key.length + 1)];
}

function indexesOf(args: KernelArgs, key: string): number[] {
  return args.flatMap((arg, index) => (kernelArgKey(arg) === key ? [index] : []));
}

/** An argument is one word: a line break would add keys to the boot entry. */
function checked(arg: string): string {
  if (arg === "" || /[\n\r\0]/.test(arg) || parseKernelArgs(arg).length !== 1 || parseKernelArgs(arg)[0] !== arg) {
    throw hostError("no-karg", `${JSON.stringify(arg)} is not one kernel argument`, {
      hint: 'a value with blanks is written key="a b"',
    });
  }
  return arg;
}

const missing = (arg: string) =>
  hostError("no-karg", `no kernel argument ${arg}`, { hint: "atomic host kargs  shows them" });

const ambiguous = (key: string, how: string) =>
  hostError("no-karg", `kernel argument ${key} occurs several times`, { hint: `say which: ${how}` });
