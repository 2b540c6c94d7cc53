// SPDX-License-Identifier: Apache-2.0
// The bus starts the service when somebody calls, it ends when nobody needs it, and is started again. Needs root.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { deploy, Sysroot } from "../../../src/host/index.ts";
import { newSysroot } from "../fixture.ts";
import { busctl, onBus, service, sysrootPath } from "./bus-fixture.ts";

const main = join(import.meta.dirname, "../../../src/cli/atomic.ts");
const shipped = join(import.meta.dirname, `../../../system/dbus-1/system-services/${service}.service`);

test("the bus starts the service, which ends by itself when it is idle", async (t) => {
  const { root, path, first } = newSysroot(t);
  await deploy(Sysroot.open(path), { rev: first, stateroot: "debian" });
  const address = `unix:path=${join(root, "bus")}`;
  const options = [
    "--sysroot",
    path,
    "--address",
    address,
    "--runtime-directory",
    join(root, "run"),
    "--idle-seconds=1",
  ];
  const program = [process.execPath, "--disable-warning=ExperimentalWarning", main, "host", "service", ...options];
  mkdirSync(join(root, "services"));
  // Ours as it is shipped, but for the program's place; a bus of this type starts programs itself.
  const text = readFileSync(shipped, "utf8").replace(/^Exec=.*$/m, `Exec=${program.join(" ")}`);
  writeFileSync(join(root, "services", `${service}.service`), text.replace(/^(User|SystemdService)=.*\n/gm, ""));
  const config = join(root, "bus.conf");
  writeFileSync(
    config,
    `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>${address}</listen><auth>EXTERNAL</auth><servicedir>${join(root, "services")}</servicedir>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/></policy></busconfig>`,
  );
  const daemon = spawn("dbus-daemon", ["--nofork", "--nopidfile", "--print-address", `--config-file=${config}`], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(() => daemon.kill());
  await new Promise((resolve, reject) => daemon.stdout.once("data", resolve).once("close", reject));

  const running = async () => (await busctl(address, "call", ...bus, "NameHasOwner", "s", service)).data[0];
  const bus = ["org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"] as const;
  for (let round = 0; round < 2; round++) {
    const found = await onBus(address, "busctl", "get-property", service, sysrootPath, `${service}.Sysroot`, "Path");
    assert.equal(found, `s "${path}"\n`);
    assert.equal(await running(), true);
    while (await running()) await new Promise((resolve) => setTimeout(resolve, 200));
  }
});
