// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run, setXattr } from "../../src/base/index.ts";
import { type DiskLayout, partitionOffset, seededUuids, writeDisk } from "../../src/image/index.ts";

// Owners and security attributes need root.
const directory = mkdtempSync(join(tmpdir(), "atomic-disk-"));
const source = join(directory, "source");
const disk = join(directory, "disk.raw");
const timestamp = 1_700_000_000;
let layout: DiskLayout;
let root: string;

before(async () => {
  const deployment = join(source, "ostree/deploy/os/deploy/abc.0");
  mkdirSync(deployment, { recursive: true });
  mkdirSync(join(source, "boot"));
  const file = join(deployment, "file");
  writeFileSync(file, "content\n");
  chownSync(file, 12, 34);
  chmodSync(file, 0o4750);
  setXattr(file, "security.selinux", Buffer.from("system_u:object_r:etc_t:s0\0"));
  setXattr(source, "security.selinux", Buffer.from("system_u:object_r:root_t:s0\0"));
  linkSync(file, join(deployment, "hardlink"));
  symlinkSync("file", join(deployment, "symlink"));
  layout = await writeDisk(disk, {
    source,
    size: 256 << 20,
    label: "root",
    uuids: seededUuids("test"),
    timestamp,
    immutable: ["/ostree/deploy/os/deploy/abc.0"],
    scratch: join(directory, "scratch"),
  });
  root = `${disk}?offset=${partitionOffset(layout.root)}`;
});

after(() => rmSync(directory, { recursive: true }));

async function debugfs(request: string): Promise<string> {
  return (await run("debugfs", ["-R", request, root])).stdout;
}

test("e2fsck finds the root file system clean", async () => {
  const { stdout } = await run("e2fsck", ["-fn", root]);
  assert.match(stdout, /^root: /m);
  const { stdout: facts } = await run("dumpe2fs", ["-h", root]);
  assert.match(facts, new RegExp(`Filesystem UUID: +${seededUuids("test")("root file system")}`));
  assert.doesNotMatch(facts, /Filesystem features:.*(metadata_csum_seed|orphan_file)/);
});

test("owners, modes, hard links, symlinks and attributes are those of the directory", async () => {
  const place = "/ostree/deploy/os/deploy/abc.0";
  const file = await debugfs(`stat ${place}/file`);
  assert.match(file, /Type: regular +Mode: +04750/);
  assert.match(file, /User: +12 +Group: +34/);
  assert.match(file, /Links: 2/);
  const inode = /Inode: (\d+)/.exec(file)?.[1];
  assert.match(await debugfs(`stat ${place}/hardlink`), new RegExp(`Inode: ${inode} `));
  assert.match(await debugfs(`stat ${place}/symlink`), /Fast link dest: "file"/);
  assert.match(await debugfs(`ea_get -V ${place}/file security.selinux`), /etc_t/);
  assert.match(await debugfs("ea_get -V / security.selinux"), /root_t/);
});

test("the deployment's root is immutable and its files are not", async () => {
  assert.match(await debugfs("stat /ostree/deploy/os/deploy/abc.0"), /Flags: 0x80010/);
  assert.match(await debugfs("stat /ostree/deploy/os/deploy/abc.0/file"), /Flags: 0x80000/);
});

test("the EFI system partition is sound and has GRUB at the removable media path", async () => {
  const image = join(directory, "esp");
  const first = layout.efiSystem.first / 2048;
  const count = (layout.efiSystem.last + 1) / 2048 - first;
  await run("dd", [`if=${disk}`, `of=${image}`, "bs=1M", `skip=${first}`, `count=${count}`, "conv=sparse"]);
  await run("fsck.vfat", ["-n", image]);
  await run("mcopy", ["-i", image, "::EFI/BOOT/BOOTX64.EFI", join(directory, "copy.efi")]);
  const efi = readFileSync(join(directory, "copy.efi"));
  assert.equal(efi.toString("latin1", 0, 2), "MZ");
  assert.equal(efi.readUInt16LE(efi.readUInt32LE(0x3c) + 4), 0x8664);
});

test("the boot sector leads to the core image, whose block list leads to its rest", () => {
  const fd = openSync(disk, "r");
  const read = (offset: number, length: number) => {
    const bytes = Buffer.alloc(length);
    readSync(fd, bytes, 0, length, offset);
    return bytes;
  };
  const mbr = read(0, 512);
  assert.equal(mbr.readBigUInt64LE(0x5c), BigInt(layout.biosBoot.first));
  assert.equal(mbr.readUInt8(450), 0xee);
  const core = read(partitionOffset(layout.biosBoot), 512);
  assert.equal(core.readBigUInt64LE(500), BigInt(layout.biosBoot.first + 1));
  closeSync(fd);
});

test("the file is sparse", () => {
  const { size, blocks } = statSync(disk);
  assert.equal(size, 256 << 20);
  assert.ok(blocks * 512 < 40 << 20, `${blocks * 512} bytes used`);
});

test("times and identifiers inside are those asked for", async () => {
  const { stdout } = await run("dumpe2fs", ["-h", root], { env: { TZ: "UTC" } });
  assert.match(stdout, /Filesystem created: +Tue Nov 14 22:13:20 2023/);
});
