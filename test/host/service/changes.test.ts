// SPDX-License-Identifier: Apache-2.0
// Verbs of the host by D-Bus, each called and followed by a client of libdbus. Needs root.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { activeChange, cancelChange, finalizeStaged, status } from "../../../src/host/index.ts";
import { ostree, ref } from "../fixture.ts";
import { hostAndServer, origin, releases } from "../served-host.ts";
import { busctl, onBus, osPath, refusedOnBus, serve, service, sysrootPath, transact } from "./bus-fixture.ts";

const reboot = 'dbus.Dictionary({"reboot": True}, signature="sv")';
const none = 'dbus.Dictionary({}, signature="sv")';

test("what Cockpit does for an update: look for it, show it, deploy it and reboot, roll back", async (t) => {
  const { root, release, running } = await hostAndServer(t);
  const { address, reboots } = await serve(t, root, running);
  const osProperty = async (name: string) =>
    (await busctl(address, "get-property", service, osPath, `${service}.OS`, name)).data;
  assert.deepEqual(await osProperty("CachedUpdate"), {});

  const second = release({ ...releases[1]! });
  const checked = await transact(address, "DownloadUpdateRpmDiff");
  assert.equal(checked.success, true, checked.message);
  const cached = await osProperty("CachedUpdate");
  assert.deepEqual(
    [cached.checksum.data, cached.version.data, cached.origin.data, cached.osname.data, cached["ref-has-new-commit"]],
    [second, "13.2", origin, "debian", { type: "b", data: true }],
  );

  const done = await transact(address, "Deploy", "sa{sv}", `("${second}", ${reboot})`);
  assert.deepEqual([done.success, done.title, reboots()], [true, "deploy", 1], done.message);
  assert.ok(
    done.signals.some(([member]) => member === "DownloadProgress"),
    JSON.stringify(done.signals),
  );
  const [pending, booted] = (
    await busctl(address, "get-property", service, sysrootPath, `${service}.Sysroot`, "Deployments")
  ).data;
  assert.deepEqual([pending.staged.data, pending.version.data, booted.booted.data], [true, "13.2", true]);
  assert.equal((await osProperty("DefaultDeployment")).id.data, pending.id.data);

  const diff = await busctl(
    address,
    ...(["call", service, osPath, `${service}.OS`, "GetDeploymentsRpmDiff", "ss"] as const),
    booted.id.data,
    pending.id.data,
  );
  assert.equal(diff.type, "a(sua{sv})");
  const rows = diff.data[0].map(([name, kind, { PreviousPackage, NewPackage }]: any) =>
    [name, kind, PreviousPackage?.data.join(" "), NewPackage?.data.join(" ")].join("|"),
  );
  assert.deepEqual(rows, [
    "new|0||new 1 amd64",
    "old|1|old 1 amd64|",
    "podman|2|podman 5.4 amd64|podman 5.10 amd64",
    "sane|3|sane 2 amd64|sane 1 amd64",
  ]);

  await finalizeStaged(running());
  const old = running().deployments[1]?.checksum;
  const back = await transact(address, "Rollback", "a{sv}", `(${reboot},)`);
  assert.deepEqual([back.success, reboots()], [true, 2], back.message);
  assert.equal(running().deployments[0]?.checksum, old);
});

test("an upgrade with nothing new says so; options that are not known are refused", async (t) => {
  const { root, running } = await hostAndServer(t);
  const { address, reboots } = await serve(t, root, running);
  const done = await transact(address, "Upgrade", "a{sv}", `(${reboot},)`);
  assert.deepEqual([done.success, reboots()], [true, 0]);
  assert.ok(done.signals.some(([member, text]) => member === "Message" && text === "No upgrade available."));
  const call = ["call", service, osPath, `${service}.OS`] as const;
  assert.match(await refusedOnBus(address, "busctl", ...call, "Upgrade", "a{sv}", "1", "rebot", "b", "true"), /rebot/);
  assert.match(await refusedOnBus(address, "busctl", ...call, "Upgrade", "a{sv}", "1", "reboot", "s", "yes"), /is a b/);
  const modifiers = ["UpdateDeployment", "a{sv}a{sv}", "1", "install-modules", "as", "1", "vim", "0"];
  assert.match(await refusedOnBus(address, "busctl", ...call, ...modifiers), /does not support install-modules/);
  assert.match(
    await refusedOnBus(address, "busctl", ...call, "ModifyYumRepo", "sa{ss}", "base", "0"),
    /does not support package repositories/,
  );
  assert.match(
    await refusedOnBus(address, "busctl", ...call, "Cleanup", "as", "1", "all"),
    /Invalid cleanup type: all/,
  );
});

