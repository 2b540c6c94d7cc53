// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  appendKernelArg,
  appendKernelArgIfMissing,
  deleteKernelArg,
  deleteKernelArgIfPresent,
  formatKernelArgs,
  hostError,
  kernelArgValue,
  parseKernelArgs,
  replaceKernelArg,
  setKernelArg,
} from "../../src/host/index.ts";

const args = parseKernelArgs('root=LABEL=root  rw console=tty0 console=ttyS0,115200 dyndbg="file a.c +p; x" quiet');
const refused = (error: unknown) => hostError.is(error, "no-karg");

test("arguments are split at blanks outside of quotes", () => {
  assert.equal(args.length, 6);
  assert.equal(args[4], 'dyndbg="file a.c +p; x"');
  assert.equal(parseKernelArgs(formatKernelArgs(args)).join("|"), args.join("|"));
  assert.equal(kernelArgValue(args, "console"), "ttyS0,115200");
  assert.equal(kernelArgValue(args, "quiet"), "");
  assert.equal(kernelArgValue(args, "splash"), undefined);
});

test("append adds, append-if-missing only what is not there", () => {
  assert.equal(appendKernelArg(args, "rw").length, 7);
  assert.equal(appendKernelArgIfMissing(args, "rw"), args);
  assert.equal(appendKernelArgIfMissing(args, "console=hvc0").at(-1), "console=hvc0");
});

test("set keeps the first place and drops other values", () => {
  assert.deepEqual(setKernelArg(args, "console=hvc0"), [
    "root=LABEL=root",
    "rw",
    "console=hvc0",
    'dyndbg="file a.c +p; x"',
    "quiet",
  ]);
});

test("replace wants one value, or the old one named", () => {
  assert.equal(replaceKernelArg(args, "root=/dev/vda3")[0], "root=/dev/vda3");
  assert.equal(replaceKernelArg(args, "console=tty0=tty1")[2], "console=tty1");
  assert.throws(() => replaceKernelArg(args, "console=tty1"), refused);
  assert.throws(() => replaceKernelArg(args, "console=tty9=tty1"), refused);
  assert.throws(() => replaceKernelArg(args, "nothere=1"), refused);
  assert.equal(replaceKernelArg(args, "root=UUID=1")[0], "root=UUID=1", "a value may hold an equals sign");
});

test("delete wants the key to be unique, or the value named", () => {
  assert.equal(deleteKernelArg(args, "console=tty0").length, 5);
  assert.equal(deleteKernelArg(args, "quiet").length, 5);
  assert.throws(() => deleteKernelArg(args, "console"), refused);
  assert.throws(() => deleteKernelArg(args, "quiet=1"), refused);
  assert.equal(deleteKernelArgIfPresent(args, "quiet=1"), args);
});

test("an argument cannot smuggle in a line or a second word", () => {
  assert.throws(() => appendKernelArg(args, "a\nlinux /evil"), refused);
  assert.throws(() => appendKernelArg(args, "a b"), refused);
  assert.throws(() => appendKernelArg(args, ""), refused);
});
