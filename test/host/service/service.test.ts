// SPDX-License-Identifier: Apache-2.0
// Needs root: deployments have owners and the immutable flag.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { deploy, parseKernelArgs, setPinned, Sysroot } from "../../../src/host/index.ts";
import { bootInto, newSysroot, ref } from "../fixture.ts";
import { busctl, onBus, osPath, serve, service, sysrootPath, transact } from "./bus-fixture.ts";

test("busctl and gdbus find the objects and their properties", async (t) => {
  const { root, path, first } = newSysroot(t);
  await deploy(Sysroot.open(path), { rev: first, stateroot: "debian", kernelArgs: parseKernelArgs("rw") });
  const { address } = await serve(t, root, () => bootInto(root, path));
  const tree = await onBus(address, "busctl", "--list", "tree", service);
  assert.deepEqual(tree.trim().split("\n").slice(-2), [sysrootPath, osPath]);

  const deployments = await busctl(address, "get-property", service, sysrootPath, `${service}.Sysroot`, "Deployments");
  assert.equal(deployments.type, "aa{sv}");
  const [one] = deployments.data;
  assert.deepEqual(
    [one.id.data, one.booted.data, one.version.data, one.serial.type, one.timestamp.type],
    [`debian-${first}.0`, true, "13.1", "i", "t"],
  );
  const get = `--method=org.freedesktop.DBus.Properties.Get`;
  const object = ["--system", `--dest=${service}`, `--object-path=${sysrootPath}`];
  const booted = await onBus(address, "gdbus", "call", ...object, get, `${service}.Sysroot`, "Booted");
  assert.equal(booted.trim(), `(<objectpath '${osPath}'>,)`);
  const name = await busctl(address, "get-property", service, osPath, `${service}.OS`, "Name");
  assert.deepEqual(name, { type: "s", data: "debian" });
});

test("what other programs change is told without being asked", async (t) => {
  const { root, path, first } = newSysroot(t);
  await deploy(Sysroot.open(path), { rev: first, stateroot: "debian", origin: ref });
  const { address } = await serve(t, root, () => bootInto(root, path));
  const pinned = async () =>
    (await busctl(address, "get-property", service, sysrootPath, `${service}.Sysroot`, "Deployments")).data[0].pinned
      .data;
  assert.equal(await pinned(), false);
  const other = Sysroot.open(path);
  await setPinned(other, other.deployments[0]!, true);
  while (!(await pinned())) await new Promise((resolve) => setTimeout(resolve, 50));
});

test("a mistake in the configuration of updates does not keep the service from starting", async (t) => {
  const { root, path, first } = newSysroot(t);
  await deploy(Sysroot.open(path), { rev: first, stateroot: "debian", origin: ref });
  const write = (text: string) => writeFileSync(join(root, "etc/atomic/updates.conf"), `[Updates]\n${text}\n`);
  mkdirSync(join(root, "etc/atomic"), { recursive: true });
  write("Policy=alway");
  const warnings: string[] = [];
  const options = { configRoot: root, onWarning: (text: string) => void warnings.push(text) };
  const { address } = await serve(t, root, () => bootInto(root, path), options);
  const policy = async () =>
    (await busctl(address, "get-property", service, sysrootPath, `${service}.Sysroot`, "AutomaticUpdatePolicy")).data;
  assert.equal(await policy(), "none");
  assert.match(warnings[0] ?? "", /"alway" is no policy/);
  write("Policy=stage");
  await onBus(address, "busctl", "call", service, sysrootPath, `${service}.Sysroot`, "ReloadConfig");
  assert.equal(await policy(), "stage");
});

test("a transaction is followed by its own address: clean-up", async (t) => {
  const { root, path, first } = newSysroot(t);
  await deploy(Sysroot.open(path), { rev: first, stateroot: "debian", kernelArgs: parseKernelArgs("rw") });
  const { address } = await serve(t, root, () => bootInto(root, path));
  const done = await transact(address, "Cleanup", "as", '(dbus.Array(["base"], signature="s"),)');
  assert.deepEqual([done.started, done.title, done.success, done.message], [true, "cleanup", true, ""]);
});
