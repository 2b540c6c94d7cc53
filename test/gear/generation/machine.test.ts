// SPDX-License-Identifier: Apache-2.0
/** The verbs on a real systemd and podman. In this order: tests go on where the one before left the machine. */
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApplicationHistory, ApplicationStatus, ChangeReport } from "../../../src/gear/index.ts";
import { importImage, usePodman } from "../podman-fixture.ts";
import { startSystemd, type SystemdMachine } from "../systemd-fixture.ts";

const program = join(import.meta.dirname, "../../../src/cli/atomic.ts");
const cleanups: (() => void | Promise<void>)[] = [];
let machine: SystemdMachine;

before(async () => {
  machine = await startSystemd({ after: (action) => cleanups.push(action) });
  await usePodman(machine);
  const serve = 'CMD ["/bin/httpd", "-f", "-p", "8080", "-h", "/www"]';
  for (const version of ["1", "2"]) {
    await importImage(machine, `localhost/web:${version}`, { "www/index.html": `version ${version}\n` }, [serve]);
  }
  const falls = "#!/bin/sh\n/bin/httpd -p 8080 -h /www\nsleep 1\nexit 3\n";
  await importImage(machine, "localhost/web:3", { "www/index.html": "version 3\n", "run.sh": falls }, [
    'CMD ["/run.sh"]',
  ]);
  await importImage(machine, "localhost/db:1", {}, ['CMD ["/bin/sleep", "100000"]']);
});
after(async () => {
  for (const action of cleanups) await action();
});

function writeShop(version: number, healthySeconds = 4): void {
  const text = `
application: shop
containers:
  web:
    image: localhost/web:${version}
    ports: ["127.0.0.1:18080:8080"]
    after: {db: healthy}
    stop-timeout: 1s
  db:
    image: localhost/db:1
    health: {test: test -e /bin/sleep, interval: 1s, retries: 3}
    stop-timeout: 1s
update: {min-healthy-time: ${healthySeconds}s, healthy-deadline: 3m, keep: 3, images: local}
`;
  writeFileSync(join(machine.root, "root/shop.yaml"), text);
}

async function atomic(args: readonly string[], accept: readonly number[] = [0]) {
  const node = ["--disable-warning=ExperimentalWarning", program, ...args];
  return machine.run(process.execPath, node, accept);
}

async function json<T>(args: readonly string[], accept: readonly number[] = [0]): Promise<T> {
  return JSON.parse((await atomic([...args, "--json"], accept)).stdout) as T;
}

const page = async () =>
  (await machine.run("busybox", ["wget", "-qO-", "http://127.0.0.1:18080/index.html"])).stdout.trim();
const isActive = async (unit: string) => (await machine.run("systemctl", ["is-active", unit], [0, 3])).stdout.trim();

test("a preview changes nothing; a deployment runs, is enabled, and says how to undo it", async () => {
  writeShop(1);
  const preview = await atomic(["gear", "deploy", "/root/shop.yaml", "--dry-run"]);
  assert.match(preview.stdout, /^\+ExecStart=/m);
  assert.match(preview.stdout, /Nothing was changed\.\n$/);
  assert.deepEqual(readdirSync(join(machine.root, "etc/systemd/system")), []);
  const { stdout, stderr } = await atomic(["gear", "deploy", "/root/shop.yaml", "-m", "opening"]);
  assert.match(stdout, /^shop: generation 1 runs, and is healthy\./);
  assert.match(stdout, /Undo: {2}atomic gear delete shop$/m);
  assert.match(stderr, /Images: 2 pinned, 0 new/);
  assert.equal(await page(), "version 1");
  assert.equal((await machine.run("systemctl", ["is-enabled", "shop-web.service"])).stdout.trim(), "enabled");
});

test("status has every container's state and health; logs and exec reach them", async () => {
  // As after a reboot.
  await machine.run("systemctl", ["stop", "podman.socket", "podman.service"]);
  const [shop] = await json<ApplicationStatus[]>(["gear", "status", "shop"]);
  assert.deepEqual(shop!.instances.map(({ id, state, health }) => `${id} ${state} ${health ?? "-"}`).sort(), [
    "db active healthy",
    "web active -",
  ]);
  assert.match((await atomic(["gear", "list"])).stdout, /^shop +1 +running +2\/2/m);
  const { stdout } = await atomic(["gear", "exec", "shop", "web", "--", "cat", "/www/index.html"]);
  assert.equal(stdout, "version 1\n");
  const logs = await atomic(["gear", "logs", "shop", "--output=cat"]);
  assert.match(logs.stdout, /shop: deploy of generation none to 1 done/);
});

test("a second version restarts what changed alone", async () => {
  const since = (await machine.run("systemctl", ["show", "-P", "InvocationID", "shop-db.service"])).stdout;
  writeShop(2);
  const report = await json<ChangeReport>(["gear", "deploy", "/root/shop.yaml"]);
  assert.deepEqual([report.outcome, report.units.changed], ["done", ["shop-web.service"]]);
  assert.equal(await page(), "version 2");
  assert.equal((await machine.run("systemctl", ["show", "-P", "InvocationID", "shop-db.service"])).stdout, since);
  const again = await atomic(["gear", "deploy", "/root/shop.yaml", "--unchanged-exit-77"], [77]);
  assert.match(again.stdout, /generation 2 runs already/);
});

