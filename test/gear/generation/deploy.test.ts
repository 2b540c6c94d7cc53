// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { AtomicError } from "../../../src/base/index.ts";
import {
  applicationHistory,
  applicationStatus,
  defaultUpdate,
  deleteApplication,
  deploy,
  power,
  previewDeploy,
  rollback,
  updateApplication,
} from "../../../src/gear/index.ts";
import { name } from "../application.ts";
import { type Script, script } from "./scripted.ts";
import { dbImage, deployRequest, digest, twoUnits, webImage } from "./shop.ts";

const shop = name("shop");
const who = { application: shop, by: "root", command: "atomic gear" };

function makeScript(t: TestContext): Script {
  const root = mkdtempSync(join(tmpdir(), "atomic-generation-"));
  t.after(() => rmSync(root, { recursive: true }));
  const made = script(root);
  made.edit((state) => {
    state.registry = { [webImage]: digest("1"), [dbImage]: digest("2") };
    // A unit of the host that needs one of the application's.
    state.loaded["host-report.service"] = "Requires=shop-db.service";
  });
  return made;
}

const unitsInPlace = ({ root }: Script) => readdirSync(join(root, "etc/systemd/system")).sort();
const web = (line: string) => ({ ...twoUnits, "shop-web.service": { image: webImage, lines: [line] } });

test("a deployment pulls, writes, starts in order, watches and is recorded", async (t) => {
  const host = makeScript(t);
  const report = await deploy(host, deployRequest(twoUnits, { message: "opening" }));
  assert.equal(report.outcome, "done");
  assert.deepEqual([report.from, report.to, report.current], [undefined, 1, 1]);
  assert.deepEqual(report.units.added, ["shop-db.service", "shop-web.service"]);
  assert.deepEqual(host.calls, [
    `pull ${dbImage}`,
    `pull ${webImage}`,
    "enable shop-db.service shop-web.service",
    "daemon-reload",
    "start shop-db.service",
    "start shop-web.service",
  ]);
  assert.match(host.running()["shop-web.service"]!, new RegExp(`^Image=docker.io/library/web@${digest("1")}$`, "m"));
  assert.ok(host.state().time >= defaultUpdate.minHealthyTime, "health was watched for as long as the policy says");
  const [entry] = host.state().journal;
  assert.equal(entry?.["MESSAGE"], "shop: deploy of generation none to 1 done");
  const kept = host.store.generation(shop, 1);
  assert.deepEqual([...kept.source.files.keys()], ["shop.yaml"]);
  assert.deepEqual([kept.message, kept.deployedBy, kept.policy], ["opening", "root", defaultUpdate]);
});

test("only what changed is restarted, what is gone is stopped and deleted, and the same again is nothing", async (t) => {
  const host = makeScript(t);
  await deploy(host, deployRequest(twoUnits));
  host.calls.length = 0;
  const { "shop-web.service": _web, ...rest } = twoUnits;
  const next = { ...rest, "shop-api.service": { image: webImage, lines: ["Requires=shop-db.service"] } };
  const report = await deploy(host, deployRequest(next, { pull: "missing" }));
  assert.equal(report.outcome, "done");
  assert.deepEqual(report.units, {
    added: ["shop-api.service"],
    changed: [],
    removed: ["shop-web.service"],
    same: ["shop-db.service"],
  });
  assert.ok(!host.calls.includes("stop shop-db.service"));
  assert.deepEqual(host.state().enabled, ["shop-api.service", "shop-db.service"]);
  assert.deepEqual(unitsInPlace(host), ["shop-api.service", "shop-db.service"]);
  const again = await deploy(host, deployRequest(next, { pull: "missing" }));
  assert.equal(again.outcome, "unchanged");
  assert.equal(host.store.requireRecord(shop).generations.length, 2);
});

test("what does not start is taken back, with what was running before, also of others", async (t) => {
  const host = makeScript(t);
  await deploy(host, deployRequest(twoUnits));
  await host.services.start("host-report.service");
  const before = host.running();
  const broken = { ...twoUnits, "shop-db.service": { image: dbImage, lines: ["# fail: 3"] } };
  const report = await deploy(host, deployRequest(broken));
  assert.deepEqual([report.outcome, report.current, report.to], ["taken-back", 1, 2]);
  assert.equal(report.reason, "shop-db.service has failed (exit code 3), and 2 more");
  assert.deepEqual(report.problems[0]?.log, ["the last line"].slice(0, report.problems[0]?.log.length));
  assert.deepEqual(report.missing, []);
  assert.deepEqual(host.running(), before);
  assert.deepEqual(host.store.requireRecord(shop).generations, [
    { number: 1, state: "running" },
    { number: 2, state: "failed" },
  ]);
  const entry = host.state().journal.at(-1)!;
  assert.deepEqual([entry["PRIORITY"], entry["ATOMIC_GENERATION"], entry["ATOMIC_OUTCOME"]], [3, 1, "taken-back"]);
});

