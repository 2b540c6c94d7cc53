// SPDX-License-Identifier: Apache-2.0
/** Rendered units run: by a real systemd, with the podman of the machine. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Application, placeUnit, render } from "../../../src/gear/index.ts";
import { type GivenInstance, makeApplication, makeContainer, makePlan, name } from "../application.ts";
import { importImage, usePodman } from "../podman-fixture.ts";
import { startSystemd, type SystemdMachine } from "../systemd-fixture.ts";
import { hostile, podman } from "./applications.ts";

let machine: SystemdMachine;
const ends: (() => void | Promise<void>)[] = [];
before(async () => {
  machine = await startSystemd({ after: (action) => void ends.push(action) });
  await usePodman(machine);
  await importImage(machine, "localhost/box", {
    // Says all that it was given, and stays.
    "bin/tell": '#!/bin/sh\nenv -0 >/out/env; for word; do echo "[$word]"; done >/out/words\nexec sleep 1000\n',
  });
  mkdirSync(join(machine.root, "run/out"));
});
after(async () => {
  for (const end of ends) await end();
});
afterEach(async () => {
  // A target's stop does not wait for what stops with it.
  await machine.run("systemctl", ["stop", "gear-shop.target"]);
  await until("all containers are gone", async () => (await machine.run("podman", ["ps", "-aq"])).stdout === "");
  await machine.run("systemctl", ["disable", "--quiet", ...units]);
  for (const unit of units) rmSync(join(machine.root, "etc/systemd/system", unit), { force: true });
  for (const file of readdirSync(join(machine.root, "run/out"))) rmSync(join(machine.root, "run/out", file));
  await machine.run("systemctl", ["daemon-reload"]);
  await machine.run("systemctl", ["reset-failed"]);
});

/** Of the test that runs. */
let units: readonly string[] = [];
/** The program, unbuilt. */
const source = join(import.meta.dirname, "../../../src/cli/atomic.ts");

const files = "/var/lib/atomic/gear/shop/1/files";

async function deploy(application: Application, instances: readonly GivenInstance[] = []): Promise<void> {
  const rendered = render(makePlan(application, instances), "localhost", { ...podman, pins: new Map() });
  units = [...rendered.units.keys()];
  for (const [unit, text] of rendered.units) machine.writeUnit(unit, placeUnit(text, files, 1));
  for (const [path, { content, mode }] of rendered.files) {
    const target = join(machine.root, files, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content, { mode });
  }
  await machine.run("systemctl", ["daemon-reload"]);
  await machine.run("systemctl", ["enable", "--quiet", ...rendered.start]);
  await machine.run("systemctl", ["start", ...rendered.start], [0, 1]);
}

async function show(unit: string, property: string): Promise<string> {
  return (await machine.run("systemctl", ["show", "--value", "-p", property, unit])).stdout.trim();
}

/** When it became active, in microseconds of the machine's clock. */
const since = async (unit: string): Promise<number> => Number(await show(unit, "ActiveEnterTimestampMonotonic"));

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await condition()) return;
    await sleep(100);
  }
  const { stdout } = await machine.run("journalctl", ["-o", "cat", "--no-pager", "-n", "60"]);
  assert.fail(`not within 30 seconds: ${what}\n${stdout}`);
}

const isActive = async (unit: string): Promise<boolean> => (await show(unit, "ActiveState")) === "active";

const out = { source: { kind: "bind" as const, path: "/run/out" }, target: "/out", readOnly: false };
const health = { test: ["test", "-e", "/tmp/ready"], interval: 300, timeout: 5000, retries: 30, startPeriod: 0 };
const restart = { when: "always" as const, delay: 100, burst: undefined, period: undefined };
const box = { image: "localhost/box", network: { kind: "none" as const }, restart, stopTimeout: 1000, mounts: [out] };
const stay = ["sh", "-c", "trap exit TERM; sleep 1000 & wait"];
const web = makeContainer({ ...box, command: stay, after: [{ on: name("db"), condition: "started" }] });

