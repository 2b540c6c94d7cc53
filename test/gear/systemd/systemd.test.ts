// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  connectSystemd,
  describeOutcome,
  expectDone,
  type ServiceManager,
  type UnitStatus,
} from "../../../src/gear/index.ts";
import { startSystemd, type SystemdMachine } from "../systemd-fixture.ts";

const cleanups: (() => void | Promise<void>)[] = [];
let machine: SystemdMachine;
let manager: ServiceManager;

before(async () => {
  machine = await startSystemd({ after: (action) => cleanups.push(action) });
  machine.writeUnit("sleeps.service", "[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n");
  machine.writeUnit(
    "needs.service",
    "[Unit]\nRequires=fails.service\nAfter=fails.service\n[Service]\nExecStart=/bin/sleep 1000\n",
  );
  machine.writeUnit(
    "bound.service",
    "[Unit]\nBindsTo=sleeps.service\nAfter=sleeps.service\n[Service]\nExecStart=/bin/sleep 1000\n",
  );
  machine.writeUnit("fails.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'exit 7'\n");
  machine.writeUnit("slow.service", "[Service]\nType=oneshot\nTimeoutStartSec=200ms\nExecStart=/bin/sleep 1000\n");
  machine.writeUnit(
    "endless.service",
    "[Service]\nType=oneshot\nTimeoutStartSec=infinity\nExecStart=/bin/sleep 1000\n",
  );
  machine.writeUnit(
    "conditional.service",
    "[Unit]\nConditionPathExists=/nowhere\n[Service]\nExecStart=/bin/sleep 1000\n",
  );
  machine.writeUnit("asserts.service", "[Unit]\nAssertPathExists=/nowhere\n[Service]\nExecStart=/bin/sleep 1000\n");
  machine.writeUnit("reloads.service", "[Service]\nExecStart=/bin/sleep 1000\nExecReload=/bin/touch /run/reloaded\n");
  machine.writeUnit(
    "says.service",
    "[Service]\nType=notify\nNotifyAccess=all\nExecStart=/bin/sh -c 'systemd-notify --ready --status=serving; exec sleep 1000'\n",
  );
  machine.writeUnit(
    "again.service",
    "[Unit]\nStartLimitBurst=3\nStartLimitIntervalSec=60\n[Service]\nRestart=always\nRestartSec=0\nExecStart=/bin/false\n",
  );
  machine.writeUnit(
    "queued.service",
    "[Unit]\nJobRunningTimeoutSec=200ms\n[Service]\nType=oneshot\nTimeoutStartSec=infinity\nExecStart=/bin/sleep 1000\n",
  );
  manager = await connectSystemd(machine.busAddress);
  await manager.daemonReload();
});

after(async () => {
  manager?.[Symbol.dispose]();
  for (const action of cleanups) await action();
});

async function show(unit: string, property: string): Promise<string> {
  const { stdout } = await machine.run("systemctl", ["show", unit, "-p", property, "--value"]);
  return stdout.trim();
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 2400; tries++) {
    if (await holds()) return;
    await sleep(25);
  }
  assert.fail(`it did not come to this: ${what}`);
}

test("a unit is started and stopped, its status is systemctl's", async () => {
  const started = await manager.start("sleeps.service");
  assert.equal(started.result, "done");
  const { activeState, service, invocationId, activeSince, fragment } = await manager.unit("sleeps.service");
  assert.equal(activeState, "active");
  assert.equal(`${service?.mainPid}`, await show("sleeps.service", "MainPID"));
  assert.equal(invocationId, await show("sleeps.service", "InvocationID"));
  assert.equal(service?.controlGroup, await show("sleeps.service", "ControlGroup"));
  assert.equal(fragment, "/etc/systemd/system/sleeps.service");
  assert.ok(Math.abs(activeSince! - Date.now()) < 600_000);
  await manager.restart("sleeps.service");
  assert.notEqual((await manager.unit("sleeps.service")).service?.mainPid, service?.mainPid);
  assert.equal((await manager.stop("sleeps.service")).result, "done");
  const stopped = await manager.unit("sleeps.service");
  assert.deepEqual([stopped.activeState, stopped.activeSince], ["inactive", undefined]);
  await manager.tryRestart("sleeps.service");
  assert.equal((await manager.unit("sleeps.service")).activeState, "inactive");
});

test("each way that a job ends is told, with what became of the unit", async () => {
  const results = new Map<string, string>();
  for (const unit of ["fails", "needs", "slow", "queued", "conditional", "asserts"]) {
    const outcome = await manager.start(`${unit}.service`);
    const { activeState, service } = await manager.unit(`${unit}.service`);
    results.set(unit, `${outcome.result} ${activeState} ${service?.result}`);
  }
  assert.deepEqual(Object.fromEntries(results), {
    fails: "failed failed exit-code",
    needs: "dependency inactive success",
    slow: "failed failed timeout",
    queued: "timeout activating success",
    conditional: "done inactive success",
    asserts: "assert inactive success",
  });
  const failed = await manager.start("fails.service");
  assert.equal(
    describeOutcome(failed),
    "fails.service: the job failed; it is failed (failed, exit-code, main process exited 7)",
  );
  assert.throws(() => expectDone(failed), { code: "gear-unit-job", hint: "journalctl -u fails.service" });
  await manager.resetFailed("fails.service");
  assert.equal((await manager.unit("fails.service")).activeState, "inactive");
});