test("a rebase to another branch, kernel arguments, a clean-up", async (t) => {
  const { root, remote, release, running } = await hostAndServer(t);
  const { address } = await serve(t, root, running);
  const second = release({ ...releases[1]! });
  ostree("refs", `--repo=${remote}`, "--create=debian/14", second);
  const looked = await transact(
    address,
    "DownloadRebaseRpmDiff",
    "sas",
    '("site:debian/14", dbus.Array([], signature="s"))',
  );
  assert.equal(looked.success, true, looked.message);
  const call = ["call", service, osPath, `${service}.OS`] as const;
  const details = await busctl(address, ...call, "GetCachedRebaseRpmDiff", "sas", "site:debian/14", "0");
  assert.deepEqual(
    [details.type, details.data[1].checksum.data, details.data[1].origin.data],
    ["a(sua{sv})a{sv}", second, "site:debian/14"],
  );
  const options = `dbus.Dictionary({"revision": "${second}"}, signature="sv")`;
  const done = await transact(
    address,
    "Rebase",
    "a{sv}sas",
    `(${options}, "site:debian/14", dbus.Array([], signature="s"))`,
  );
  assert.deepEqual([done.success, done.title], [true, "rebase"], done.message);
  assert.equal(running().staged?.origin?.get("origin", "refspec"), "site:debian/14");

  const config = await busctl(address, ...call, "GetDeploymentBootConfig", "sb", "", "true");
  assert.equal(config.data[0].options.data, "rw quiet");
  const list = (...words: string[]) => `dbus.Array(${JSON.stringify(words)}, signature="s")`;
  const edited = `("rw quiet", ${list("mitigations=off")}, ${list()}, ${list("quiet")}, ${none})`;
  const kargs = await transact(address, "KernelArgs", "sasasasa{sv}", edited);
  assert.equal(kargs.success, true, kargs.message);
  assert.equal(running().staged?.kernelArgs.join(" "), "rw mitigations=off");

  const track = `(${list("/etc/motd")}, ${list()}, False, False, ${none})`;
  const tracked = await transact(address, "InitramfsEtc", "asasbba{sv}", track);
  assert.equal(tracked.success, true, tracked.message);
  assert.equal(running().staged?.origin?.get("rpmostree", "initramfs-etc"), "/etc/motd;");
  assert.equal(running().staged?.overlayInitrds.length, 1);

  const initramfs = await transact(address, "SetInitramfsState", "basa{sv}", `(False, ${list()}, ${none})`);
  assert.equal(initramfs.message, "initramfs regeneration state is already disabled");

  const cleaned = await transact(address, "Cleanup", "as", `(${list("pending-deploy")},)`);
  assert.equal(cleaned.success, true, cleaned.message);
  assert.equal(running().staged, undefined);
  assert.equal(ref, running().deployments[0]?.origin?.get("origin", "refspec")?.split(":")[1]);
});

test("what is applied to the running system is done outside of the service, and told by the deployment", async (t) => {
  const { root, running, release } = await hostAndServer(t);
  const asked: string[] = [];
  const applyLive = async (words: readonly string[]) => {
    asked.push(words.join(" "));
    if (words.includes("--target=bad")) throw new Error("no such commit");
  };
  const { address } = await serve(t, root, running, { applyLive });
  const live = (options: string) =>
    transact(address, "LiveFs", "a{sv}", `(dbus.Dictionary(${options}, signature="sv"),)`, `${service}.OSExperimental`);
  const done = await live("{}");
  assert.deepEqual([done.success, done.title], [true, "apply-live"], done.message);
  await live('{"target": "abc", "replace": True}');
  const failed = await live('{"target": "bad"}');
  assert.deepEqual([failed.success, failed.message], [false, "no such commit"]);

  release({ ...releases[1]! });
  const options = 'dbus.Dictionary({"apply-live": True}, signature="sv")';
  const updated = await transact(address, "UpdateDeployment", "a{sv}a{sv}", `(${none}, ${options})`);
  assert.equal(updated.success, true, updated.message);
  assert.deepEqual(asked, ["", "--target=abc --allow-replacement", "--target=bad", ""]);
  const call = ["call", service, osPath, `${service}.OS`, "UpdateDeployment", "a{sv}a{sv}", "0"];
  const both = ["2", "apply-live", "b", "true", "reboot", "b", "true"];
  assert.match(await refusedOnBus(address, "busctl", ...call, ...both), /Cannot specify `apply-live` and `reboot`/);
});