test("a unit of others that is gone meanwhile does not keep a deployment from being taken back", async (t) => {
  const host = makeScript(t);
  await deploy(host, deployRequest(twoUnits));
  await host.services.start("host-report.service");
  const clock = {
    ...host.clock,
    async sleep(milliseconds: number) {
      host.edit(({ loaded, running }) => {
        delete loaded["host-report.service"];
        delete running["host-report.service"];
      });
      return host.clock.sleep(milliseconds);
    },
  };
  const next = { ...twoUnits, "shop-db.service": { image: dbImage, lines: ["# unhealthy-after: 1000"] } };
  const report = await deploy({ ...host, clock }, deployRequest(next));
  assert.deepEqual([report.outcome, report.current], ["failed", 1]);
  assert.match(report.missing[0]!.what, /host-report\.service not found/);
  assert.deepEqual(Object.keys(host.running()).sort(), ["shop-db.service", "shop-web.service"]);
  assert.equal(host.store.requireRecord(shop).change, undefined);
});

test("dependants of others run again after a deployment that came through", async (t) => {
  const host = makeScript(t);
  await deploy(host, deployRequest(twoUnits));
  await host.services.start("host-report.service");
  const next = { ...twoUnits, "shop-db.service": { image: dbImage, lines: ["Description=other"] } };
  assert.equal((await deploy(host, deployRequest(next))).outcome, "done");
  assert.deepEqual(Object.keys(host.running()).sort(), ["host-report.service", "shop-db.service", "shop-web.service"]);
});

test("an image that turns unhealthy after its first check is taken back", async (t) => {
  const host = makeScript(t);
  await deploy(host, deployRequest(twoUnits));
  const before = host.running();
  const report = await deploy(host, deployRequest(web("# unhealthy-after: 3000")));
  assert.equal(report.outcome, "taken-back");
  assert.equal(report.reason, "shop-web.service is unhealthy (3 failed checks)");
  assert.deepEqual(report.problems[0]?.log, ["connection refused"]);
  assert.deepEqual(host.running(), before);
});

test("a container that never gets healthy is taken back at the deadline", async (t) => {
  const host = makeScript(t);
  const policy = { ...defaultUpdate, healthyDeadline: 60_000 };
  const report = await deploy(host, deployRequest(web("# never-healthy"), { policy }));
  assert.deepEqual([report.outcome, report.current], ["taken-back", undefined]);
  assert.equal(report.reason, "shop-web.service is not healthy yet");
  assert.equal(host.state().time, 60_000);
  assert.deepEqual([host.running(), unitsInPlace(host), host.state().enabled], [{}, [], []]);
  assert.deepEqual((await applicationStatus(host, shop)).failure, "shop-web.service is not healthy yet");
});

test("a restart begins the healthy time anew", async (t) => {
  const host = makeScript(t);
  const report = await deploy(host, deployRequest(web("# restart-after: 8000")));
  assert.equal(report.outcome, "done");
  assert.ok(host.state().time >= 18_000, String(host.state().time));
  const hasty = { ...defaultUpdate, healthyDeadline: 12_000 };
  const late = await deploy(host, deployRequest(web("# restart-after: 8000\n# other"), { policy: hasty }));
  assert.equal(late.outcome, "taken-back");
  assert.match(late.reason!, /^shop-web.service was not healthy for long enough/);
});

test("a policy may leave what failed in place", async (t) => {
  const host = makeScript(t);
  await deploy(host, deployRequest(twoUnits));
  const policy = { ...defaultUpdate, autoRevert: false };
  const report = await deploy(host, deployRequest(web("# unhealthy-after: 0"), { policy }));
  assert.deepEqual([report.outcome, report.current], ["failed", 2]);
  assert.deepEqual((await applicationStatus(host, shop)).state, "failed");
  const back = await rollback(host, { ...who, generation: undefined });
  assert.deepEqual([back.outcome, back.current], ["done", 1]);
});

test("a registry that does not have an image changes nothing", async (t) => {
  const host = makeScript(t);
  await deploy(host, deployRequest(twoUnits));
  const before = [host.running(), unitsInPlace(host), host.store.requireRecord(shop)];
  host.edit(({ registry }) => delete registry[webImage]);
  await assert.rejects(deploy(host, deployRequest(web("# other"))), /manifest unknown/);
  assert.deepEqual([host.running(), unitsInPlace(host), host.store.requireRecord(shop)], before);
});

