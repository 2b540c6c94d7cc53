// SPDX-License-Identifier: Apache-2.0
/**
 * The judge: what a boot loader and ostree-prepare-root would find in a system root, byte for byte. It shares no code with
 * what it judges; what a release consists of is known from what the fixture wrote.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeTree } from "../host/fixture.ts";
import { releases } from "./scenarios.ts";
import { diskView, listFiles, readThrough, resolve, type TreeView } from "./tree-view.ts";

type Release = keyof typeof releases;

/** The files of /usr of each release. */
const manifests = new Map(
  (Object.keys(releases) as Release[]).map((version) => {
    const directory = mkdtempSync(join(tmpdir(), "atomic-manifest-"));
    writeTree(directory, releases[version]);
    const files = listFiles(diskView(directory), "usr");
    rmSync(directory, { recursive: true });
    return [version, files];
  }),
);

/**
 * The version that boots by default. Throws when it, or any other entry of the menu, is not whole.
 * @param ownEtc whether /etc has what the administrator wrote
 */
export function whatBoots(view: TreeView, ownEtc: boolean): string | undefined {
  const entries = resolve(view, "boot/loader/entries");
  const directory = entries === undefined ? undefined : view.at(entries);
  if (directory?.type !== "dir") return undefined;
  const texts = directory.names().map((name) => readThrough(view, join(entries!, name))!.toString());
  const inOrder = texts.sort((a, b) => Number(field(b, "version")) - Number(field(a, "version")));
  const versions = inOrder.map((text) => checkEntry(view, text, ownEtc));
  checkMenu(view, inOrder);
  return versions[0];
}

function field(entry: string, key: string): string {
  return new RegExp(`^${key} (.*)$`, "m").exec(entry)?.[1] ?? assert.fail(`entry without ${key}: ${entry}`);
}

function checkEntry(view: TreeView, entry: string, ownEtc: boolean): string {
  const link = /(?:^| )ostree=(\S+)/.exec(field(entry, "options"))?.[1] ?? assert.fail(entry);
  const root = resolve(view, link) ?? assert.fail(`${link} leads nowhere`);
  const version = releaseOf(view, root);
  const manifest = manifests.get(version)!;
  for (const [key, name] of [
    ["linux", "vmlinuz"],
    ["initrd", "initramfs.img"],
  ] as const) {
    const file = readThrough(view, field(entry, key))?.toString("latin1");
    assert.equal(file, manifest.get(`lib/modules/6.12.1/${name}`), `${key} of ${version}`);
  }
  const usr = listFiles(view, join(root, "usr"));
  for (const [path, content] of manifest) assert.equal(usr.get(path), content, `${version}: usr/${path}`);
  assert.equal(usr.size, manifest.size, `${version} has as many files as it should`);
  assert.equal(readThrough(view, join(root, "etc/motd"))?.toString(), `welcome to ${version}\n`);
  if (ownEtc) assert.equal(readThrough(view, join(root, "etc/own.conf"))?.toString(), "own", `${version}: /etc`);
  return version;
}

function releaseOf(view: TreeView, root: string): Release {
  const tool = readThrough(view, join(root, "usr/bin/tool"))?.toString() ?? assert.fail(`${root} is not whole`);
  const version = tool.trim().split(" ")[1]!;
  assert.ok(manifests.has(version as Release), version);
  return version as Release;
}

/** GRUB's menu has the same kernels with the same arguments in the same order. */
function checkMenu(view: TreeView, entries: readonly string[]): void {
  const menu = readThrough(view, "boot/loader/grub.cfg")?.toString() ?? assert.fail("no grub.cfg");
  const lines = [...menu.matchAll(/^ {2}linux (.*)$/gm)].map(([, line]) => line);
  const wanted = entries.map((entry) => `${field(entry, "linux")} ${field(entry, "options")}`);
  assert.deepEqual(
    lines.map((line) => line!.replace(/ \$\{atomic_\w+\}$/, "")),
    wanted,
  );
}