test("a job is canceled by a signal, and no other", async () => {
  const abort = new AbortController();
  const job = manager.start("endless.service", { signal: abort.signal });
  await until("activating", async () => (await show("endless.service", "ActiveState")) === "activating");
  abort.abort();
  assert.equal((await job).result, "canceled");
  await manager.stop("endless.service");
  await assert.rejects(manager.start("sleeps.service", { signal: abort.signal }), { name: "AbortError" });
});

test("many jobs at a time each get their own result", async () => {
  for (let number = 0; number < 20; number++)
    machine.writeUnit(`many-${number}.service`, `[Service]\nType=oneshot\nExecStart=/bin/sh -c 'exit ${number % 2}'\n`);
  await manager.daemonReload();
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, async (_, number) => manager.start(`many-${number}.service`)),
  );
  assert.deepEqual(
    outcomes.map(({ result }) => result),
    Array.from({ length: 20 }, (_, number) => (number % 2 === 0 ? "done" : "failed")),
  );
  const listed = await manager.units(["many-*.service"]);
  assert.deepEqual(listed.filter(({ activeState }) => activeState === "failed").length, 10);
});

test("a service that is killed and started again tells how often, until its limit", async () => {
  const outcome = await manager.start("again.service");
  assert.equal(outcome.result, "done");
  await until("failed", async () => (await manager.unit("again.service")).activeState === "failed");
  const { service } = await manager.unit("again.service");
  assert.equal(service?.restarts, 3);
  assert.equal(`${service.restarts}`, await show("again.service", "NRestarts"));
  assert.equal(service.mainStatus, 1);
  assert.equal((await manager.start("again.service")).result, "failed");
  await manager.resetFailed("again.service");
  assert.equal((await manager.start("again.service")).result, "done");
});

test("a kill's signal is told", async () => {
  await manager.start("sleeps.service");
  await manager.kill("sleeps.service", 9, "main");
  await until("failed", async () => (await manager.unit("sleeps.service")).activeState === "failed");
  const { service } = await manager.unit("sleeps.service");
  assert.deepEqual([service?.result, service?.mainExit, service?.mainStatus], ["signal", "killed", 9]);
  await manager.resetFailed("sleeps.service");
});

test("what a service says of itself, its reload and its dependants", async () => {
  await manager.start("says.service");
  assert.equal((await manager.unit("says.service")).service?.statusText, "serving");
  await manager.start("reloads.service");
  expectDone(await manager.reload("reloads.service"));
  await machine.run("test", ["-e", "/run/reloaded"]);
  expectDone(await manager.reloadOrRestart("says.service"));
  expectDone(await manager.start("bound.service"));
  assert.deepEqual(await manager.dependants("sleeps.service"), ["bound.service"]);
  await manager.stop("sleeps.service");
  assert.equal((await manager.unit("bound.service")).activeState, "inactive");
});

test("many units are asked about at once, beyond the 128 calls that a system bus lets one wait for", async () => {
  const odd = [
    "3-odd\\x2dname@one two.service".replace(" ", "\\x20"),
    "sleeps.service",
    "nowhere.service",
    "basic.target",
  ];
  machine.writeUnit("3-odd\\x2dname@.service", "[Service]\nExecStart=/bin/sleep 1000\n");
  await manager.daemonReload();
  for (const unit of odd.slice(0, 2)) expectDone(await manager.start(unit));
  const summaries = await manager.summaries(odd);
  assert.deepEqual(
    summaries.map(({ name, loadState, activeState }) => `${name} ${loadState} ${activeState}`),
    [
      `${odd[0]} loaded active`,
      "sleeps.service loaded active",
      "nowhere.service not-found inactive",
      "basic.target loaded active",
    ],
  );
  const shown = await Promise.all(odd.map((unit) => show(unit, "InvocationID")));
  assert.deepEqual(
    (await manager.invocations(odd)).map((id) => id ?? ""),
    shown,
  );
  assert.deepEqual((await manager.fragments(odd)).slice(0, 3), [
    "/etc/systemd/system/3-odd\\x2dname@.service",
    "/etc/systemd/system/sleeps.service",
    undefined,
  ]);
  const [first, , missing, target] = await manager.usage(odd);
  const since = Date.parse(await show(odd[0]!, "ActiveEnterTimestamp"));
  assert.equal(Math.floor(first!.activeSince! / 1000), Math.floor(since / 1000));
  assert.deepEqual([missing?.activeSince, target?.restarts, target?.memoryBytes], [undefined, 0, undefined]);
  const many = Array.from({ length: 500 }, () => odd[1]!);
  const statuses = await Promise.all(many.map((unit) => manager.unit(unit)));
  assert.ok(statuses.every(({ activeState }) => activeState === "active"));
  assert.equal((await manager.usage(many)).length, 500);
  await manager.stop(odd[0]!);
  await manager.stop("sleeps.service");
});

