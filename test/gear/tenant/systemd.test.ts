// SPDX-License-Identifier: Apache-2.0
/** Tenants on a real systemd: what their slices and journals do there. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { resolve } from "node:path";
import { startSystemd, type SystemdMachine } from "../systemd-fixture.ts";

const atomic = resolve(import.meta.dirname, "../../../src/cli/atomic.ts");
const cleanups: (() => void | Promise<void>)[] = [];
let machine: SystemdMachine;

before(async () => {
  machine = await startSystemd({ after: (action) => cleanups.push(action) });
});
after(async () => {
  for (const action of cleanups) await action();
});

const gear = (...args: string[]) =>
  machine.run(process.execPath, ["--disable-warning=ExperimentalWarning", atomic, "gear", ...args]);
const show = async (unit: string, property: string) =>
  (await machine.run("systemctl", ["show", "--value", "-p", property, "--", unit])).stdout.trim();

test("a tenant's services run within its limits, apart from tenants whose names begin alike, and log to its journal", async () => {
  await gear("tenant", "add", "acme", "--memory", "64M", "--pids-limit", "50", "--cpus", "0.5", "--cpu-weight", "20");
  await gear("tenant", "add", "acme-two", "--journal-max-use", "8M");
  const service = (slice: string, tenant: string) =>
    `[Service]\nSlice=${slice}\nLogNamespace=${tenant}\nExecStart=/bin/sh -c 'echo words of ${tenant}; exec sleep 1000'\n`;
  machine.writeUnit("one.service", service("tenant-acme.slice", "acme"));
  machine.writeUnit("two.service", service("tenant-acme\\x2dtwo.slice", "acme-two"));
  await machine.run("systemctl", ["daemon-reload"]);
  await machine.run("systemctl", ["start", "one.service", "two.service"]);

  assert.equal(await show("tenant-acme.slice", "MemoryMax"), String(64 << 20));
  assert.equal(await show("tenant-acme.slice", "TasksMax"), "50");
  assert.equal(await show("tenant-acme.slice", "CPUQuotaPerSecUSec"), "500ms");
  assert.equal(await show("tenant-acme.slice", "CPUWeight"), "20");
  assert.equal(await show("tenant-acme.slice", "LoadState"), "loaded");
  assert.equal(await show("one.service", "ControlGroup"), "/tenant.slice/tenant-acme.slice/one.service");
  assert.equal(await show("two.service", "ControlGroup"), "/tenant.slice/tenant-acme\\x2dtwo.slice/two.service");

  const words = async (tenant: string) => {
    await machine.run("journalctl", [`--namespace=${tenant}`, "--sync"]);
    return (await machine.run("journalctl", [`--namespace=${tenant}`, "-o", "cat", "-q"])).stdout;
  };
  assert.match(await words("acme"), /^words of acme$/m);
  assert.doesNotMatch(await words("acme"), /acme-two/);
  assert.match(await words("acme-two"), /^words of acme-two$/m);

  const started = () => show("systemd-journald@acme.service", "ExecMainStartTimestampMonotonic");
  const before = await started();
  await gear("tenant", "add", "acme", "--journal-rate-limit", "100", "--memory", "32M");
  assert.notEqual(await started(), before, "a journal takes its limits when it starts");
  assert.equal(await show("tenant-acme.slice", "MemoryMax"), String(32 << 20));

  await assert.rejects(gear("tenant", "delete", "acme"), /tenant-busy.*1 processes of acme run/s);
  await machine.run("systemctl", ["stop", "one.service"]);
  await gear("tenant", "delete", "acme");
  assert.equal(await show("tenant-acme.slice", "FragmentPath"), "");
});
