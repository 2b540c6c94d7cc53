// SPDX-License-Identifier: Apache-2.0
/** A machine that stock ostree has installed, and what must hold of it whoever changed it last. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { mount, removeTree, unmount } from "../../../src/base/index.ts";
import { deploymentId, Sysroot } from "../../../src/host/index.ts";
import { commitTree, ref, type TreeOptions } from "../../host/fixture.ts";
import type { Layout } from "./layouts.ts";
import { runStock, type Stock } from "./stock.ts";

export interface Machine {
  readonly stock: Stock;
  readonly layout: Layout;
  readonly root: string;
  /** The physical root. */
  readonly path: string;
  readonly repo: string;
  /** Publishes a version at the remote `site`. */
  release(options: TreeOptions): string;
  /** `ostree admin VERB --sysroot=... ...` of the stock program. */
  admin(verb: string, ...args: string[]): string;
}

export interface MachineOptions {
  readonly separateBoot?: boolean;
  readonly stateroots?: readonly string[];
}

export const refspec = `site:${ref}`;

/** A physical root as an installer leaves it: stateroots and a remote, no deployment. */
export function installMachine(
  t: TestContext,
  stock: Stock,
  layout: Layout,
  { separateBoot = false, stateroots = ["debian"] }: MachineOptions = {},
): Machine {
  const root = mkdtempSync(join(tmpdir(), "atomic-others-"));
  const [path, remote] = [join(root, "sysroot"), join(root, "site")];
  const repo = join(path, "ostree/repo");
  mkdirSync(join(path, "boot"), { recursive: true });
  t.after(() => {
    delete process.env["OSTREE_GRUB2_EXEC"];
    if (separateBoot) unmount(join(path, "boot"), true);
    removeTree(root);
  });
  if (separateBoot) mount("tmpfs", join(path, "boot"), "tmpfs", 0, "size=8m");
  const run = (...args: string[]) => runStock(stock, ...args);
  run("admin", "init-fs", "--modern", path);
  for (const name of stateroots) run("admin", "os-init", name, `--sysroot=${path}`);
  if (layout.configured !== "auto") run("config", "set", `--repo=${repo}`, "sysroot.bootloader", layout.configured);
  layout.prepare(path);
  run("init", `--repo=${remote}`, "--mode=archive");
  run("remote", "add", `--repo=${repo}`, "--no-gpg-verify", "site", `file://${remote}`);
  return {
    stock,
    layout,
    root,
    path,
    repo,
    release: (options) => commitTree(remote, root, options),
    admin: (verb, ...args) => run("admin", ...verb.split(" "), `--sysroot=${path}`, ...args),
  };
}

/** What can be booted, in its order, by the stock tool: `STATEROOT CHECKSUM.SERIAL`. */
export function stockList({ admin }: Machine): string[] {
  return [...admin("status").matchAll(/^[* ] (\S+) ([0-9a-f]{64}\.\d+)/gm)].map(([, name, id]) => `${name} ${id}`);
}

export function ourList({ path }: Machine): string[] {
  return Sysroot.open(path).deployments.map((one) => `${one.stateroot} ${deploymentId(one)}`);
}

/**
 * Both programs see the same; every entry leads to files and to a deployment that are there; the boot loader's own
 * configuration says what the entries say; the repository is sound; and a clean-up by stock finds nothing to do.
 */
export function checkMachine(machine: Machine): void {
  const { path, repo, layout, admin } = machine;
  assert.deepEqual(ourList(machine), stockList(machine));
  const kernels = bootEntries(path).map((entry) => {
    const file = (key: string) => new RegExp(`^${key} (\\S+)`, "m").exec(entry)?.[1] ?? "";
    for (const key of ["linux", "initrd"]) readFileSync(join(path, "boot", file(key).replace(/^\/boot\//, "/")));
    realpathSync(join(path, /ostree=(\S+)/.exec(entry)![1]!, "usr/bin/tool"));
    return file("linux");
  });
  const offered = layout.offered?.(path).map((kernel) => kernel.replace(/^\/boot\//, "/"));
  if (offered !== undefined)
    assert.deepEqual(
      offered,
      kernels.map((kernel) => kernel.replace(/^\/boot\//, "/")),
    );
  execFileSync("ostree", ["fsck", "-q", `--repo=${repo}`]);
  const before = listing(path);
  admin("cleanup");
  assert.deepEqual(listing(path), before);
}

/** Texts of the boot entries, the one that boots first. */
export function bootEntries(path: string): string[] {
  const directory = join(path, "boot/loader/entries");
  const entries = readdirSync(directory).map((name) => readFileSync(join(directory, name), "utf8"));
  const version = (entry: string) => Number(/^version (\d+)$/m.exec(entry)?.[1]);
  return entries.sort((a, b) => version(b) - version(a));
}

/** Everything but the objects and what programs keep of their own in the repository. */
function listing(path: string): string[] {
  const pruned = ["objects", "tmp", ".lock"].flatMap((name) => ["-path", `*/ostree/repo/${name}`, "-prune", "-o"]);
  const out = execFileSync("find", [path, ...pruned, "-printf", "%P %y %l\n"], { encoding: "utf8" });
  return out.split("\n").sort();
}

/** Adds to a deployment's origin what only its maker understands. */
export function addForeignOrigin({ path }: Machine, index = 0): void {
  const sysroot = Sysroot.open(path);
  const file = `${sysroot.directory(sysroot.deployments[index]!)}.origin`;
  writeFileSync(file, `# kept\n${readFileSync(file, "utf8")}vendor-key=a\\sb;c\n\n[vendor]\nnote=1\n`);
}

/** Adds to the boot entries fields that only another program understands. */
export function addForeignFields({ path }: Machine): void {
  const directory = join(path, "boot/loader/entries");
  for (const name of readdirSync(directory)) {
    const file = join(directory, name);
    writeFileSync(file, `${readFileSync(file, "utf8")}grub_users $grub_users\nx-vendor-source tuned isolcpus=1\n`);
  }
}
