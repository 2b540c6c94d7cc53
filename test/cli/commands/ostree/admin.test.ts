// SPDX-License-Identifier: Apache-2.0
/** `ostree admin`: stock and we take the same steps on two system roots, say the same, and leave the same. Needs root. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Sysroot } from "../../../../src/host/index.ts";
import { commitTree, ostree, ref, scratch } from "../../../host/fixture.ts";

const atomic = join(import.meta.dirname, "../../../../atomic");

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly error: string;
}

type Program = readonly [command: string, ...words: string[]];

function run(root: string, [command, ...words]: Program, args: readonly string[], env = {}): Outcome {
  const { status, stdout, stderr } = spawnSync(command, [...words, ...args], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, TZ: "UTC", OSTREE_SYSROOT: "sysroot", ...env },
  });
  return { status, stdout, error: stderr.split("\n").findLast((line) => line.startsWith("error:")) ?? "" };
}

/** Two directories with one repository of commits, and a function that takes a step in both. */
function twoRoots(t: TestContext) {
  const directory = scratch(t);
  const origin = join(directory, "origin");
  ostree("init", `--repo=${origin}`, "--mode=archive");
  const first = commitTree(origin, directory, { version: "13.1", timestamp: "@1700000000" });
  const roots = { stock: join(directory, "stock"), ours: join(directory, "ours") };
  for (const root of Object.values(roots)) mkdirSync(join(root, "sysroot"), { recursive: true });
  const both = (args: readonly string[], env = {}): Outcome => {
    const theirs = run(roots.stock, ["ostree"], args, env);
    const mine = run(roots.ours, [atomic, "ostree"], args, env);
    // 2026.4 words the first so, and logs the second only.
    const said = theirs.stdout.replace(/OSTree root$/m, "OSTree stateroot").replace(/^Freed objects: .*\n/m, "");
    assert.deepEqual([mine.status, mine.stdout], [theirs.status, said], args.join(" ") + mine.error + theirs.error);
    // libostree says before the reason what it was doing.
    assert.ok(theirs.error.endsWith(mine.error.replace(/^error: /, "")), `${theirs.error}\n${mine.error}`);
    return mine;
  };
  const fetch = () => {
    for (const root of Object.values(roots))
      ostree("pull-local", `--repo=${root}/sysroot/ostree/repo`, "--remote=site", origin, ref);
  };
  const read = (path: string) => {
    const [theirs, mine] = [roots.stock, roots.ours].map((root) => readFileSync(join(root, "sysroot", path), "utf8"));
    assert.equal(mine, theirs, path);
    return mine!;
  };
  return { directory, origin, roots, both, fetch, read, first };
}

const refspec = `site:${ref}`;

test("from an empty directory to several deployments and back", (t) => {
  const { directory, origin, roots, both, fetch, first } = twoRoots(t);
  both(["admin", "init-fs", "--modern", "sysroot"]);
  for (const root of Object.values(roots)) {
    ostree("config", "set", `--repo=${root}/sysroot/ostree/repo`, "sysroot.bootloader", "none");
    assert.deepEqual(readdirSync(join(root, "sysroot")).sort(), ["boot", "ostree"]);
  }
  both(["admin", "os-init", "debian"]);
  fetch();
  both(["admin", "status"]);
  both(["admin", "deploy", refspec]);
  both(["admin", "deploy", "--os=debian", "--karg=root=LABEL=root", "--karg=quiet", refspec]);
  assert.match(both(["admin", "status"]).stdout, new RegExp(`debian ${first}\\.0\n +Version: 13\\.1\n`));
  commitTree(origin, directory, { version: "13.2", timestamp: "@1700000100", kernel: "new" });
  fetch();
  both(["admin", "deploy", "--os=debian", "--karg-append=quiet=2", refspec]);
  both(["admin", "deploy", "--os=debian", "--retain", "--karg-delete=quiet=2", refspec]);
  both(["admin", "status"]);
  both(["admin", "pin", "x"]);
  both(["admin", "pin", "9"]);
  both(["admin", "status"]);
  both(["admin", "deploy", "--os=debian", "--not-as-default", refspec]);
  both(["admin", "undeploy", "0"]);
  both(["admin", "undeploy", "9"]);
  both(["admin", "upgrade", "--os=nothing"]);
  both(["admin", "upgrade", "--os=debian", "--pull-only", "--deploy-only"]);
  both(["admin", "switch", "--os=debian", refspec]);
  both(["admin", "config-diff", "--os=debian"]);
  both(["admin", "kargs", "edit-in-place", "--append-if-missing=nosmt"]);
  both(["admin", "status"]);
  const options = Object.values(roots).map((root) => entryOptions(join(root, "sysroot/boot/loader/entries")));
  assert.deepEqual(options[1], options[0]);
});

/** Kernel arguments in boot order, without their order in the line: `ostree=` stands elsewhere in what stock edits. */
function entryOptions(directory: string): string[][] {
  const names = readdirSync(directory).sort().reverse();
  return names.map((name) => {
    const text = readFileSync(join(directory, name), "utf8");
    return /^options (.*)$/m.exec(text)![1]!.split(" ").sort();
  });
}