test("a failed change is told with its reason, and the next one works", async (t) => {
  const { root, running, release } = await hostAndServer(t);
  const { address } = await serve(t, root, running);
  release({ version: "13.0", timestamp: "2026-10-01T00:00:00Z" });
  const refused = await transact(address, "Upgrade", "a{sv}", `(${none},)`);
  assert.equal(refused.success, false);
  assert.match(refused.message, /13\.0 is older than 13\.1/);
  const wished = 'dbus.Dictionary({"allow-downgrade": True}, signature="sv")';
  assert.equal((await transact(address, "Upgrade", "a{sv}", `(${wished},)`)).success, true);
});

/** Makes the host's remote a server that takes connections and never answers. */
async function pointToSilence(t: TestContext, sysroot: string): Promise<void> {
  const held: Socket[] = [];
  const silent = createServer((socket) => held.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => {
    for (const socket of held) socket.destroy();
    silent.close();
  });
  const { port } = silent.address() as { port: number };
  ostree("config", `--repo=${sysroot}/ostree/repo`, "set", 'remote "site".url', `http://127.0.0.1:${port}/`);
}

test("a transaction: one at a time, the same for the same call, dropped with its client, cancelled", async (t) => {
  const { root, path, running } = await hostAndServer(t);
  const { address, service: served } = await serve(t, root, running);
  await pointToSilence(t, path);
  const script = `
import dbus, json
bus, other = dbus.SystemBus(), dbus.SystemBus(private=True)
call = lambda bus, member, *a: bus.get_object("${service}", "${osPath}").get_dbus_method(member, "${service}.OS")(*a)
get = lambda: bus.get_object("${service}", "${sysrootPath}").Get("${service}.Sysroot", "ActiveTransaction", dbus_interface="org.freedesktop.DBus.Properties")
out = {}
options = dbus.Dictionary({}, signature="sv")
first = call(bus, "Upgrade", options)
out["same"] = call(bus, "Upgrade", options) == first
out["active"] = [str(x) for x in get()][::2]
try:
    call(other, "Upgrade", options)
except dbus.DBusException as error:
    out["other"] = error.get_dbus_name()
try:
    call(bus, "Cleanup", dbus.Array(["base"], signature="s"))
except dbus.DBusException as error:
    out["busy"] = str(error)
peer = dbus.connection.Connection(first)
call = lambda member: peer.call_blocking(None, "/", "${service}.Transaction", member, "", ())
out["started"] = [bool(call("Start")), bool(call("Start"))]
call("Cancel")
print(json.dumps(out))
`;
  const out = JSON.parse(await onBus(address, "/usr/bin/python3", "-c", script));
  assert.deepEqual(out, {
    same: true,
    active: ["Upgrade", osPath],
    other: "org.projectatomic.rpmostreed.Error.UpdateInProgress",
    busy: out.busy,
    started: [true, false],
  });
  assert.match(out.busy, /Transaction in progress: upgrade/);
  while (served.transaction !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));

  // busctl leaves the bus without calling Start: nothing is done, and the place is free.
  await onBus(address, "busctl", "call", service, osPath, `${service}.OS`, "Upgrade", "a{sv}", "0");
  while (served.transaction !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal((await transact(address, "Cleanup", "as", '(dbus.Array(["base"], signature="s"),)')).success, true);
});

test("what `atomic host cancel` does ends a transaction, too", async (t) => {
  const { root, path, running } = await hostAndServer(t);
  const { address, service: served } = await serve(t, root, running);
  assert.equal(await cancelChange(running()), undefined);
  await pointToSilence(t, path);
  const followed = transact(address, "Upgrade", "a{sv}", `(${none},)`);
  while (activeChange(running()) === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(status(running()).transaction?.slice(0, 2), ["upgrade", `pid ${process.pid}`]);
  const cancelled = await cancelChange(running());
  assert.equal(cancelled?.title, "upgrade");
  const done = await followed;
  assert.deepEqual([done.success, done.message], [false, "Cancelled"]);
  while (served.transaction !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(activeChange(running()), undefined);
});
