// SPDX-License-Identifier: Apache-2.0
/** A message bus of the test's own, the service on it, and stock programs that call it. */
import { execFile, spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { connectBus } from "../../../src/bus/index.ts";
import { HostService, type ServiceOptions, type Sysroot } from "../../../src/host/index.ts";

const runProgram = promisify(execFile);

export const service = "org.projectatomic.rpmostree1";
export const sysrootPath = "/org/projectatomic/rpmostree1/Sysroot";
export const osPath = "/org/projectatomic/rpmostree1/debian";

const doctype = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">`;
/** What dbus's own system.conf allows everybody. */
const defaultPolicy = `
  <policy context="default">
    <allow user="*"/> <deny own="*"/> <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/> <allow receive_type="method_return"/>
    <allow receive_type="error"/> <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <policy user="root"> <allow own="org.freedesktop.PolicyKit1"/> <allow send_destination="org.freedesktop.PolicyKit1"/> </policy>`;
const shippedPolicy = join(import.meta.dirname, "../../../system/dbus-1/system.d/org.projectatomic.rpmostree1.conf");

/** Starts dbus-daemon as a system bus with a socket below `root`, with the policy that we ship; its address. */
export async function startBus(t: { after(end: () => void): void }, root: string): Promise<string> {
  const address = `unix:path=${join(root, "bus")}`;
  const config = join(root, "bus.conf");
  const listen = `<type>system</type><listen>${address}</listen><auth>EXTERNAL</auth>`;
  writeFileSync(
    config,
    `${doctype}<busconfig>${listen}${defaultPolicy}<include>${shippedPolicy}</include></busconfig>`,
  );
  chmodSync(root, 0o755);
  const daemon = spawn("dbus-daemon", ["--nofork", "--nopidfile", "--print-address", `--config-file=${config}`], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(() => daemon.kill());
  await new Promise((resolve, reject) => daemon.stdout.once("data", resolve).once("close", reject));
  return address;
}

/** Runs a stock program against the bus and gives what it prints. */
export async function onBus(address: string, program: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address, DBUS_SESSION_BUS_ADDRESS: address };
  const { stdout } = await runProgram(program, args, { env, maxBuffer: 1 << 26 });
  return stdout;
}

/** As `onBus`, of a program that fails: what it says. */
export async function refusedOnBus(address: string, program: string, ...args: string[]): Promise<string> {
  try {
    await onBus(address, program, ...args);
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
  throw new Error(`${program} ${args.join(" ")} did not fail`);
}

/** busctl's JSON of a call's or property's value. */
export async function busctl(address: string, ...args: string[]): Promise<{ type: string; data: any }> {
  return JSON.parse(await onBus(address, "busctl", "--json=short", ...args));
}

export interface Served {
  readonly address: string;
  readonly service: HostService;
  readonly reboots: () => number;
}

/** The service for a system root, on a bus of its own. */
export async function serve(
  t: TestContext,
  root: string,
  openSysroot: () => Sysroot,
  options: Partial<ServiceOptions> = {},
): Promise<Served> {
  const address = await startBus(t, root);
  const runtimeDirectory = join(root, "transactions");
  mkdirSync(runtimeDirectory);
  let reboots = 0;
  const running = await HostService.start({
    bus: await connectBus(address),
    openSysroot,
    runtimeDirectory,
    idleSeconds: 0,
    startFinalizer: async () => {},
    reboot: async () => {
      reboots++;
    },
    ...options,
  });
  t.after(() => running.stop());
  return { address, service: running, reboots: () => reboots };
}

/** A client of libdbus: calls a method that begins a transaction, follows it by its address, prints its signals. */
export const transactionClient = `
import json, sys
import dbus, dbus.bus, dbus.mainloop.glib
from gi.repository import GLib
dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
path, interface, member, signature, arguments = sys.argv[1:6]
bus = dbus.SystemBus()
proxy = bus.get_object("${service}", path)
arguments = eval(arguments, {"dbus": dbus})
address = proxy.get_dbus_method(member, interface)(*arguments, signature=signature or None)
address = address[-1] if isinstance(address, tuple) else address
peer = dbus.connection.Connection(address)
loop = GLib.MainLoop()
signals = []
def received(*args, member=None):
    signals.append([member, *args])
    if member == "Finished":
        loop.quit()
peer.add_signal_receiver(received, member_keyword="member", path="/")
message = peer.call_blocking(None, "/", "org.projectatomic.rpmostree1.Transaction", "Start", "", ())
loop.run()
title = peer.call_blocking(None, "/", "org.freedesktop.DBus.Properties", "Get", "ss", ("org.projectatomic.rpmostree1.Transaction", "Title"))
print(json.dumps({"started": bool(message), "title": str(title), "signals": signals}))
`;

export interface Followed {
  readonly started: boolean;
  readonly title: string;
  readonly signals: readonly [member: string, ...args: unknown[]][];
  /** Of \`Finished\`. */
  readonly success: boolean;
  readonly message: string;
}

/**
 * Begins a transaction and follows it to its end, as a client of libdbus (python3-dbus).
 * @param args Python expressions in a tuple
 */
export async function transact(
  address: string,
  member: string,
  signature = "",
  args = "()",
  interfaceName = `${service}.OS`,
): Promise<Followed> {
  const words = ["-c", transactionClient, osPath, interfaceName, member, signature, args];
  const told = JSON.parse(await onBus(address, "/usr/bin/python3", ...words)) as Followed;
  const last = told.signals.at(-1)!;
  return { ...told, success: last[1] === 1 || last[1] === true, message: String(last[2]) };
}