test("syslinux: labels of others stay, ours are written anew", (t) => {
  const { directory, origin, roots, both, fetch, read } = twoRoots(t);
  both(["admin", "init-fs", "--modern", "sysroot"]);
  for (const root of Object.values(roots)) {
    mkdirSync(join(root, "sysroot/boot/loader.0"), { recursive: true });
    mkdirSync(join(root, "sysroot/boot/syslinux"));
    symlinkSync("loader.0", join(root, "sysroot/boot/loader"));
    symlinkSync("../loader/syslinux.cfg", join(root, "sysroot/boot/syslinux/syslinux.cfg"));
    const memtest = "TIMEOUT 20\n\nLABEL memtest\n\tKERNEL /memtest\n\tAPPEND x\nPROMPT 1\n\n\n";
    writeFileSync(join(root, "sysroot/boot/loader.0/syslinux.cfg"), memtest);
  }
  both(["admin", "os-init", "debian"]);
  fetch();
  both(["admin", "deploy", "--os=debian", "--karg=rw", refspec]);
  assert.match(read("boot/loader/syslinux.cfg"), /LABEL memtest\n\tKERNEL \/memtest\n[^]*DEFAULT Debian/);
  commitTree(origin, directory, { version: "13.2", timestamp: "@1700000100", kernel: "new" });
  fetch();
  both(["admin", "deploy", "--os=debian", refspec]);
  read("boot/loader/syslinux.cfg");
});

test("U-Boot: variables of every entry, and those of the tree", (t) => {
  const { directory, origin, roots, both, fetch, read } = twoRoots(t);
  both(["admin", "init-fs", "--modern", "sysroot"]);
  for (const root of Object.values(roots)) {
    mkdirSync(join(root, "sysroot/boot/loader.0"), { recursive: true });
    symlinkSync("loader.0", join(root, "sysroot/boot/loader"));
    writeFileSync(join(root, "sysroot/boot/loader.0/uEnv.txt"), "");
  }
  both(["admin", "os-init", "debian"]);
  fetch();
  both(["admin", "deploy", "--os=debian", "--karg=rw", refspec]);
  const files = { "usr/lib/ostree-boot/uEnv.txt": "mmcboot=run x\n", "usr/lib/modules/6.12.1/dtb/a.dtb": "tree" };
  commitTree(origin, directory, { version: "13.2", timestamp: "@1700000100", kernel: "new", files });
  fetch();
  both(["admin", "deploy", "--os=debian", refspec]);
  assert.match(read("boot/loader/uEnv.txt"), /^fdtdir=[^]*mmcboot=run x\n[^]*kernel_image2=/m);
});

test("GRUB: its generator is run with the boot version; a failure leaves the menu", (t) => {
  const { directory, origin, roots, both, fetch, read } = twoRoots(t);
  both(["admin", "init-fs", "--modern", "sysroot"]);
  const generator = join(directory, "generator");
  writeFileSync(generator, '#!/bin/sh\n[ ! -e fail ] && echo "version $_OSTREE_GRUB2_BOOTVERSION" > $2\n');
  chmodSync(generator, 0o755);
  for (const root of Object.values(roots)) {
    mkdirSync(join(root, "sysroot/boot/grub2"));
    symlinkSync("../loader/grub.cfg", join(root, "sysroot/boot/grub2/grub.cfg"));
  }
  both(["admin", "os-init", "debian"]);
  fetch();
  const env = { OSTREE_GRUB2_EXEC: generator };
  both(["admin", "deploy", "--os=debian", "--karg=rw", refspec], env);
  assert.equal(read("boot/grub2/grub.cfg"), "version 1\n");
  commitTree(origin, directory, { version: "13.2", timestamp: "@1700000100", kernel: "new" });
  fetch();
  for (const root of Object.values(roots)) writeFileSync(join(root, "fail"), "");
  both(["admin", "deploy", "--os=debian", refspec], env);
  assert.equal(read("boot/grub2/grub.cfg"), "version 1\n");
});

test("a lock that somebody holds is waited for; the first deployment's directory is told without it", async (t) => {
  const { roots, both, fetch, first } = twoRoots(t);
  both(["admin", "init-fs", "--modern", "sysroot"]);
  both(["admin", "os-init", "debian"]);
  fetch();
  const path = join(roots.ours, "sysroot");
  const lock = await Sysroot.open(path).lock();
  const child = spawn(atomic, ["ostree", "admin", "deploy", `--sysroot=${path}`, "--os=debian", refspec]);
  const exited = once(child, "close");
  const [text] = (await once(child.stdout, "data")) as [Buffer];
  assert.equal(text.toString(), "Waiting for sysroot lock...\n");
  lock.release();
  assert.deepEqual(await exited, [0, null]);
  const again = await Sysroot.open(path).lock();
  const told = run(roots.ours, [atomic, "ostree"], ["admin", "--print-current-dir"]);
  again.release();
  assert.equal(told.stdout, `${path}/ostree/deploy/debian/deploy/${first}.0\n`);
});
