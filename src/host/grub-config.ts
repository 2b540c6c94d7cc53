// SPDX-License-Identifier: Apache-2.0
/**
 * `boot/loader.V/grub.cfg`: the menu for a GRUB that cannot read boot entries itself (before 2.14). It is made from the
 * entries and lies beside them, so the one rename of `boot/loader` switches both. The GRUB on the disk sources it
 * (GNU GRUB manual, "Shell-like scripting").
 */
import { type BlsEntry, blsValue, blsValues } from "../formats/index.ts";
import { type CountedMenu, trialVariables } from "./health/trial.ts";
import { parseKernelArgs } from "./kernel-args.ts";

export interface GrubOptions {
  /** Seconds that the menu waits. */
  readonly timeout: number;
  /** The first entry is on trial. */
  readonly counted?: CountedMenu;
}

/** So that a version on trial that cannot go on boots again by itself, where it would stand still otherwise. */
const trialArguments = "atomic.trial panic=10 rd.shell=0 rd.emergency=reboot";

/** @param entries in boot order: the first is the default, the others are tried in turn when it cannot be loaded */
export function renderGrubConfig(entries: readonly BlsEntry[], options: GrubOptions = { timeout: 1 }): string {
  const { counted } = options;
  return [
    "# Written by atomic from the boot entries beside it; changes are lost.",
    ...chooseDefault(entries, 0),
    ...(counted === undefined ? [] : countDown(entries, counted)),
    `if [ -z "\${timeout_style}" ]; then set timeout_style=menu; fi`,
    `set timeout=${options.timeout}`,
    ...entries.map((entry, index) => renderEntry(entry, index, extraArguments(index, counted))),
    "",
  ].join("\n");
}

/** The default, and in which order the others are tried when it cannot be loaded; the first one last when it is not the default. */
function chooseDefault(entries: readonly BlsEntry[], chosen: number): string[] {
  const others = [...entries.keys()].slice(1).filter((index) => index !== chosen);
  const fallback = chosen === 0 ? others : [...others, 0];
  return [`set default=${chosen}`, ...(fallback.length > 0 ? [`set fallback="${fallback.join(" ")}"`] : [])];
}

const extraArguments = (index: number, counted: CountedMenu | undefined): string =>
  index === 0 && counted !== undefined ? "${atomic_trial}" : index === counted?.fallback ? "${atomic_fallback}" : "";

/**
 * GRUB has no arithmetic: one branch for each number of attempts left. When it cannot write down that an attempt is made
 * (its file system driver must know where the file's block is), none is made: there would be no end.
 */
function countDown(entries: readonly BlsEntry[], { id, tries, fallback, version, file }: CountedMenu): string[] {
  const names = trialVariables(version);
  const place = grubWord(file);
  const lefts = Array.from({ length: tries }, (_, index) => tries - index);
  const counting = lefts.flatMap((left, index) => [
    `  ${index === 0 ? "if" : "elif"} [ "\${${names.left}}" = ${left} ]; then`,
    `    set ${names.left}=${left - 1}`,
    `    if save_env -f ${place} ${names.left}; then set atomic_next=try; fi`,
  ]);
  return [
    `load_env -f ${place} ${names.id} ${names.left}`,
    `if [ "\${${names.id}}" = ${id} ]; then`,
    "  set atomic_next=fallback",
    ...counting,
    "  fi",
    `  if [ "\${atomic_next}" = try ]; then`,
    `    set atomic_trial="${trialArguments}"`,
    "  else",
    ...chooseDefault(entries, fallback).map((line) => `    ${line}`),
    "    set atomic_trial=atomic.trial",
    "    set atomic_fallback=atomic.fallback",
    "  fi",
    "fi",
  ];
}

function renderEntry(entry: BlsEntry, index: number, extra: string): string {
  const args = [
    ...parseKernelArgs(blsValue(entry, "options") ?? "").map(grubWord),
    // Outside of quotes its words become arguments of their own, and nothing when it is empty.
    ...(extra === "" ? [] : [extra]),
  ];
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
