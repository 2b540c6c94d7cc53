// SPDX-License-Identifier: Apache-2.0
/** Trees for another architecture than this machine's: their programs run only by way of an emulator. */
import { join } from "node:path";
import { listDirectory, readTextIfExists, unlessErrno } from "../base/index.ts";
import { hostArchitecture } from "./architecture.ts";
import { composeError } from "./errors.ts";

/** `e_machine` of ELF headers as it stands in a file, in hexadecimal digits (System V ABI, chapter 4). */
const machines: Readonly<Record<string, string>> = {
  x86_64: "3e00",
  aarch64: "b700",
  armhfp: "2800",
  i386: "0300",
  ppc64le: "1500",
  s390x: "0016",
  riscv64: "f300",
};

/** What a machine's kernel runs besides its own. */
const compatible: Readonly<Record<string, readonly string[]>> = { x86_64: ["i386", "i686"] };

const handlers = "/proc/sys/fs/binfmt_misc";

/**
 * Refuses to run a program of the tree that this machine cannot run (`compose-foreign`). Nothing stands in the way of a
 * tree in which none has to: packages without scriptlets, or with scriptlets in Lua.
 * @param basearch of the tree; @param directory of the kernel's binfmt_misc, where emulators are registered
 */
export function requireNative(basearch: string, program: string, directory: string = handlers): void {
  const own = hostArchitecture();
  if (basearch === own || compatible[own]?.includes(basearch) || hasEmulator(basearch, directory)) return;
  throw composeError("foreign", `${program} of the tree is a program for ${basearch}, and this machine is ${own}`, {
    hint: `compose on such a machine, or register an emulator: apt-get install qemu-user-static binfmt-support`,
  });
}

/**
 * Whether the kernel hands programs of the architecture to an emulator, and opened that when it was registered (flag F): it
 * would not be found inside of the tree (Documentation/admin-guide/binfmt-misc.rst).
 */
function hasEmulator(basearch: string, directory: string): boolean {
  const machine = machines[basearch];
  const names = unlessErrno(["ENOTDIR", "EACCES"], () => listDirectory(directory)) ?? [];
  return names.some((name) => {
    if (name === "register" || name === "status") return false;
    const text = readTextIfExists(join(directory, name)) ?? "";
    const magic = /^magic (7f454c46[0-9a-f]*)$/m.exec(text)?.[1];
    return (
      /^enabled$/m.test(text) && /^flags: .*F/m.test(text) && magic !== undefined && magic.slice(36, 40) === machine
    );
  });
}
