// SPDX-License-Identifier: Apache-2.0
// Layering by D-Bus, called and followed by a client of libdbus. Needs root.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "../../../src/host/index.ts";
import { makeDeb } from "../../compose/archive.ts";
import { bootInto } from "../fixture.ts";
import { busctl, onBus, osPath, refusedOnBus, serve, service, sysrootPath, transact } from "../service/bus-fixture.ts";
import { DebDistribution, DebHost } from "./deb-host.ts";

const distribution = new DebDistribution();
before(() =>
  distribution.publish([
    { name: "watcher", files: { "/usr/bin/watcher": "watcher\n" } },
    {
      name: "tool",
      files: { "/usr/bin/tool": "tool\n" },
      fields: { Description: "a tool\n with a description\n .\n of several lines" },
    },
    { name: "other", files: { "/usr/bin/other": "other\n" } },
  ]),
);
after(() => distribution[Symbol.asyncDispose]());

const options = (text = "") => `dbus.Dictionary({${text}}, signature="sv")`;
const names = (...list: string[]) => `dbus.Array(${JSON.stringify(list)}, signature="s")`;

test("PkgChange and UpdateDeployment add packages to the running version, and take them back", async (t) => {
  const host = await DebHost.make(distribution, "service", "watcher");
  const root = join(distribution.scratch, "bus");
  mkdirSync(root);
  const running = () => bootInto(root, host.path, host.open().deployments.length - 1);
  const { address, reboots } = await serve(t, root, running);
  const pending = async () => {
    const call = ["get-property", service, osPath, `${service}.OS`, "DefaultDeployment"] as const;
    return (await busctl(address, ...call)).data;
  };

  const added = await transact(address, "PkgChange", "a{sv}asas", `(${options()}, ${names("tool")}, ${names()})`);
  assert.deepEqual([added.success, added.title], [true, "install"], added.message);
  let next = await pending();
  assert.deepEqual([next.staged.data, next.packages.data, next["requested-packages"].data], [true, ["tool"], ["tool"]]);
  assert.equal(next["base-checksum"].data, host.base);

  const modifiers = options(
    '"install-packages": dbus.Array(["other"], signature="s"), "uninstall-packages": dbus.Array(["tool"], signature="s")',
  );
  const how = options('"no-pull-base": True, "reboot": True');
  const changed = await transact(address, "UpdateDeployment", "a{sv}a{sv}", `(${modifiers}, ${how})`);
  assert.equal(changed.success, true, changed.message);
  assert.equal(reboots(), 1);
  next = await pending();
  assert.deepEqual(next.packages.data, ["other"]);

  const refused = await transact(
    address,
    "PkgChange",
    "a{sv}asas",
    `(${options()}, ${names("unheard-of")}, ${names()})`,
  );
  assert.equal(refused.success, false);
  assert.match(refused.message, /no package is called unheard-of/);

  const reset = await transact(
    address,
    "UpdateDeployment",
    "a{sv}a{sv}",
    `(${options()}, ${options('"no-pull-base": True, "no-layering": True')})`,
  );
  assert.equal(reset.success, true, reset.message);
  next = await pending();
  assert.deepEqual([next.checksum.data, next["requested-packages"].data], [host.base, []]);
});

