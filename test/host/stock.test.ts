// SPDX-License-Identifier: Apache-2.0
// Stock ostree and we on one system root, in both directions. Needs root.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { getXattr, setXattr } from "../../src/base/index.ts";
import {
  deploy,
  kernelArgValue,
  parseKernelArgs,
  refreshMenu,
  rollback,
  setPinned,
  Sysroot,
} from "../../src/host/index.ts";
import { bootTarget, commitTree, newSysroot, ostree, ref, scratch } from "./fixture.ts";

/** A system root made by stock ostree with one deployment. */
function stockSysroot(t: TestContext) {
  const root = scratch(t);
  const path = join(root, "sysroot");
  mkdirSync(path);
  ostree("admin", "init-fs", "--modern", path);
  ostree("admin", "os-init", "debian", `--sysroot=${path}`);
  const repo = join(path, "ostree/repo");
  for (const [key, value] of [
    ["bootloader", "none"],
    ["bootprefix", "true"],
  ])
    ostree("config", "set", `--repo=${repo}`, `sysroot.${key}`, value!);
  const first = commitTree(repo, root, { version: "13.1" });
  ostree("admin", "deploy", `--sysroot=${path}`, "--os=debian", "--karg=root=LABEL=root", "--karg=rw", ref);
  return { root, path, repo, first };
}

/** What a system root says of its deployments, in the words of the stock tool. */
const stockStatus = (path: string) => ostree("admin", "status", `--sysroot=${path}`);

test("we read what stock deployed, deploy beside it, and stock reads that and goes on", async (t) => {
  const { path, root, repo, first } = stockSysroot(t);
  const sysroot = Sysroot.open(path);
  assert.deepEqual(
    sysroot.deployments.map(({ checksum, serial, stateroot, kernelArgs, origin }) => [
      checksum,
      serial,
      stateroot,
      kernelArgs.join(" "),
      origin?.get("origin", "refspec"),
    ]),
    [[first, 0, "debian", "root=LABEL=root rw", ref]],
  );
  const second = commitTree(repo, root, { version: "13.2", kernel: "2" });
  await deploy(sysroot, { rev: ref });
  assert.match(
    stockStatus(path),
    new RegExp(`debian ${second}\\.0[^]*Version: 13.2[^]*origin refspec: ${ref}[^]*debian ${first}\\.0`),
  );

  const third = commitTree(repo, root, { version: "13.3", kernel: "3" });
  ostree("admin", "deploy", `--sysroot=${path}`, "--os=debian", ref);
  assert.deepEqual(
    Sysroot.open(path).deployments.map(({ checksum }) => checksum),
    [third, second],
  );
  const after = Sysroot.open(path);
  assert.equal((await rollback(after)).next.checksum, second);
  assert.match(stockStatus(path), new RegExp(`${second}[^]*${third}`));
  ostree("admin", "undeploy", `--sysroot=${path}`, "1");
  assert.deepEqual(
    Sysroot.open(path).deployments.map(({ checksum }) => checksum),
    [second],
  );
  ostree("fsck", "-q", `--repo=${repo}`);
});

test("entries, links and refs are those of stock for the same steps", async (t) => {
  const stock = stockSysroot(t);
  const ours = newSysroot(t);
  await deploy(ours.sysroot, {
    rev: ref,
    stateroot: "debian",
    kernelArgs: parseKernelArgs("root=LABEL=root rw"),
    origin: ref,
  });
  for (const version of ["13.2", "13.3"]) {
    commitTree(stock.repo, stock.root, { version, kernel: version });
    ostree("admin", "deploy", `--sysroot=${stock.path}`, "--os=debian", ref);
    commitTree(ours.repo, ours.root, { version, kernel: version });
    await deploy(ours.sysroot, { rev: ref });
  }
  assert.deepEqual(layout(ours.path), layout(stock.path));
  assert.deepEqual(entries(ours.path), entries(stock.path));
});

/** Boot entries; 2022.7 does not know `bootprefix` and has the stateroot in file names, which 2024.5 dropped. */
function entries(path: string): string[] {
  const directory = join(path, "boot/loader/entries");
  return readdirSync(directory)
    .sort()
    .map(
      (name) =>
        `${name.replace("-debian", "")}\n${readFileSync(join(directory, name), "utf8").replaceAll(" /boot/ostree/", " /ostree/")}`,
    );
}

function layout(path: string): Record<string, unknown> {
  const links = ["boot/loader", "boot/boot", "ostree/boot.0", "ostree/boot.1"];
  const refs = ostree("refs", `--repo=${path}/ostree/repo`, "--list")
    .split("\n")
    .filter((name) => name.startsWith("ostree/"));
  return {
    links: links.map((link) => [
      link,
      lstatSync(join(path, link), { throwIfNoEntry: false }) && readlinkSync(join(path, link)),
    ]),
    ostree: readdirSync(join(path, "ostree")).sort(),
    boot: readdirSync(join(path, "boot")).sort(),
    kernels: readdirSync(join(path, "boot/ostree")).sort(),
    refs: refs.sort(),
    immutable: readdirSync(join(path, "ostree/deploy/debian/deploy"))
      .filter((name) => !name.endsWith(".origin"))
      .map((name) =>
        execFileSync("lsattr", ["-d", join(path, "ostree/deploy/debian/deploy", name)], { encoding: "utf8" }).includes(
          "i",
        ),
      ),
  };
}