test("an interrupt takes the deployment back", async (t) => {
  const host = makeScript(t);
  await deploy(host, deployRequest(twoUnits));
  const before = host.running();
  const interrupt = new AbortController();
  const { sleep } = host.clock;
  const clock = { ...host.clock, sleep: async (ms: number) => (interrupt.abort(), sleep(ms)) };
  const request = deployRequest(web("# other"), { signal: interrupt.signal });
  const report = await deploy({ ...host, clock }, request);
  assert.deepEqual([report.outcome, report.reason], ["taken-back", "it was interrupted"]);
  assert.deepEqual(host.running(), before);
});

test("rollback goes back a generation at a time, or to one that is named", async (t) => {
  const host = makeScript(t);
  for (const line of ["# one", "# two", "# three"]) await deploy(host, deployRequest(web(line)));
  const back = async (generation?: number) => (await rollback(host, { ...who, generation })).current;
  assert.equal(await back(), 2);
  assert.match(host.running()["shop-web.service"]!, /# two/);
  assert.equal(await back(), 1);
  await assert.rejects(back(), /shop has no generation before 1/);
  assert.equal(await back(3), 3);
  await assert.rejects(back(3), /is the one that runs/);
  await assert.rejects(back(9), /no generation 9/);
  const { generations, events } = applicationHistory(host.store, shop);
  assert.deepEqual(
    generations.map(({ number, state }) => `${number} ${state}`),
    ["3 running", "2 rolled-back", "1 rolled-back"],
  );
  assert.deepEqual(events[0]?.kind, "rollback");
  const next = await deploy(host, deployRequest(web("# four")));
  assert.equal(next.to, 4);
});

test("generations beyond those kept go, with the images that were pulled for them alone", async (t) => {
  const host = makeScript(t);
  const policy = { ...defaultUpdate, keep: 2 };
  for (const digit of ["a", "b", "c"]) {
    host.edit(({ registry }) => (registry[webImage] = digest(digit)));
    await deploy(host, deployRequest(twoUnits, { policy }));
  }
  assert.deepEqual(
    host.store.requireRecord(shop).generations.map(({ number }) => number),
    [2, 3],
  );
  assert.ok(!existsSync(host.store.directory(shop, 1)));
  const pruned = host.calls.filter((call) => call.startsWith("prune"));
  assert.deepEqual(pruned, [`prune docker.io/library/web@${digest("a")}`]);
});

test("an update takes new images of the same references, as one generation", async (t) => {
  const host = makeScript(t);
  await deploy(host, deployRequest(twoUnits));
  await assert.rejects(updateApplication(host, { ...who, images: undefined }), /does not say where newer images/);
  assert.equal((await updateApplication(host, { ...who, images: "registry" })).outcome, "unchanged");
  host.edit(({ registry }) => (registry[webImage] = digest("9")));
  const report = await updateApplication(host, { ...who, images: "registry" });
  assert.deepEqual([report.outcome, report.to], ["done", 2]);
  assert.deepEqual(report.units.changed, ["shop-web.service"]);
  assert.deepEqual(
    report.images.map(({ to }) => to),
    [`docker.io/library/web@${digest("9")}`],
  );
});

test("units and ports of others are refused, all at once, before anything is pulled", async (t) => {
  const host = makeScript(t);
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const units = { ...twoUnits, "host-report.service": { image: webImage } };
  const ports = [{ protocol: "tcp", address: undefined, port, unit: "shop-web.service" }] as const;
  await assert.rejects(deploy(host, deployRequest(units, {}, { ports })), (error: Error) => {
    assert.match(error.message, /host-report\.service belongs to the host \(\/usr\/lib\/systemd\/system/);
    assert.match(
      error.message,
      new RegExp(`port ${port}/tcp of shop-web\\.service is in use by .* \\(process \\d+\\)`),
    );
    return true;
  });
  assert.deepEqual(host.calls, []);
  assert.deepEqual(host.store.applications(), []);
});

test("another application's units and ports are its own, whether it runs or not", async (t) => {
  const host = makeScript(t);
  const ports = [{ protocol: "tcp", address: undefined, port: 1, unit: "shop-web.service" }] as const;
  await deploy(host, deployRequest(twoUnits, {}, { ports }));
  await power(host, { verb: "stop", application: shop, instances: [] });
  const application = name("other");
  const request = deployRequest(twoUnits, { application }, { ports, application });
  await assert.rejects(deploy(host, request), (error: Error) => {
    assert.match(error.message, /unit shop-db.service belongs to application shop/);
    assert.match(error.message, /port 1\/tcp of shop-web.service belongs to application shop/);
    return true;
  });
});

test("one command at a time changes an application; the second says who is busy", async (t) => {
  const host = makeScript(t);
  const first = deploy(host, deployRequest(twoUnits));
  const isBusy = (error: AtomicError) => error.code === "gear-busy";
  await assert.rejects(deploy(host, deployRequest(twoUnits)), isBusy);
  // It is locked to its end, not only until it first waits for something.
  await host.engine.images();
  await assert.rejects(deploy(host, deployRequest(twoUnits)), isBusy);
  assert.equal((await first).outcome, "done");
  assert.equal((await deploy(host, deployRequest(twoUnits))).outcome, "unchanged");
});

test("stop and start wait for all units, dependants first and last", async (t) => {
  const host = makeScript(t);
  await deploy(host, deployRequest(twoUnits));
  host.calls.length = 0;
  await power(host, { verb: "stop", application: shop, instances: [] });
  await power(host, { verb: "start", application: shop, instances: [] });
  assert.deepEqual(host.calls, [
    "stop shop-web.service",
    "stop shop-db.service",
    "start shop-db.service",
    "start shop-web.service",
  ]);
  const one = await power(host, { verb: "restart", application: shop, instances: ["web"] });
  assert.deepEqual(one.units, ["shop-web.service"]);
  await assert.rejects(power(host, { verb: "stop", application: shop, instances: ["x"] }), /no instance x/);
});

test("what was stopped by hand stays so when a deployment is taken back", async (t) => {
  const host = makeScript(t);
  await deploy(host, deployRequest(twoUnits));
  await power(host, { verb: "stop", application: shop, instances: [] });
  assert.equal((await deploy(host, deployRequest(web("# fail: 1")))).outcome, "taken-back");
  assert.deepEqual(host.running(), {});
});

test("status tells of unit files that were edited, and the next deployment writes them again", async (t) => {
  const host = makeScript(t);
  await deploy(host, deployRequest(twoUnits));
  writeFileSync(join(host.root, "etc/systemd/system/shop-web.service"), "[Service]\n");
  const { edited, instances } = await applicationStatus(host, shop);
  assert.deepEqual(edited, ["shop-web.service"]);
  assert.deepEqual(
    instances.map(({ id, state, health }) => `${id} ${state} ${health}`),
    ["db active healthy", "web active healthy"],
  );
  const report = await deploy(host, deployRequest(twoUnits));
  assert.equal(report.outcome, "done");
  assert.match(readFileSync(join(host.root, "etc/systemd/system/shop-web.service"), "utf8"), /^Image=/m);
  assert.deepEqual((await applicationStatus(host, shop)).edited, []);
});

test("delete leaves nothing but the journal", async (t) => {
  const host = makeScript(t);
  await deploy(host, deployRequest(twoUnits));
  const report = await deleteApplication(host, who);
  assert.equal(report.outcome, "done");
  assert.deepEqual([host.running(), unitsInPlace(host), host.state().enabled], [{}, [], []]);
  assert.deepEqual(host.store.applications(), []);
  assert.ok(!existsSync(join(host.root, "var/lib/atomic/gear/applications/shop")));
  await assert.rejects(deleteApplication(host, who), /there is no application shop/);
});

test("a preview tells what would be done and does nothing", async (t) => {
  const host = makeScript(t);
  await deploy(host, deployRequest(twoUnits));
  host.calls.length = 0;
  const before = [host.state(), host.store.requireRecord(shop)];
  const preview = await previewDeploy(host, deployRequest(web("# other")));
  assert.deepEqual(preview.commands, [
    `podman pull ${dbImage}`,
    `podman pull ${webImage}`,
    "systemctl stop shop-web.service",
    "write /etc/systemd/system/shop-web.service",
    "systemctl daemon-reload",
    "systemctl enable shop-db.service shop-web.service",
    "systemctl start shop-db.service shop-web.service",
  ]);
  const changes = preview.files.map(({ name: file, lines }) => [file, ...lines.filter(({ mark }) => mark !== " ")]);
  assert.deepEqual(changes, [
    [
      "shop-web.service",
      { mark: "-", text: "Requires=shop-db.service" },
      { mark: "-", text: "After=shop-db.service" },
      { mark: "+", text: "# other" },
    ],
  ]);
  assert.deepEqual(host.calls, []);
  assert.deepEqual([host.state(), host.store.requireRecord(shop)], before);
});

test("an empty file that is new is shown", async (t) => {
  const files = new Map([["/links/shop-db", { content: "", mode: 0o600 }]]);
  const preview = await previewDeploy(makeScript(t), deployRequest(twoUnits, {}, { files }));
  assert.deepEqual(preview.files.find(({ name: file }) => file === "/links/shop-db")?.lines, []);
});

test("a file of a rendering or a source that leads elsewhere is refused", async (t) => {
  const host = makeScript(t);
  const source = { path: "x", files: new Map([["../../etc/passwd", ""]]) };
  await assert.rejects(deploy(host, deployRequest(twoUnits, { source })), /leads outside of its root/);
  const bad = { "../x.service": { image: webImage } };
  await assert.rejects(deploy(host, deployRequest(bad)), /is not a name of a unit/);
  assert.deepEqual(host.store.applications(), []);
});