test("a container gets every word and value as it is, its secrets, and files of its generation", async () => {
  writeFileSync(join(machine.root, "run/password"), "pass\nword\n", { mode: 0o600 });
  const told = makeContainer({
    ...box,
    name: name("told"),
    command: ["/bin/tell", ...hostile],
    environment: hostile.map((value, index) => ({ name: `V${index}`, value })),
    mounts: [out, { source: { kind: "file", content: "x=1\n", mode: 0o640 }, target: "/etc/a b,c", readOnly: true }],
    secrets: [
      { name: name("password"), target: { kind: "file", path: undefined } },
      { name: name("password"), target: { kind: "environment", variable: "PASSWORD" } },
    ],
  });
  const secrets = [{ name: name("password"), source: { kind: "file" as const, path: "/run/password" } }];
  await deploy(makeApplication({ containers: [told], secrets }));
  await until("it has told", async () => existsSync(join(machine.root, "run/out/words")));
  const exec = async (...words: string[]) => (await machine.run("podman", ["exec", "shop-told", ...words])).stdout;
  assert.equal(await exec("cat", "/out/words"), hostile.map((word) => `[${word}]\n`).join(""));
  const environment = new Map(
    (await exec("cat", "/out/env"))
      .split("\0")
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  hostile.forEach((value, index) => assert.equal(environment.get(`V${index}`), value));
  assert.equal(environment.get("PASSWORD"), "pass\nword");
  assert.equal(await exec("cat", "/run/secrets/password"), "pass\nword\n");
  assert.equal(await exec("cat", "/etc/a b,c"), "x=1\n");
});

test("what waits starts when the other is healthy, or has done its work", async () => {
  const db = makeContainer({
    ...box,
    name: name("db"),
    health,
    command: ["sh", "-c", "trap exit TERM; sleep 1; touch /tmp/ready; sleep 1000 & wait"],
  });
  const migrate = makeContainer({
    ...box,
    name: name("migrate"),
    command: ["sh", "-c", "sleep 1; touch /out/migrated"],
  });
  const after = [
    { on: name("db"), condition: "healthy" as const },
    { on: name("migrate"), condition: "completed" as const },
  ];
  const waits = makeContainer({ ...web, command: ["sh", "-c", `ls /out/migrated && echo found; ${stay[2]}`], after });
  const beside = makeContainer({ ...web, name: name("beside") });
  await deploy(makeApplication({ containers: [waits, beside, migrate, db] }));
  const [started, healthy, done, last, early] = await Promise.all(
    ["db", "db.healthy", "migrate", "web", "beside"].map((id) => since(`shop-${id}.service`)),
  );
  assert.ok(started! > 0 && healthy! > started! + 900_000, "healthy after it has started");
  assert.ok(last! > healthy! && last! > done!, "web after both");
  assert.ok(early! > started! && early! < healthy!, "who waits only for the start is not held up");
  const fields = ["ATOMIC_APP=shop", "ATOMIC_COMPONENT=web", "ATOMIC_GENERATION=1", "_TRANSPORT=journal"];
  const { stdout } = await machine.run("journalctl", ["-o", "cat", "--no-pager", ...fields]);
  assert.match(stdout, /^found$/m);
});

test("a crash restarts what depends on it, after it; a stop stops it; and a start brings it back", async () => {
  await deploy(makeApplication({ containers: [web, makeContainer({ ...box, name: name("db"), command: stay })] }));
  const before = await since("shop-web.service");
  assert.ok(before > 0);
  await machine.run("podman", ["kill", "--signal=KILL", "shop-db"]);
  await until(
    "web was restarted",
    async () => (await isActive("shop-web.service")) && (await since("shop-web.service")) > before,
  );
  assert.ok((await since("shop-web.service")) > (await since("shop-db.service")));
  assert.equal(await show("shop-db.service", "NRestarts"), "1");

  await machine.run("systemctl", ["stop", "shop-db.service"]);
  assert.equal(await show("shop-web.service", "ActiveState"), "inactive");
  await machine.run("systemctl", ["start", "shop-db.service"]);
  await until("web is back", () => isActive("shop-web.service"));
});

test("what was given up because the other one failed at first starts when that has come up", async () => {
  const script = `[ -e /out/second ] || { touch /out/second; exit 1; }; touch /tmp/ready; ${stay[2]}`;
  const db = makeContainer({ ...box, name: name("db"), ready: "healthy", health, command: ["sh", "-c", script] });
  await deploy(makeApplication({ containers: [web, db] }));
  await until("both run", async () => (await isActive("shop-db.service")) && (await isActive("shop-web.service")));
  assert.equal(await show("shop-db.service", "NRestarts"), "1");
});

test("a job that fails is tried again up to its limit, and what waits for it does not start", async () => {
  const migrate = makeContainer({
    ...box,
    name: name("migrate"),
    command: ["sh", "-c", "echo x >>/out/tries; exit 3"],
    restart: { when: "on-failure", delay: 50, burst: 2, period: undefined },
  });
  const waits = makeContainer({ ...web, after: [{ on: name("migrate"), condition: "completed" }] });
  await deploy(makeApplication({ containers: [waits, migrate] }));
  const tries = () => readFileSync(join(machine.root, "run/out/tries"), "utf8");
  await until("it was tried twice", async () => tries() === "x\nx\n");
  await until("it has failed", async () => (await show("shop-migrate.service", "ActiveState")) === "failed");
  assert.equal(await show("shop-migrate.service", "ExecMainStatus"), "3");
  assert.equal(tries(), "x\nx\n");
  assert.equal(await show("shop-web.service", "ActiveState"), "inactive");
});

test("a scheduled container runs to its end, and is not started with the application", async () => {
  const backup = makeContainer({
    ...box,
    name: name("backup"),
    schedule: "*-*-* 03:00:00",
    command: ["sh", "-c", "touch /out/backup"],
  });
  await deploy(makeApplication({ containers: [backup] }));
  assert.ok(await isActive("shop-backup.timer"));
  assert.equal(existsSync(join(machine.root, "run/out/backup")), false);
  await machine.run("systemctl", ["start", "shop-backup.service"]);
  assert.ok(existsSync(join(machine.root, "run/out/backup")));
  assert.equal(await show("shop-backup.service", "ActiveState"), "inactive");
});

test("a socket of systemd is there first, starts the container and is passed to it", async () => {
  const listening = makeContainer({
    ...box,
    name: name("listening"),
    sockets: [{ listen: "/run/shop.sock", protocol: "stream" }],
    command: ["sh", "-c", `echo "$LISTEN_FDS" >/out/fds; ${stay[2]}`],
  });
  await deploy(makeApplication({ containers: [listening] }));
  assert.equal(await isActive("shop-listening.service"), false);
  const socket = connect(join(machine.root, "run/shop.sock"));
  await until("the container runs", () => isActive("shop-listening.service"));
  socket.destroy();
  await until("it has told", async () => existsSync(join(machine.root, "run/out/fds")));
  assert.equal(readFileSync(join(machine.root, "run/out/fds"), "utf8"), "1\n");
});

test("containers have the application's network, find each other by name, publish ports, and have their links", async () => {
  // The program itself, from here: the machine has this file system below its own.
  const atomic = `#!/bin/sh\nexec ${process.execPath} --disable-warning=ExperimentalWarning ${source} "$@"\n`;
  writeFileSync(join(machine.root, "usr/bin/atomic"), atomic, { mode: 0o755 });
  const own = { ...box, network: makeContainer().network };
  const serve = "mkdir /tmp/www; echo served >/tmp/www/index.html; exec httpd -f -h /tmp/www -p";
  const db = makeContainer({ ...own, name: name("db"), command: ["sh", "-c", `${serve} 8000`] });
  const volume = { source: { kind: "volume" as const, name: name("data") }, target: "/data", readOnly: false };
  const linked = makeContainer({ ...own, command: ["sh", "-c", `touch /data/here; ${stay[2]}`], mounts: [volume] });
  const volumes = [{ name: name("data"), path: undefined, labels: [{ name: "of", value: "tests" }] }];
  const shared = { address: "127.0.0.1", port: 5432 };
  const to = { instance: name("db"), containerPort: 8000, host: "localhost", port: 18_000 };
  await deploy(makeApplication({ containers: [linked, db], volumes }), [
    { from: name("db"), ports: [{ container: 8000, host: 18_000, address: undefined, protocol: "tcp", shared }] },
    { from: name("web"), links: [{ from: shared, protocol: "tcp", to }] },
  ]);
  await until("both run", async () => (await isActive("shop-db.service")) && (await isActive("shop-web.service")));
  // A static busybox resolves no names, and its wget dies of that.
  const get = 'printf "GET / HTTP/1.0\\r\\n\\r\\n" | nc "$1" "$2" | busybox tail -n 1';
  const inside = async (...where: string[]) =>
    (await machine.run("podman", ["exec", "shop-web", "busybox", "sh", "-c", get, "sh", ...where])).stdout;
  assert.equal(await inside("127.0.0.1", "5432"), "served\n");
  const found = (await machine.run("podman", ["exec", "shop-web", "busybox", "nslookup", "db"])).stdout;
  const address = /^Name:.*\nAddress.*?(\d+(?:\.\d+){3})$/m.exec(found)?.[1];
  assert.equal(await inside(address!, "8000"), "served\n", found);
  assert.equal((await machine.run("curl", ["-s", "http://127.0.0.1:18000/"])).stdout, "served\n");
  const { stdout } = await machine.run("podman", ["volume", "inspect", "shop.data"]);
  assert.deepEqual(JSON.parse(stdout)[0].Labels, { "atomic.app": "shop", of: "tests" });
});
