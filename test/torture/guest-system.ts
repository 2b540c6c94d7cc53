// SPDX-License-Identifier: Apache-2.0
/**
 * A system for a virtual machine with little in it, so that it starts in a few seconds: Debian's kernel, an initramfs with
 * busybox and the modules for the disks, and a disk with Node.js, stock ostree and the program that it runs. When that has
 * readied itself, the system says so until it is told to mount the disk that is written: with the number of its life and an
 * id of the boot, since one saved state begins many of them.
 */
import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { requireProgram } from "../../src/base/index.ts";
import { encodeCpio } from "../../src/formats/index.ts";

export interface GuestKernel {
  readonly kernel: string;
  readonly initramfs: string;
}

const output = (command: string, args: readonly string[], cwd?: string): string =>
  execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], ...(cwd ? { cwd } : {}) });

/** Takes the kernel of this machine's Debian release from its mirror. */
export function makeGuestKernel(directory: string): GuestKernel {
  const text = output("apt-cache", ["depends", "linux-image-cloud-amd64"]);
  const name = /Depends: (linux-image-\S+)/.exec(text)?.[1];
  if (name === undefined) throw new Error(`no kernel for cloud machines: ${text}`);
  output("apt-get", ["-q", "download", name], directory);
  const unpacked = join(directory, "kernel");
  output("dpkg-deb", ["-x", globSync(join(directory, "linux-image-*.deb"))[0]!, unpacked]);
  const kernel = join(directory, "vmlinux");
  writeFileSync(kernel, unpackKernel(readFileSync(globSync(join(unpacked, "boot/vmlinuz-*"))[0]!)));
  const initramfs = join(directory, "initramfs.img");
  writeFileSync(initramfs, makeInitramfs(unpacked));
  return { kernel, initramfs };
}

/** Uncompressed, which a machine without hardware acceleration starts in less time (x86 boot protocol, `payload_offset`). */
function unpackKernel(image: Buffer): Buffer {
  const start = (image[0x1f1]! + 1) * 512 + image.readUInt32LE(0x248);
  // The last four bytes are the length of what was compressed.
  const payload = image.subarray(start, start + image.readUInt32LE(0x24c) - 4);
  const kind = { fd377a58: "xz", "28b52ffd": "zstd" }[payload.subarray(0, 4).toString("hex")];
  // What LZ4 has compressed the machine itself unpacks quickly.
  if (kind === undefined) return image;
  return execFileSync(kind, ["-dc"], { input: payload, maxBuffer: 1 << 28, stdio: ["pipe", "pipe", "inherit"] });
}

const neededModules = ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4"];

/** A file of the initramfs. */
const entry = (path: string, mode: number, content: Uint8Array = new Uint8Array()) => ({
  path,
  mode,
  uid: 0,
  gid: 0,
  mtime: 0,
  content,
});

function makeInitramfs(unpacked: string): Buffer {
  const files = new Map(
    globSync(join(unpacked, "{lib,usr/lib}/modules/**/*.ko{,.xz,.zst}")).map((file) => [moduleName(file), file]),
  );
  const modules = inOrder(neededModules, files);
  const directories = ["bin", "dev", "proc", "sys", "modules", "tools"];
  return encodeCpio([
    ...directories.map((path) => entry(path, 0o40755)),
    entry("bin/busybox", 0o100755, readFileSync(requireProgram("busybox"))),
    ...modules.map(({ name, content }) => entry(`modules/${name}.ko`, 0o100644, content)),
    entry("init", 0o100755, Buffer.from(initScript(modules.map(({ name }) => name)))),
  ]);
}

const moduleName = (file: string): string =>
  basename(file)
    .replace(/\.ko(\.\w+)?$/, "")
    .replaceAll("-", "_");

interface Module {
  readonly name: string;
  readonly content: Buffer;
}

/** The modules and what they need, first what others need; what is not there is built into the kernel. */
function inOrder(
  wanted: readonly string[],
  files: ReadonlyMap<string, string>,
  done = new Map<string, Module>(),
): Module[] {
  for (const name of wanted) {
    const file = files.get(name);
    if (file === undefined || done.has(name)) continue;
    const tool = file.endsWith(".xz") ? "xz" : file.endsWith(".zst") ? "zstd" : "cat";
    const args = tool === "cat" ? [file] : ["-dc", file];
    const content = execFileSync(tool, args, { maxBuffer: 1 << 28 });
    const needs = /\0depends=([^\0]*)\0/.exec(content.toString("latin1"))?.[1] ?? "";
    inOrder(
      needs.split(",").map((need) => need.replaceAll("-", "_")),
      files,
      done,
    );
    done.set(name, { name, content });
  }
  return [...done.values()];
}

/** /dev/vda has the tools, /dev/vdb is the disk that is written. */
function initScript(modules: readonly string[]): string {
  return `#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in ${modules.join(" ")}; do insmod /modules/$module.ko; done
mount -t ext4 -o ro /dev/vda /tools || echo "@@ failed: no tools"
mount -t tmpfs tmpfs /tools/tmp
mount -t tmpfs tmpfs /tools/run
mount --bind /dev /tools/dev
mount -t proc proc /tools/proc
cp -a /tools/first /tools/tmp/disk
{ HOME=/tmp TMPDIR=/tmp chroot /tools /bin/node --no-warnings /guest/guest.cjs
echo "@@ failed: the program has ended with $?"; poweroff -f; } | tee /tools/run/told &
until grep -q '@@ warm' /tools/run/told; do sleep 0.1; done
until read -t 1 life boot; do echo "@@ ready"; done
echo $boot >/tools/run/boot_id
mount --bind /tools/run/boot_id /tools/proc/sys/kernel/random/boot_id
# What the kernel has read of it to look for partitions is from an earlier life.
blockdev --flushbufs /dev/vdb
mount -t ext4 /dev/vdb /tools/disk || echo "@@ failed: the disk cannot be mounted"
echo $life >/tools/run/life.new && mv /tools/run/life.new /tools/run/life
wait
`;
}

/**
 * Writes the disk with the tools.
 * @param guest directory with the program
 * @param site what is `/site` in the machine
 * @param first what is on the other disk at first, for a round before that is mounted
 */
export function makeToolsDisk(directory: string, guest: string, site: string, first: string): string {
  const tree = join(directory, "tools");
  for (const name of ["bin", "dev", "proc", "sys", "tmp", "run", "disk", "etc"])
    mkdirSync(join(tree, name), { recursive: true });
  for (const [name, program] of [
    ["node", process.execPath],
    ["ostree", requireProgram("ostree")],
  ] as const) {
    cpSync(realpathSync(program), join(tree, "bin", name));
    for (const [, library] of output("ldd", [program]).matchAll(/(\/\S+) \(0x/g)) {
      mkdirSync(join(tree, dirname(library!)), { recursive: true });
      cpSync(realpathSync(library!), join(tree, library!));
    }
  }
  writeFileSync(join(tree, "etc/passwd"), "root:x:0:0:root:/:/bin/sh\n");
  renameSync(guest, join(tree, "guest"));
  cpSync(site, join(tree, "site"), { recursive: true });
  output("cp", ["-a", first, join(tree, "first")]);
  const disk = join(directory, "tools.img");
  makeExt4Disk(disk, tree, 512);
  return disk;
}

/** An ext4 file system that is the whole disk; megabytes. */
export function makeExt4Disk(disk: string, tree: string, size: number): void {
  output("mke2fs", ["-q", "-F", "-t", "ext4", "-b", "4096", "-d", tree, disk, `${size}M`]);
}
