// SPDX-License-Identifier: Apache-2.0
/**
 * Machines that run: what one program has staged, the other finalizes at shutdown. Stock runs in a mount namespace whose
 * root is the deployment, as after a boot; systemd is a script that agrees to everything. Needs root.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  deploymentId,
  editKernelArgs,
  finalizeStaged,
  formatKernelArgs,
  Sysroot,
  upgrade,
} from "../../../src/host/index.ts";
import { bootInto, ref, type TreeOptions } from "../../host/fixture.ts";
import { layouts } from "./layouts.ts";
import { addForeignFields, bootEntries, checkMachine, installMachine, type Machine, refspec } from "./machine.ts";
import { runStock, type Stock } from "./stock.ts";

/** A tree with the places that a booted root needs for what is mounted there. */
const tree = (version: string): TreeOptions => ({ version, kernel: `kernel ${version}`, files: { "mnt/x": "" } });

/** In a namespace of its own: the deployment as root, the machine's /run, the host's programs. */
const enter = `set -e
root=$1 path=$2 programs=$3; shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount --bind "$path" "$root/sysroot"
mount --bind "$path/boot" "$root/boot"
mount --bind "$path/../run" "$root/run"
mount --rbind /usr "$root/usr"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --bind "$path/../site" "$root/var"
[ -z "$programs" ] || mount --bind "$programs" "$root/mnt"
exec chroot "$root" "$@"`;

interface RunningMachine extends Machine {
  readonly run: string;
  /** Runs stock as if it were on the machine that runs the first deployment of the time when it was booted. */
  onMachine(...args: string[]): string;
  /** Our view of it. */
  open(): Sysroot;
}

function bootMachine(machine: Machine): RunningMachine {
  const { root, path, stock } = machine;
  const { running, deployments } = bootInto(root, path);
  const run = join(root, "run");
  mkdirSync(join(run, "bin"), { recursive: true });
  writeFileSync(join(run, "bin/systemctl"), "#!/bin/sh\n");
  chmodSync(join(run, "bin/systemctl"), 0o755);
  const directory = Sysroot.open(path).directory(deployments[0]!);
  const onMachine = (...args: string[]) => {
    const words = [directory, path, stock.programs ?? "", "env", "PATH=/run/bin:/usr/sbin:/usr/bin", ...stock.inRoot];
    return execFileSync("unshare", ["--mount", "--pid", "--fork", "sh", "-c", enter, "sh", ...words, ...args], {
      encoding: "utf8",
    });
  };
  return { ...machine, run, onMachine, open: () => Sysroot.open(path, running) };
}

function runningMachine(t: TestContext, stock: Stock): RunningMachine {
  const machine = installMachine(t, stock, layouts[0]!);
  const { release, repo, admin, path } = machine;
  release(tree("1.1"));
  runStock(stock, "pull", `--repo=${repo}`, "site", ref);
  admin("deploy", "--os=debian", "--karg=root=LABEL=root", "--karg=rw", refspec);
  addForeignFields(machine);
  runStock(stock, "config", "set", `--repo=${repo}`, 'remote "site".url', "file:///var");
  assert.equal(Sysroot.open(path).deployments.length, 1);
  return bootMachine(machine);
}

const startFinalizer = async () => {};

export function runningMachineTests(stock: Stock): void {
  test(`${stock.name} sees what we staged, and finalizes it`, async (t) => {
    const machine = runningMachine(t, stock);
    assert.match(machine.onMachine("admin", "status"), /^\* debian /m);
    const commit = machine.release(tree("2.1"));
    runStock(stock, "pull-local", `--repo=${machine.repo}`, "--remote=site", join(machine.root, "site"), ref);
    await upgrade(machine.open(), { cacheOnly: true, startFinalizer });
    assert.match(machine.onMachine("admin", "status"), new RegExp(`^ {2}debian ${commit}\\.0 \\(staged\\)`, "m"));
    writeFileSync(join(machine.open().directory(machine.open().requireBooted()), "etc/late.conf"), "late");
    machine.onMachine("admin", "finalize-staged");
    assert.equal(existsSync(join(machine.run, "ostree/staged-deployment")), false);
    checkMachine(machine);
    const [next] = machine.open().deployments;
    assert.equal(deploymentId(next!), `${commit}.0`);
    assert.equal(formatKernelArgs(next!.kernelArgs), "root=LABEL=root rw");
    assert.equal(existsSync(join(machine.open().directory(next!), "etc/late.conf")), true);
  });

  test(`what ${stock.name} staged keeps its kernel arguments, whatever we do with it`, async (t) => {
    const machine = runningMachine(t, stock);
    const second = machine.release(tree("2.1"));
    machine.onMachine("admin", "upgrade", "--stage");
    assert.equal(machine.open().staged?.checksum, second);
    assert.equal(formatKernelArgs(machine.open().staged!.kernelArgs), "root=LABEL=root rw");

    // A newer version takes over the arguments of what is staged.
    const third = machine.release(tree("3.1"));
    runStock(stock, "pull-local", `--repo=${machine.repo}`, "--remote=site", join(machine.root, "site"), ref);
    await upgrade(machine.open(), { cacheOnly: true, startFinalizer });
    assert.deepEqual(
      [machine.open().staged?.checksum, formatKernelArgs(machine.open().staged!.kernelArgs)],
      [third, "root=LABEL=root rw"],
    );

    const fourth = machine.release(tree("4.1"));
    machine.onMachine("admin", "upgrade", "--stage");
    editKernelArgs(machine.open(), (args) => [...args, "quiet"]);
    assert.equal((await finalizeStaged(machine.open())).deployment?.checksum, fourth);
    checkMachine(machine);
    assert.match(bootEntries(machine.path)[0]!, /^options root=LABEL=root rw quiet ostree=/m);
  });

  test(`what ${stock.name} staged is finalized by us as by itself`, async (t) => {
    const machine = runningMachine(t, stock);
    const second = machine.release(tree("2.1"));
    machine.onMachine("admin", "upgrade", "--stage");
    assert.equal((await finalizeStaged(machine.open())).deployment?.checksum, second);
    checkMachine(machine);
    assert.match(bootEntries(machine.path)[0]!, /^options root=LABEL=root rw ostree=/m);
  });
}
