// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

test("systemd accepts the units", (t) => {
  const root = mkdtempSync(join(tmpdir(), "atomic-units-"));
  t.after(() => rmSync(root, { recursive: true }));
  const units = join(root, "usr/lib/systemd/system");
  mkdirSync(join(root, "usr/bin"), { recursive: true });
  cpSync(join(import.meta.dirname, "../system/systemd"), units, { recursive: true });
  for (const target of [
    "local-fs",
    "basic",
    "final",
    "shutdown",
    "sysinit",
    "multi-user",
    "network-online",
    "timers",
    "time-set",
    "time-sync",
    "boot-complete",
  ]) {
    writeFileSync(join(units, `${target}.target`), "[Unit]\nDescription=x\n");
  }
  for (const service of ["systemd-journal-flush"]) {
    writeFileSync(join(units, `${service}.service`), "[Service]\nExecStart=/usr/bin/true\n");
  }
  writeFileSync(
    join(units, "dbus.socket"),
    "[Socket]\nListenStream=/run/dbus/system_bus_socket\nService=systemd-journal-flush.service\n",
  );
  for (const program of ["atomic", "true", "systemctl", "sh"]) {
    writeFileSync(join(root, "usr/bin", program), "");
    chmodSync(join(root, "usr/bin", program), 0o755);
  }
  const names = [
    "atomic-finalize-staged.service",
    "atomic-finalize-staged.path",
    "atomic-boot-menu.service",
    "atomic-boot-menu.path",
    "atomic-host.service",
    "atomic-update.service",
    "atomic-update.timer",
    "atomic-health-check.service",
    "atomic-gear-recover.service",
    "atomic-gear-host.service",
    "atomic-gear-health.service",
    "atomic-boot-passed.service",
    "atomic-boot-failed.service",
    "atomic-boot-deadline.timer",
    "atomic-boot-deadline.service",
    "boot-complete.target",
  ];
  const result = spawnSync(
    "systemd-analyze",
    ["verify", "--man=no", "--recursive-errors=one", `--root=${root}`, ...names],
    { encoding: "utf8" },
  );
  assert.equal(`${result.stdout}${result.stderr}`, "");
  assert.equal(result.status, 0);
});
