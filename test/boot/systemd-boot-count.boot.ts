// SPDX-License-Identifier: Apache-2.0
/**
 * Real systemd-boot counts the attempts to boot a version on trial by the names that we give boot entries
 * (`sysroot.boot-counting-tries`), and the host reads the outcome from them. The kernels are programs that say which
 * they are and start the machine again: some seconds. systemd-boot reads FAT, on which the links of a system root cannot
 * be: the test copies /boot there, and the names back.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import { run } from "../../src/base/index.ts";
import { commitVersion, deploy, settleBoot, Sysroot } from "../../src/host/index.ts";
import { mebibyte } from "../../src/image/index.ts";
import { asChecksum } from "../../src/ostree/index.ts";
import { bootInto, newSysroot, ostree, ref, writeTree } from "../host/fixture.ts";
import { start } from "./fixture.ts";

const systemdBoot = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi";
const [diskSize, firstSector] = [128 * mebibyte, 2048];

/** A program for UEFI that says its name and starts the machine again after a while. */
async function makeKernel(directory: string, name: string): Promise<string> {
  const [config, kernel] = [join(directory, `${name}.cfg`), join(directory, name)];
  writeFileSync(config, `echo "BOOTS ${name} END"\nsleep 3\nreboot\n`);
  const modules = ["-d", "/usr/lib/grub/x86_64-efi", "-p", "/none", "-c", config, "echo", "sleep", "reboot"];
  await run("grub-mkimage", ["-O", "x86_64-efi", "-o", kernel, ...modules]);
  return kernel;
}

async function commitRelease(repo: string, directory: string, version: string): Promise<string> {
  const tree = mkdtempSync(join(directory, "tree-"));
  writeTree(tree, { version });
  cpSync(await makeKernel(directory, version), join(tree, "usr/lib/modules/6.12.1/vmlinuz"));
  const owner = ["--owner-uid=0", "--owner-gid=0"];
  const metadata = `--add-metadata-string=version=${version}`;
  return ostree("commit", `--repo=${repo}`, `--branch=${ref}`, metadata, `--tree=dir=${tree}`, ...owner).trim();
}

/** A host that runs "old" and has "new" first in its menu, with two attempts; and its disk. */
async function makeHost(t: TestContext) {
  const { root, path, repo } = newSysroot(t);
  const add = async (sysroot: Sysroot, version: string) =>
    deploy(sysroot, { rev: asChecksum(await commitRelease(repo, root, version)), stateroot: "debian", stage: false });
  // Entries name files as they are found on the partition that systemd-boot reads.
  ostree("config", `--repo=${repo}`, "set", "sysroot.bootprefix", "false");
  await add(Sysroot.open(path), "old");
  ostree("config", `--repo=${repo}`, "set", "sysroot.boot-counting-tries", "2");
  await add(bootInto(root, path), "new");
  const disk = join(root, "disk.raw");
  await writeEfiDisk(disk, join(path, "boot"), root);
  return { root, path, disk, entries: join(path, "boot/loader/entries") };
}

async function writeEfiDisk(disk: string, boot: string, directory: string): Promise<void> {
  writeFileSync(disk, "");
  truncateSync(disk, diskSize);
  await run("sfdisk", ["-q", disk], { input: `label: gpt\nstart=${firstSector}, size=${200 * 1024}, type=U\n` });
  const place = [`--offset=${firstSector}`, "-h", String(firstSector), "-F", "32", "-s", "1"];
  await run("mkfs.vfat", [...place, disk, String(100 * 1024)]);
  const content = join(directory, "esp");
  mkdirSync(join(content, "EFI/BOOT"), { recursive: true });
  cpSync(systemdBoot, join(content, "EFI/BOOT/BOOTX64.EFI"));
  cpSync(join(boot, "ostree"), join(content, "ostree"), { recursive: true });
  cpSync(join(boot, "loader/entries"), join(content, "loader/entries"), { recursive: true });
  writeFileSync(join(content, "loader/loader.conf"), "timeout 0\n");
  const names = readdirSync(content).map((name) => join(content, name));
  await run("mcopy", ["-s", "-i", fatOf(disk), ...names, "::"]);
}

const fatOf = (disk: string) => `${disk}@@${firstSector * 512}`;

/** What the machine boots, one time after the other. */
async function attempts(disk: string, wanted: number): Promise<string[]> {
  let text = "";
  const said = () => [...text.matchAll(/BOOTS (\w+) END/g)].map(([, name]) => name!);
  await using _machine = await start({
    disk,
    unsafe: true,
    firmware: "uefi",
    onConsole: (piece) => (text += piece),
  });
  for (let tenths = 0; tenths < 3000 && said().length < wanted; tenths++) await sleep(100);
  return said().slice(0, wanted);
}

/** Gives the host's entries the names that they have on the disk now. */
async function takeNamesBack(disk: string, entries: string): Promise<string[]> {
  const { stdout } = await run("mdir", ["-b", "-i", fatOf(disk), "::loader/entries"]);
  const names = stdout.split("\n").flatMap((line) => /[^/]+\.conf$/.exec(line.trim())?.[0] ?? []);
  const base = (name: string) => name.replace(/(\+.*)?\.conf$/, "");
  for (const name of readdirSync(entries))
    renameSync(
      join(entries, name),
      join(
        entries,
        names.find((other) => base(other) === base(name))!,
      ),
    );
  return names.sort();
}

const versions = (path: string) => {
  const sysroot = Sysroot.open(path);
  return sysroot.deployments.map(({ checksum }) => commitVersion(sysroot.repo, checksum));
};

test("systemd-boot boots the version on trial as often as it may, then the one before, which becomes the default", async (t) => {
  const { root, path, disk, entries } = await makeHost(t);
  assert.deepEqual(readdirSync(entries).sort(), ["ostree-1.conf", "ostree-2+2.conf"]);
  assert.deepEqual(await attempts(disk, 3), ["new", "new", "old"]);
  assert.deepEqual(await takeNamesBack(disk, entries), ["ostree-1.conf", "ostree-2+0-2.conf"]);
  const { verdict, version, failed } = await settleBoot(bootInto(root, path, 1), undefined, "rw");
  assert.deepEqual([verdict, version, failed?.reason], ["demote", "new", "it did not come up"]);
  assert.deepEqual(versions(path), ["old", "new"]);
});

test("a version that has come up keeps its place without a counter", async (t) => {
  const { root, path, disk, entries } = await makeHost(t);
  assert.deepEqual(await attempts(disk, 1), ["new"]);
  assert.deepEqual(await takeNamesBack(disk, entries), ["ostree-1.conf", "ostree-2+1-1.conf"]);
  const { verdict } = await settleBoot(bootInto(root, path, 0), undefined, "rw");
  assert.equal(verdict, "accept");
  assert.deepEqual(readdirSync(entries).sort(), ["ostree-1.conf", "ostree-2.conf"]);
});
