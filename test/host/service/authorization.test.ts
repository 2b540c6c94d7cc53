// SPDX-License-Identifier: Apache-2.0
// Who may do what: callers who are not root are decided about by polkit, here one that the test plays. Needs root.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { deploy, osInterface, Sysroot } from "../../../src/host/index.ts";
import { bootInto, newSysroot } from "../fixture.ts";
import { busctl, onBus, osPath, refusedOnBus, serve, service, sysrootPath } from "./bus-fixture.ts";

/** polkit's authority by python3-dbus: allows what the user is asked for with one action, and tells what it was asked. */
const authority = `
import dbus, dbus.service, sys
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib
DBusGMainLoop(set_as_default=True)
class Authority(dbus.service.Object):
    @dbus.service.method("org.freedesktop.PolicyKit1.Authority", in_signature="(sa{sv})sa{ss}us", out_signature="(bba{ss})")
    def CheckAuthorization(self, subject, action, details, flags, cancellation):
        print(subject[0], action, flags, flush=True)
        return (action.endswith(".repo-refresh"), False, {})
bus = dbus.SystemBus()
name = dbus.service.BusName("org.freedesktop.PolicyKit1", bus)
Authority(bus, "/org/freedesktop/PolicyKit1/Authority")
print("ready", flush=True)
GLib.MainLoop().run()
`;

async function startAuthority(t: TestContext, address: string): Promise<() => string[]> {
  const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address };
  const child = spawn("/usr/bin/python3", ["-c", authority], { env, stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill());
  let told = "";
  await new Promise<void>((resolve) =>
    child.stdout.on("data", (chunk: Buffer) => {
      told += String(chunk);
      resolve();
    }),
  );
  return () => told.trim().split("\n").slice(1);
}

const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] as const;

async function host(t: TestContext) {
  const { root, path, first } = newSysroot(t);
  await deploy(Sysroot.open(path), { rev: first, stateroot: "debian", origin: "debian/13/x86_64/container-host" });
  return { first, ...(await serve(t, root, () => bootInto(root, path))) };
}

test("a user may read everything, and do what polkit allows", async (t) => {
  const { address, first } = await host(t);
  const asked = await startAuthority(t, address);
  const [setpriv, ...user] = nobody;
  const call = (...args: string[]) => onBus(address, setpriv, ...user, "busctl", ...args);
  const refused = (...args: string[]) => refusedOnBus(address, setpriv, ...user, "busctl", ...args);

  assert.match(
    await call("get-property", service, sysrootPath, `${service}.Sysroot`, "Deployments"),
    new RegExp(first),
  );
  await call("call", service, sysrootPath, `${service}.Sysroot`, "RegisterClient", "a{sv}", "1", "id", "s", "test");
  assert.deepEqual(asked(), [], "reading needs no authorization");

  const os = ["call", service, osPath, `${service}.OS`] as const;
  const id = `debian-${first}.0`;
  await call(...os, "GetDeploymentsRpmDiff", "ss", id, id);
  assert.match(await refused(...os, "Upgrade", "a{sv}", "0"), /Access denied/);
  assert.match(
    await refused(...os, "UpdateDeployment", "a{sv}a{sv}", "1", "set-refspec", "s", "x:y", "0"),
    /Access denied/,
  );
  assert.match(await refused("call", service, sysrootPath, `${service}.Sysroot`, "Reload"), /Access denied/);
  const action = (name: string) => `system-bus-name ${service}.${name} 1`;
  assert.deepEqual(asked(), ["repo-refresh", "upgrade", "rebase", "reload-daemon"].map(action));
});

test("without polkit only root may change the host", async (t) => {
  const { address } = await host(t);
  const [setpriv, ...user] = nobody;
  const cleanup = ["busctl", "call", service, osPath, `${service}.OS`, "Cleanup", "as", "1", "base"] as const;
  assert.match(await refusedOnBus(address, setpriv, ...user, ...cleanup), /Access denied/);
  const reply = await busctl(address, ...cleanup.slice(1));
  assert.match(reply.data[0], /^unix:path=/);
});

test("another user cannot connect to a transaction", async (t) => {
  const { address } = await host(t);
  const script = `
import dbus, os, sys
bus = dbus.SystemBus()
proxy = bus.get_object("${service}", "${osPath}")
address = proxy.Cleanup(dbus.Array(["base"], signature="s"), dbus_interface="${service}.OS")
if os.fork() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
    try:
        dbus.connection.Connection(address).call_blocking(None, "/", "${service}.Transaction", "Start", "", ())
        print("other: connected", flush=True)
    except dbus.DBusException:
        print("other: refused", flush=True)
    os._exit(0)
os.wait()
peer = dbus.connection.Connection(address)
print("own:", bool(peer.call_blocking(None, "/", "${service}.Transaction", "Start", "", ())))
`;
  assert.equal(await onBus(address, "/usr/bin/python3", "-c", script), "other: refused\nown: True\n");
});

test("polkit knows every action that is asked for", () => {
  const system = join(import.meta.dirname, "../../../system");
  const policy = readFileSync(join(system, `polkit-1/actions/${service}.policy`), "utf8");
  const known = [...policy.matchAll(/<action id="org\.projectatomic\.rpmostree1\.([\w-]+)">/g)].map(([, id]) => id);
  const source = readFileSync(join(import.meta.dirname, "../../../src/host/service/os-actions.ts"), "utf8");
  const methods = Object.keys(osInterface.methods).filter((name) => name !== "UpdateDeployment");
  for (const name of methods) {
    const [, action] = new RegExp(`\\b${name}: ("[\\w-]+"|null)`).exec(source) ?? [];
    assert.ok(action === "null" || known.includes(action?.slice(1, -1)), `${name}: ${action}`);
  }
});