test("UpdateDeployment takes package files as file descriptors, and overrides from a repository as a treefile", async (t) => {
  const host = await DebHost.make(distribution, "files", "watcher");
  const root = join(distribution.scratch, "bus-files");
  mkdirSync(root);
  const running = () => bootInto(root, host.path, host.open().deployments.length - 1);
  const { address } = await serve(t, root, running);
  const files = join(distribution.scratch, "passed");
  mkdirSync(files);
  const local = makeDeb(files, { name: "local", version: "3", files: { "/usr/bin/local": "local\n" } });
  const watcher = makeDeb(files, { name: "watcher", version: "2", files: { "/usr/bin/watcher": "watcher 2\n" } });
  const passed = (path: string) => `dbus.types.UnixFd(open(${JSON.stringify(path)}, "rb"))`;
  const list = (path: string) => `dbus.Array([${passed(path)}], signature="h")`;
  const here = options('"no-pull-base": True');
  const update = (modifiers: string, how = here) =>
    transact(address, "UpdateDeployment", "a{sv}a{sv}", `(${options(modifiers)}, ${how})`);
  const open = () => readdirSync("/proc/self/fd").length;
  const told = () => status(running()).deployments[0]!;
  const read = (path: string) => {
    const sysroot = running();
    return readFileSync(join(sysroot.directory(sysroot.deployments[0]!), path), "utf8");
  };

  const before = open();
  const done = await update(
    `"install-local-packages": ${list(local)}, "override-replace-local-packages": ${list(watcher)}`,
  );
  assert.deepEqual([done.success, done.title], [true, "override"], done.message);
  assert.deepEqual(told()["requested-local-packages"], ["local-3.amd64"]);
  assert.deepEqual(told()["requested-base-local-replacements"], ["watcher-2.amd64"]);
  assert.equal(read("usr/bin/watcher"), "watcher 2\n");
  assert.equal(read("usr/bin/local"), "local\n");
  const next = await busctl(address, "get-property", service, osPath, `${service}.OS`, "DefaultDeployment");
  assert.equal(next.data["base-local-replacements"].type, "a(vv)");
  assert.equal(next.data["base-local-replacements"].data.length, 1);

  const directory = `dbus.Array([dbus.types.UnixFd(__import__("os").open("/", 0))], signature="h")`;
  const refused = await update(`"install-local-packages": ${directory}`);
  assert.match(refused.message, /is of no regular file/);
  const second = makeDeb(files, { name: "second", version: "1", files: { "/usr/bin/second": "second\n" } });
  const upgraded = await update(`"install-local-packages": ${list(second)}`, options());
  assert.deepEqual([upgraded.success, upgraded.title], [true, "upgrade"], upgraded.message);
  assert.deepEqual(told()["requested-local-packages"], ["local-3.amd64", "second-1.amd64"]);
  // Who leaves before it begins takes the files along.
  const begun = `import dbus
bus = dbus.SystemBus()
os = bus.get_object("${service}", "${osPath}")
os.UpdateDeployment(${options(`"install-local-packages": ${list(local)}`)}, ${here}, dbus_interface="${service}.OS", signature="a{sv}a{sv}")`;
  await onBus(address, "/usr/bin/python3", "-c", begun);
  while (
    (await busctl(address, "get-property", service, sysrootPath, `${service}.Sysroot`, "ActiveTransactionPath")).data
  )
    await sleep(20);
  assert.equal(open(), before, "every descriptor is closed");
  assert.deepEqual(
    readdirSync(join(host.path, "ostree/deploy/debian/var/cache/atomic/files")),
    [],
    "and no copy is left",
  );

  const treefile = (text: string) => update(`"treefile": ${JSON.stringify(text)}`);
  const remote = await treefile('{"ex-override-replace":[{"from":{"repo":"tiny"},"packages":["watcher"]}]}');
  assert.deepEqual([remote.success, remote.title], [true, "override"], remote.message);
  assert.deepEqual(told()["requested-base-remote-replacements"], [["repo=tiny", ["watcher"]]]);
  const gdbus = `import os
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
def download(*names):
    asked = GLib.Variant("(ass)", (names, "repo=tiny"))
    _, files = bus.call_with_unix_fd_list_sync("${service}", "${osPath}", "${service}.OSExperimental", "DownloadPackages", asked, None, 0, -1, None, None)
    for i in range(files.get_length()):
        print(os.popen(f"dpkg-deb -f /proc/{os.getpid()}/fd/{files.peek_fds()[i]} Package Version").read().split())
download("tool", "watcher=1")
try:
    download("unheard-of")
except GLib.Error as error:
    print("unheard-of" in error.message)
`;
  assert.deepEqual((await onBus(address, "/usr/bin/python3", "-c", gdbus)).trim().split("\n"), [
    "['Package:', 'tool', 'Version:', '1']",
    "['Package:', 'watcher', 'Version:', '1']",
    "True",
  ]);
  assert.equal(open(), before, "what was sent is closed");
  const call = ["call", service, osPath, `${service}.OS`, "UpdateDeployment", "a{sv}a{sv}", "1", "treefile", "s"];
  const unknown = await refusedOnBus(address, "busctl", ...call, '{"packages":["x"]}', "0");
  assert.match(unknown, /does not support treefile: packages/);
});