test("units are enabled, masked and looked for as systemctl does", async () => {
  assert.equal(await manager.unitFileState("sleeps.service"), "disabled");
  const [link] = await manager.enable(["sleeps.service"]);
  assert.deepEqual(link, {
    kind: "symlink",
    path: "/etc/systemd/system/multi-user.target.wants/sleeps.service",
    target: "/etc/systemd/system/sleeps.service",
  });
  assert.equal(await manager.unitFileState("sleeps.service"), "enabled");
  assert.equal((await machine.run("systemctl", ["is-enabled", "sleeps.service"])).stdout, "enabled\n");
  assert.deepEqual(
    (await manager.disable(["sleeps.service"])).map(({ kind }) => kind),
    ["unlink"],
  );
  await manager.mask(["dbus.service"], { runtime: true });
  assert.equal(await manager.unitFileState("dbus.service"), "masked-runtime");
  await manager.unmask(["dbus.service"], { runtime: true });
  assert.equal(await manager.unitFileState("nowhere.service"), undefined);
  assert.equal((await manager.unit("nowhere.service")).loadState, "not-found");
  await assert.rejects(manager.start("nowhere.service"), {
    code: "gear-systemd",
    message: "nowhere.service: Unit nowhere.service not found.",
  });
  await assert.rejects(manager.enable(["nowhere.service"]), { code: "gear-systemd" });
});

test("files that are newer than what systemd has read are told, and read", async () => {
  machine.writeUnit("newer.service", "[Service]\nExecStart=/bin/sleep 1000\n");
  expectDone(await manager.start("newer.service"));
  await sleep(20);
  machine.writeUnit("newer.service", "[Unit]\nDescription=Newer\n[Service]\nExecStart=/bin/sleep 1000\n");
  assert.equal((await manager.unit("newer.service")).needsReload, true);
  await manager.daemonReload();
  const { needsReload, description } = await manager.unit("newer.service");
  assert.deepEqual([needsReload, description], [false, "Newer"]);
});

test("properties are set while it runs", async () => {
  await manager.start("sleeps.service");
  await manager.setProperties("sleeps.service", [{ name: "CPUWeight", type: "t", value: 200n }], true);
  assert.equal(await show("sleeps.service", "CPUWeight"), "200");
  await assert.rejects(
    manager.setProperties("sleeps.service", [{ name: "ExecStart", type: "s", value: "/bin/true" }], true),
    { code: "gear-systemd" },
  );
  await manager.stop("sleeps.service");
});

test("changes are told as they happen", async () => {
  const seen: UnitStatus[] = [];
  const watch = await manager.watch("sleeps.service", (status) => seen.push(status));
  await until("told at first", () => seen.length > 0);
  assert.equal(seen[0]?.activeState, "inactive");
  await machine.run("systemctl", ["start", "sleeps.service"]);
  await until("active", () => seen.at(-1)?.activeState === "active");
  const { mainPid } = seen.at(-1)!.service!;
  await machine.run("kill", ["-9", `${await show("sleeps.service", "MainPID")}`]);
  await until("failed", () => seen.at(-1)?.activeState === "failed");
  assert.ok(mainPid! > 0);
  watch[Symbol.dispose]();
  const count = seen.length;
  await machine.run("systemctl", ["restart", "sleeps.service"]);
  await manager.stop("sleeps.service");
  assert.equal(seen.length, count);
});

test("a systemd that is replaced, as an upgrade of its package does it, goes on telling", async () => {
  const seen: UnitStatus[] = [];
  using _ = await manager.watch("sleeps.service", (status) => seen.push(status));
  await machine.run("systemctl", ["daemon-reexec"]);
  expectDone(await manager.start("sleeps.service"));
  await until("active", () => seen.at(-1)?.activeState === "active");
  expectDone(await manager.stop("sleeps.service"));
});

test("a job whose systemd is gone does not wait for ever", async () => {
  const own: (() => void | Promise<void>)[] = [];
  const other = await startSystemd({ after: (action) => own.push(action) });
  try {
    other.writeUnit(
      "endless.service",
      "[Service]\nType=oneshot\nTimeoutStartSec=infinity\nExecStart=/bin/sleep 1000\n",
    );
    using lost = await connectSystemd(other.busAddress);
    await lost.daemonReload();
    const job = lost.start("endless.service");
    const refused = assert.rejects(job, { code: "gear-systemd" });
    await until("activating", async () => (await lost.unit("endless.service")).activeState === "activating");
    await other.kill();
    await refused;
  } finally {
    for (const action of own) await action();
  }
});
