// SPDX-License-Identifier: Apache-2.0
/**
 * Memory of the D-Bus service while it upgrades the host of `host-machine.ts`: a bus of its own, the shipped executable, a
 * client of libdbus. Resident pages are looked at every 10 ms: those of its own (anonymous), and those of files, which
 * are the executable's and shared with every other process that runs it.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onBus, service, startBus, transact } from "../host/service/bus-fixture.ts";
import { atomic } from "./compare.ts";
import { makeHostMachine } from "./host-machine.ts";

/** MB of a line of /proc/PID/status. */
function megabytes(pid: number, key: string): number {
  const path = `/proc/${pid}/status`;
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? 0) / 1024;
}

using machine = await makeHostMachine();
const ends: (() => void)[] = [];
try {
  const directory = join(machine.directory, "bus");
  mkdirSync(directory);
  const address = await startBus({ after: (end) => void ends.push(end) }, directory);
  const sysroot = machine.reset("served");
  // The environment that `atomic-host.service` gives.
  const unit = readFileSync(join(import.meta.dirname, "../../system/systemd/atomic-host.service"), "utf8");
  const given = Object.fromEntries(
    [...unit.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
  const words = ["host", "service", `--sysroot=${sysroot}`, `--address=${address}`, `--runtime-directory=${directory}`];
  const child = spawn(atomic, [...words, "--idle-seconds=0"], { env: { ...process.env, ...given }, stdio: "inherit" });
  ends.push(() => child.kill());
  const pid = child.pid!;
  while (!(await onBus(address, "busctl", "list", "--no-pager")).includes(service)) await sleep(100);
  const idle = { own: megabytes(pid, "RssAnon"), files: megabytes(pid, "RssFile") };
  let own = 0;
  const timer = setInterval(() => (own = Math.max(own, megabytes(pid, "RssAnon"))), 10);
  const began = performance.now();
  const { success, message } = await transact(address, "Upgrade", "a{sv}", '(dbus.Dictionary({}, signature="sv"),)');
  const seconds = (performance.now() - began) / 1000;
  clearInterval(timer);
  if (!success) throw new Error(message);
  const line = (...values: readonly number[]) => values.map((value) => `${Math.round(value)} MB`.padStart(10)).join("");
  console.log(`\nthe service upgrades a host (${seconds.toFixed(1)} s): ${machine.description}`);
  console.log(`${"".padEnd(24)}${["resident", "own", "files"].map((title) => title.padStart(10)).join("")}`);
  console.log(`${"idle".padEnd(24)}${line(idle.own + idle.files, idle.own, idle.files)}`);
  console.log(`${"peak while upgrading".padEnd(24)}${line(megabytes(pid, "VmHWM"), own, megabytes(pid, "RssFile"))}`);
  console.log(
    `${"afterwards".padEnd(24)}${line(megabytes(pid, "VmRSS"), megabytes(pid, "RssAnon"), megabytes(pid, "RssFile"))}`,
  );
} finally {
  for (const end of ends) end();
}
