// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { blsValue, blsValues, compareBlsVersions, formatBlsEntry, parseBlsEntry } from "../../src/formats/index.ts";

// As `ostree admin deploy` 2022.7 wrote it, with the second initrd and the unknown key of `bls-append-except-default`.
const entry = `title Debian GNU/Linux 13 (trixie) 13.1 (ostree:0)
version 2
options root=LABEL=root rw ostree=/ostree/boot.1/debian/ab/0
linux /boot/ostree/debian-ab/vmlinuz-6.12.1
initrd /boot/ostree/debian-ab/initramfs-6.12.1.img
initrd /boot/ostree/initramfs-overlays/cd.img
grub_users ""
`;

test("an entry is read and written back as it was", () => {
  const parsed = parseBlsEntry(entry);
  assert.equal(blsValue(parsed, "version"), "2");
  assert.deepEqual(blsValues(parsed, "initrd").length, 2);
  assert.equal(formatBlsEntry(parsed), entry);
});

test("known keys are written in libostree's order whatever order they came in", () => {
  const parsed = parseBlsEntry("initrd /i\nlinux\t/k\n# note\n\nx-own 1\ntitle  T \nbroken\n");
  assert.equal(formatBlsEntry(parsed), "title T\nlinux /k\ninitrd /i\nx-own 1\n");
  assert.equal(blsValue(parsed, "options"), undefined);
});

test("a value with a line break is refused: it would add keys of its own", () => {
  assert.throws(() => formatBlsEntry({ fields: [["title", "a\nlinux /evil"]] }));
});

test("versions are ordered by number", () => {
  const sorted = ["10", "9", "1", "2", "1.10", "1.9"].toSorted(compareBlsVersions);
  assert.deepEqual(sorted, ["1", "1.9", "1.10", "2", "9", "10"]);
});