test("pins and kernel arguments are understood across", async (t) => {
  const { path, root, repo, first } = stockSysroot(t);
  const sysroot = Sysroot.open(path);
  await setPinned(sysroot, sysroot.deployments[0]!, true);
  assert.match(stockStatus(path), /Pinned: yes/);
  for (const version of ["13.2", "13.3"]) {
    commitTree(repo, root, { version, kernel: version });
    ostree("admin", "deploy", `--sysroot=${path}`, "--os=debian", "--karg-append=quiet", ref);
  }
  const list = Sysroot.open(path).deployments;
  assert.equal(list.at(-1)?.checksum, first);
  assert.equal(kernelArgValue(list[0]!.kernelArgs, "quiet"), "");
});

test("the lock is the same: stock waits for us, and we for whoever holds it", async (t) => {
  const { path } = stockSysroot(t);
  const cleanup = () => spawnSync("timeout", ["1", "ostree", "admin", "cleanup", `--sysroot=${path}`]).status;
  {
    using _lock = await Sysroot.open(path).lock();
    await assert.rejects(Sysroot.open(path).lock(0), { code: "host-busy" });
    assert.equal(cleanup(), 124, "timed out waiting");
  }
  assert.equal(cleanup(), 0);
});

/** An administrator's day, on a deployment's etc. */
function edit(etc: string): void {
  writeFileSync(join(etc, "shared.conf"), "mine\n");
  rmSync(join(etc, "dropped.conf"));
  chmodSync(join(etc, "motd"), 0o600);
  mkdirSync(join(etc, "own.d/deep"), { recursive: true });
  chmodSync(join(etc, "own.d"), 0o750);
  writeFileSync(join(etc, "own.d/deep/x"), "x");
  symlinkSync("../usr/bin/tool", join(etc, "link"));
  rmSync(join(etc, "tofile.d"), { recursive: true });
  rmSync(join(etc, "tolink"));
  symlinkSync("motd", join(etc, "tolink"));
  rmSync(join(etc, "todir"));
  mkdirSync(join(etc, "todir"));
  writeFileSync(join(etc, "todir/x"), "x");
  writeFileSync(join(etc, "sub/changed"), "mine");
  setXattr(join(etc, "sub/changed"), "user.mine", Buffer.from("1"));
}

const etcBefore = {
  "usr/etc/tofile.d/a": "a",
  "usr/etc/tolink": "1",
  "usr/etc/todir": "1",
  "usr/etc/sub/changed": "1",
  "usr/etc/sub/same": "1",
  "usr/etc/gone/x": "1",
};
const etcAfter = {
  "usr/etc/tolink": "2",
  "usr/etc/todir": "2",
  "usr/etc/sub/changed": "2",
  "usr/etc/sub/same": "2",
  "usr/etc/new.conf": "new",
  "usr/etc/motd": "new motd",
};

/** Type, mode, content and our attribute of everything below a directory. */
function snapshot(directory: string, path = ""): string[] {
  return readdirSync(join(directory, path))
    .sort()
    .flatMap((name) => {
      const child = path === "" ? name : `${path}/${name}`;
      const full = join(directory, child);
      const stat = lstatSync(full);
      const own = getXattr(full, "user.mine")?.toString() ?? "";
      const content = stat.isSymbolicLink() ? readlinkSync(full) : stat.isFile() ? readFileSync(full, "utf8") : "";
      const line = [child, stat.mode.toString(8), content, own].join("|");
      return stat.isDirectory() ? [line, ...snapshot(directory, child)] : [line];
    });
}

test("/etc is merged as stock merges it", async (t) => {
  const results = [stockSysroot(t), stockSysroot(t)].map(({ path, root, repo }) => {
    ostree("admin", "undeploy", `--sysroot=${path}`, "0");
    commitTree(repo, root, { version: "13.2", files: etcBefore });
    ostree("admin", "deploy", `--sysroot=${path}`, "--os=debian", ref);
    edit(join(Sysroot.open(path).directory(Sysroot.open(path).deployments[0]!), "etc"));
    commitTree(repo, root, { version: "13.3", files: etcAfter });
    return path;
  });
  const [stock, ours] = results as [string, string];
  ostree("admin", "deploy", `--sysroot=${stock}`, "--os=debian", ref);
  await deploy(Sysroot.open(ours), { rev: ref });
  const etc = (path: string) => {
    const sysroot = Sysroot.open(path);
    return snapshot(join(sysroot.directory(sysroot.deployments[0]!), "etc"));
  };
  assert.deepEqual(etc(ours), etc(stock));
});

test("a menu that stock wrote gets GRUB's part: on request, and with our next change", async (t) => {
  const { path, root, repo, first } = stockSysroot(t);
  const menu = join(path, "boot/loader/grub.cfg");
  assert.equal(existsSync(menu), false);
  assert.equal(await refreshMenu(Sysroot.open(path)), true);
  assert.match(readFileSync(menu, "utf8"), /menuentry .* --id ostree-0/);
  assert.equal(await refreshMenu(Sysroot.open(path)), false);
  assert.deepEqual(
    Sysroot.open(path).deployments.map(({ checksum }) => checksum),
    [first],
  );

  commitTree(repo, root, { version: "13.2", kernel: "2" });
  ostree("admin", "deploy", `--sysroot=${path}`, "--os=debian", ref);
  assert.equal(existsSync(menu), false);
  const sysroot = Sysroot.open(path);
  await deploy(sysroot, { rev: ref });
  assert.match(readFileSync(menu, "utf8"), /menuentry/);
  const entry = readFileSync(join(path, "boot/loader/entries/ostree-2.conf"), "utf8");
  assert.equal(bootTarget(path, entry), sysroot.directory(sysroot.deployments[0]!));
});
