// SPDX-License-Identifier: Apache-2.0
/** Machines that stock ostree has installed are taken over and handed back, step by step. Needs root. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cleanup,
  formatKernelArgs,
  rollback,
  setKernelArgs,
  setPinned,
  Sysroot,
  undeploy,
  upgrade,
} from "../../../src/host/index.ts";
import { ref } from "../../host/fixture.ts";
import { layouts } from "./layouts.ts";
import {
  addForeignFields,
  addForeignOrigin,
  bootEntries,
  checkMachine,
  installMachine,
  type Machine,
  ourList,
  refspec,
} from "./machine.ts";
import { runStock, type Stock } from "./stock.ts";

const versions = ({ path }: Machine) => bootEntries(path).map((entry) => /^title .* (\S+) \(/m.exec(entry)?.[1]);
const originOf = ({ path }: Machine) => Sysroot.open(path).deployments[0]?.origin?.toString() ?? "";
const kernelArgsOf = ({ path }: Machine) => formatKernelArgs(Sysroot.open(path).deployments[0]!.kernelArgs);

/** Deploys versions as an installer does. */
function deployVersions(machine: Machine, count: number, stateroot = "debian"): void {
  for (let version = 1; version <= count; version++) {
    machine.release({ version: `1.${version}`, kernel: `kernel ${version}` });
    runStock(machine.stock, "pull", `--repo=${machine.repo}`, "site", ref);
    const kargs = version === 1 ? ["--karg=root=LABEL=root", "--karg=rw"] : [];
    machine.admin("deploy", `--os=${stateroot}`, ...kargs, refspec);
  }
}

/** We pin what stock made, upgrade, change kernel arguments, go back and clean up. */
async function takeOver(machine: Machine): Promise<void> {
  const { path, admin, release } = machine;
  await setPinned(Sysroot.open(path), Sysroot.open(path).deployments.at(-1)!, true);
  assert.match(admin("status"), /Pinned: yes/);
  release({ version: "2.1", kernel: "kernel 21", bootable: true });
  await upgrade(Sysroot.open(path));
  checkMachine(machine);
  assert.equal(versions(machine)[0], "2.1");
  assert.equal(kernelArgsOf(machine), "root=LABEL=root rw");
  assert.match(originOf(machine), /^# kept\n[^]*vendor-key=a\\sb;c\n\n\[vendor\]\nnote=1\n/);
  // Of the entries that stay; a new one takes none over unless it is staged, as with stock.
  assert.match(bootEntries(path)[1]!, /^grub_users \$grub_users$[^]*^x-vendor-source tuned isolcpus=1$/m);
  const now = Sysroot.open(path);
  await setKernelArgs(now, now.deployments[0]!, [...now.deployments[0]!.kernelArgs, "quiet"]);
  checkMachine(machine);
  await rollback(Sysroot.open(path));
  checkMachine(machine);
  await rollback(Sysroot.open(path));
  await cleanup(Sysroot.open(path), { rollback: true });
  checkMachine(machine);
}

/** Stock upgrades, changes kernel arguments, goes back and, after we have unpinned it, undeploys. */
async function goOnWithStock(machine: Machine): Promise<void> {
  const { path, admin, release } = machine;
  release({ version: "3.1", kernel: "kernel 31" });
  admin("upgrade", "--os=debian");
  checkMachine(machine);
  assert.equal(versions(machine)[0], "3.1");
  assert.equal(kernelArgsOf(machine), "root=LABEL=root rw quiet");
  assert.match(originOf(machine), /vendor-key=a\\sb;c\n\n\[vendor\]\nnote=1\n/);
  admin("instutil set-kargs", "--merge", "--append=audit=0");
  assert.equal(kernelArgsOf(machine), "root=LABEL=root rw quiet audit=0");
  if (machine.stock.setsDefault) admin("set-default", "1");
  checkMachine(machine);
  const pinned = Sysroot.open(path).deployments.findIndex((one) => one.pinned);
  await setPinned(Sysroot.open(path), Sysroot.open(path).deployments[pinned]!, false);
  assert.doesNotMatch(admin("status"), /Pinned: yes/);
  admin("undeploy", String(pinned));
  checkMachine(machine);
}

async function goOnWithUs(machine: Machine): Promise<void> {
  const sysroot = Sysroot.open(machine.path);
  {
    using _lock = await sysroot.lock();
    undeploy(sysroot, sysroot.deployments.at(-1)!);
  }
  checkMachine(machine);
  machine.release({ version: "4.1", kernel: "kernel 31" });
  await upgrade(Sysroot.open(machine.path));
  checkMachine(machine);
  assert.equal(versions(machine)[0], "4.1");
}

/** Registers the tests for one release of stock ostree. */
export function handOverTests(stock: Stock): void {
  for (const layout of layouts) {
    for (const separateBoot of [false, true]) {
      const where = separateBoot ? "boot on a file system of its own, boot version 0" : "boot version 1";
      test(`${stock.name}: ${layout.name}, ${where}`, async (t) => {
        const machine = installMachine(t, stock, layout, { separateBoot });
        deployVersions(machine, separateBoot ? 2 : 1);
        addForeignOrigin(machine);
        addForeignFields(machine);
        await takeOver(machine);
        await goOnWithStock(machine);
        await goOnWithUs(machine);
      });
    }
  }

  test(`${stock.name}: several stateroots; what is done in one leaves the others alone`, async (t) => {
    const machine = installMachine(t, stock, layouts[0]!, { stateroots: ["debian", "other.os"] });
    const { path, admin, release } = machine;
    deployVersions(machine, 1);
    deployVersions(machine, 1, "other.os");
    const other = ourList(machine)[0]!;
    assert.match(other, /^other\.os /);
    release({ version: "2.1" });
    await upgrade(Sysroot.open(path), { stateroot: "debian" });
    checkMachine(machine);
    assert.match(bootEntries(path)[0]!, /\(ostree:debian:0\)/);
    await cleanup(Sysroot.open(path), { stateroot: "debian", pending: true, rollback: true });
    checkMachine(machine);
    assert.deepEqual(ourList(machine).length, 2);
    assert.ok(ourList(machine).includes(other));
    release({ version: "3.1" });
    admin("upgrade", "--os=other.os");
    checkMachine(machine);
    assert.deepEqual(
      ourList(machine).map((line) => line.split(" ")[0]),
      ["other.os", "debian", "other.os"],
    );
  });
}