test("a version that falls over after its start is taken back, with an exit code and a reason", async () => {
  writeShop(3);
  const { code, stdout } = await atomic(["gear", "deploy", "/root/shop.yaml"], [1]);
  assert.equal(code, 1);
  assert.match(stdout, /^shop: generation 3 did not come through, and was taken back\. Generation 2 runs again\./);
  assert.match(stdout, /shop-web\.service/);
  assert.equal(await page(), "version 2");
  const history = await json<ApplicationHistory>(["gear", "history", "shop"]);
  assert.deepEqual([history.current, history.events[0]?.outcome], [2, "taken-back"]);
  const entries = await machine.run("journalctl", ["-o", "cat", "ATOMIC_OUTCOME=taken-back"]);
  assert.match(entries.stdout, /shop: deploy of generation 2 to 3 taken back: shop-web\.service/);
});

test("a dependant of the host that systemd stopped runs again", async () => {
  machine.writeUnit("report.service", "[Unit]\nRequires=shop-web.service\n[Service]\nExecStart=/bin/sleep 100000\n");
  await machine.run("systemctl", ["daemon-reload"]);
  await machine.run("systemctl", ["start", "report.service"]);
  writeShop(3);
  await atomic(["gear", "deploy", "/root/shop.yaml"], [1]);
  assert.deepEqual([await isActive("report.service"), await isActive("shop-web.service")], ["active", "active"]);
});

test("rollback goes back; a port that somebody has is refused before anything is touched", async () => {
  const report = await json<ChangeReport>(["gear", "rollback", "shop"]);
  assert.deepEqual([report.outcome, report.current], ["done", 1]);
  assert.equal(await page(), "version 1");
  writeFileSync(
    join(machine.root, "root/other.yaml"),
    'application: other\ncontainers: {web: {image: "localhost/web:1", ports: ["18080:8080"]}}\n',
  );
  const { stderr } = await atomic(["gear", "deploy", "/root/other.yaml"], [1]);
  assert.match(stderr, /port 18080\/tcp .* is taken by application shop/);
});

test("a deployment that is killed is taken back by the next command", async () => {
  writeShop(2, 100);
  const node = [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    program,
    "gear",
    "deploy",
    "/root/shop.yaml",
  ];
  // In its watch: the new version runs and nobody has seen it healthy for long enough.
  const get = "timeout 1 busybox wget -qO- http://127.0.0.1:18080/index.html 2>&1";
  const script = `"$@" & until [ "$(${get})" = "version 2" ]; do sleep 0.1; done; kill -9 $!`;
  await machine.run("timeout", ["90", "bash", "-c", script, "bash", ...node]);
  assert.equal(await page(), "version 2");
  const status = await atomic(["gear", "status", "shop"], [1]);
  assert.match(status.stdout, /atomic gear recover shop/);
  const { stdout } = await atomic(["gear", "recover"]);
  assert.match(stdout, /A deploy of shop that was ended in the middle was taken back: generation 1 runs\./);
  assert.equal(await page(), "version 1");
});

test("two commands at once: the second says who is busy", async () => {
  writeShop(2, 15);
  const first = atomic(["gear", "deploy", "/root/shop.yaml"]);
  for (;;) {
    const [shop] = await json<ApplicationStatus[]>(["gear", "status", "shop"], [0, 1]);
    if (shop!.change !== undefined) break;
    await sleep(100);
  }
  const { stderr: busy } = await atomic(["gear", "restart", "shop", "db"], [75]);
  assert.match(busy, /error\[gear-busy\]: .*gear deploy \/root\/shop\.yaml \(process \d+, since/);
  assert.match((await first).stdout, /generation \d runs, and is healthy/);
});

test("an image that was built anew is an update", async () => {
  const serve = 'CMD ["/bin/httpd", "-f", "-p", "8080", "-h", "/www"]';
  await importImage(machine, "localhost/web:2", { "www/index.html": "version 2b\n" }, [serve]);
  const report = await json<ChangeReport>(["gear", "update", "shop"]);
  assert.deepEqual([report.outcome, report.kind, report.units.changed], ["done", "update", ["shop-web.service"]]);
  assert.equal(await page(), "version 2b");
  assert.match(
    (await atomic(["gear", "diff", "shop"])).stdout,
    /image localhost\/web:2 {2}[0-9a-f]{12} → [0-9a-f]{12}/,
  );
});

test("a timer updates it in its window, and takes back what does not come through", async () => {
  assert.equal(await isActive("gear-update-shop.timer"), "active");
  const call = `#!/bin/sh\nexec ${process.execPath} --disable-warning=ExperimentalWarning ${program} "$@"\n`;
  writeFileSync(join(machine.root, "usr/bin/atomic"), call, { mode: 0o755 });
  await importImage(machine, "localhost/web:2", {}, ['CMD ["/bin/false"]']);
  const failed = await machine.run("systemctl", ["start", "gear-update-shop.service"], [1]);
  assert.equal(failed.code, 1);
  assert.equal(await page(), "version 2b");
  const history = await json<ApplicationHistory>(["gear", "history", "shop"]);
  assert.deepEqual([history.events[0]?.kind, history.events[0]?.outcome], ["update", "taken-back"]);
});

test("stop, start, delete", async () => {
  const shown = await page();
  assert.match((await atomic(["gear", "stop", "shop"])).stdout, /^shop: \d+ units stopped\.$/m);
  for (const unit of ["shop-web.service", "shop-db.service"]) assert.notEqual(await isActive(unit), "active");
  assert.equal((await machine.run("podman", ["ps", "-q"])).stdout, "");
  await atomic(["gear", "start", "shop"]);
  assert.equal(await page(), shown);
  assert.match((await atomic(["gear", "delete", "shop"])).stdout, /^shop is deleted\. Its volumes are kept\.$/m);
  const left = readdirSync(join(machine.root, "etc/systemd/system")).filter((name) => name.startsWith("shop"));
  assert.deepEqual(left, []);
  assert.equal((await machine.run("podman", ["ps", "-aq"])).stdout, "");
  assert.match((await atomic(["gear", "list"])).stdout, /^No applications/);
});
