// SPDX-License-Identifier: Apache-2.0
/** Rendered units run: by a real systemd, with the podman of the machine. */
import assert from "node:assert/strict";
import { existsSync, lstatSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { type AddedTenant, tenantSettings } from "../../../src/gear/index.ts";
import { makeApplication, makeContainer, name } from "../application.ts";
import type { SystemdMachine } from "../systemd-fixture.ts";
import { hostile, podman } from "./applications.ts";
import { box, health, out, restart, slowlyEnded, stay, UnitMachine } from "./unit-machine.ts";

let on: UnitMachine;
let machine: SystemdMachine;
const ends: (() => void | Promise<void>)[] = [];
before(async () => {
  on = await UnitMachine.start({ after: (action) => void ends.push(action) }, { ...podman, pins: new Map() });
  machine = on.machine;
});
after(async () => {
  for (const end of ends) await end();
});
afterEach(() => on.remove());

const told = (file: string): string => readFileSync(join(machine.root, "run/out", file), "utf8");
const hasTold = (file: string): boolean => existsSync(join(machine.root, "run/out", file));

const shell = (script: string): string[] => ["sh", "-c", script];
const web = makeContainer({ ...box, command: shell(stay), after: [{ on: name("db"), condition: "started" }] });

test("a container gets every word and value as it is, its secrets, and files of its generation", async () => {
  writeFileSync(join(machine.root, "run/password"), "pass\nword\n", { mode: 0o600 });
  const container = makeContainer({
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
  await on.deploy(makeApplication({ containers: [container], secrets }));
  await on.until("it has told", async () => hasTold("words"));
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

test("a container that does not heed the signal has not failed when it was stopped, and has when somebody else killed it", async () => {
  const stubborn = makeContainer({
    ...box,
    command: ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"],
    // What is started by hand counts, too.
    restart: { ...box.restart, when: "on-failure", burst: 4 },
  });
  await on.deploy(makeApplication({ containers: [stubborn] }));
  const state = () => on.show("shop-web.service", "ActiveState");
  const kill = () => machine.run("podman", ["kill", "--signal=KILL", "shop-web"]);
  assert.equal(await state(), "active");
  await machine.run("systemctl", ["stop", "shop-web.service"]);
  assert.deepEqual([await state(), await on.show("shop-web.service", "ExecMainStatus")], ["inactive", "137"]);
  await machine.run("systemctl", ["start", "shop-web.service"]);
  await machine.run("systemctl", ["restart", "shop-web.service"]);
  await kill();
  await on.until("it was started again", async () => (await on.show("shop-web.service", "NRestarts")) === "1");
  await on.until("it runs", () => on.isActive("shop-web.service"));
  await kill();
  await on.until("it has failed for good", async () => (await state()) === "failed");
});

for (const stopSignal of ["SIGQUIT", "SIGUSR1"]) {
  test(`a container whose start fails is ended by its own signal: ${stopSignal}`, async () => {
    const failing = { ...health, test: ["false"], retries: 1 };
    const db = makeContainer({ ...slowlyEnded(stopSignal), health: failing, restart: { ...restart, when: "no" } });
    await on.deploy(makeApplication({ containers: [db] }));
    assert.equal(await on.show("shop-db.service", "ActiveState"), "failed");
    assert.equal(told("signals"), `${stopSignal}\n`);
  });
}

test("a container that is stopped before it is ready is ended by its own signal", async () => {
  const db = makeContainer({ ...slowlyEnded("SIGQUIT"), health });
  const deployed = on.deploy(makeApplication({ containers: [db] }));
  await on.until("it has begun", async () => hasTold("begun"));
  await machine.run("systemctl", ["stop", "shop-db.service"]);
  await deployed;
  assert.equal(told("signals"), "SIGQUIT\n");
  assert.equal(await on.show("shop-db.service", "ActiveState"), "inactive");
});

test("a container that says itself when it is ready is waited for until it has", async () => {
  // systemd-notify(1) of the machine, with the libraries that it needs.
  const notify = "while ! [ -e /out/go ]; do sleep 0.1; done; /usr/bin/systemd-notify --no-block --ready";
  const usr = ["/usr", "/lib", "/lib64"].map((path) => {
    return { source: { kind: "bind" as const, path }, target: path, readOnly: true };
  });
  const db = makeContainer({
    ...box,
    name: name("db"),
    ready: "notify",
    mounts: [...box.mounts, ...usr],
    command: ["/bin/sh", "-c", `${notify}; ${stay}`],
  });
  const deployed = on.deploy(makeApplication({ containers: [web, db] }));
  await on.until("the container runs", async () => (await machine.run("podman", ["ps", "-q"])).stdout !== "");
  assert.equal(await on.show("shop-db.service", "ActiveState"), "activating");
  assert.equal(await on.show("shop-web.service", "ActiveState"), "inactive");
  writeFileSync(join(machine.root, "run/out/go"), "");
  await deployed;
  assert.ok((await on.since("shop-web.service")) > (await on.since("shop-db.service")));
  assert.ok(await on.isActive("shop-db.service"));
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
  const waits = makeContainer({ ...web, command: ["sh", "-c", `ls /out/migrated && echo found; ${stay}`], after });
  const beside = makeContainer({ ...web, name: name("beside") });
  await on.deploy(makeApplication({ containers: [waits, beside, migrate, db] }));
  const [started, healthy, done, last, early] = await Promise.all(
    ["db", "db.healthy", "migrate", "web", "beside"].map((id) => on.since(`shop-${id}.service`)),
  );
  assert.ok(started! > 0 && healthy! > started! + 900_000, "healthy after it has started");
  assert.ok(last! > healthy! && last! > done!, "web after both");
  assert.ok(early! > started! && early! < healthy!, "who waits only for the start is not held up");
  const fields = ["ATOMIC_APP=shop", "ATOMIC_COMPONENT=web", "ATOMIC_GENERATION=1", "_TRANSPORT=journal"];
  assert.match(await on.journal(...fields), /^found$/m);
});

test("a crash restarts what depends on it, after it; a stop stops it; and a start brings it back", async () => {
  await on.deploy(
    makeApplication({ containers: [web, makeContainer({ ...box, name: name("db"), command: shell(stay) })] }),
  );
  const before = await on.since("shop-web.service");
  assert.ok(before > 0);
  await machine.run("podman", ["kill", "--signal=KILL", "shop-db"]);
  await on.until(
    "web was restarted",
    async () => (await on.isActive("shop-web.service")) && (await on.since("shop-web.service")) > before,
  );
  assert.ok((await on.since("shop-web.service")) > (await on.since("shop-db.service")));
  assert.equal(await on.show("shop-db.service", "NRestarts"), "1");

  await machine.run("systemctl", ["stop", "shop-db.service"]);
  assert.equal(await on.show("shop-web.service", "ActiveState"), "inactive");
  await machine.run("systemctl", ["start", "shop-db.service"]);
  await on.until("web is back", () => on.isActive("shop-web.service"));
});

test("what was given up because the other one failed at first starts when that has come up", async () => {
  const script = `[ -e /out/second ] || { touch /out/second; exit 1; }; touch /tmp/ready; ${stay}`;
  const db = makeContainer({ ...box, name: name("db"), ready: "healthy", health, command: ["sh", "-c", script] });
  await on.deploy(makeApplication({ containers: [web, db] }));
  await on.until(
    "both run",
    async () => (await on.isActive("shop-db.service")) && (await on.isActive("shop-web.service")),
  );
  assert.equal(await on.show("shop-db.service", "NRestarts"), "1");
});

test("a job that fails is tried again up to its limit, and what waits for it does not start", async () => {
  const migrate = makeContainer({
    ...box,
    name: name("migrate"),
    command: ["sh", "-c", "echo x >>/out/tries; exit 3"],
    restart: { when: "on-failure", delay: 50, burst: 2, period: undefined },
  });
  const waits = makeContainer({ ...web, after: [{ on: name("migrate"), condition: "completed" }] });
  await on.deploy(makeApplication({ containers: [waits, migrate] }));
  const tries = () => told("tries");
  await on.until("it was tried twice", async () => tries() === "x\nx\n");
  await on.until("it has failed", async () => (await on.show("shop-migrate.service", "ActiveState")) === "failed");
  assert.equal(await on.show("shop-migrate.service", "ExecMainStatus"), "3");
  assert.equal(tries(), "x\nx\n");
  assert.equal(await on.show("shop-web.service", "ActiveState"), "inactive");
});

test("a scheduled container runs to its end, and is not started with the application", async () => {
  const backup = makeContainer({
    ...box,
    name: name("backup"),
    schedule: "*-*-* 03:00:00",
    command: ["sh", "-c", "touch /out/backup"],
  });
  await on.deploy(makeApplication({ containers: [backup] }));
  assert.ok(await on.isActive("shop-backup.timer"));
  assert.equal(hasTold("backup"), false);
  await machine.run("systemctl", ["start", "shop-backup.service"]);
  assert.ok(hasTold("backup"));
  assert.equal(await on.show("shop-backup.service", "ActiveState"), "inactive");
});

test("a socket of systemd is there first, starts the container and is passed to it", async () => {
  const listening = makeContainer({
    ...box,
    name: name("listening"),
    sockets: [{ listen: "/run/shop.sock", protocol: "stream" }],
    command: ["sh", "-c", `echo "$LISTEN_FDS" >/out/fds; ${stay}`],
  });
  await on.deploy(makeApplication({ containers: [listening] }));
  assert.equal(await on.isActive("shop-listening.service"), false);
  const socket = connect(join(machine.root, "run/shop.sock"));
  await on.until("the container runs", () => on.isActive("shop-listening.service"));
  socket.destroy();
  await on.until("it has told", async () => hasTold("fds"));
  assert.equal(told("fds"), "1\n");
});

test("containers have the application's network, find each other by name, publish ports, and have their links", async () => {
  const own = { ...box, network: makeContainer().network };
  const serve = "mkdir /tmp/www; echo served >/tmp/www/index.html; exec httpd -f -h /tmp/www -p";
  const db = makeContainer({ ...own, name: name("db"), command: ["sh", "-c", `${serve} 8000`] });
  const volume = { source: { kind: "volume" as const, name: name("data") }, target: "/data", readOnly: false };
  const linked = makeContainer({ ...own, command: ["sh", "-c", `touch /data/here; ${stay}`], mounts: [volume] });
  const volumes = [{ name: name("data"), path: undefined, labels: [{ name: "of", value: "tests" }] }];
  const shared = { address: "127.0.0.1", port: 5432 };
  const to = { instance: name("db"), containerPort: 8000, host: "localhost", port: 18_000 };
  await on.deploy(makeApplication({ containers: [linked, db], volumes }), [
    { from: name("db"), ports: [{ container: 8000, host: 18_000, address: undefined, protocol: "tcp", shared }] },
    { from: name("web"), links: [{ from: shared, protocol: "tcp", to }] },
  ]);
  await on.until(
    "both run",
    async () => (await on.isActive("shop-db.service")) && (await on.isActive("shop-web.service")),
  );
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

test("a tenant's containers are its users', in its slice, and log to its journal", async () => {
  // A user namespace may mount a /proc only where there is one that nothing is mounted over (mount_too_revealing).
  await machine.run("mount", ["--mkdir", "-t", "proc", "proc", "/run/proc"]);
  const added = await machine.run("atomic", ["gear", "tenant", "add", "acme", "--json"]);
  const { tenant } = JSON.parse(added.stdout) as AddedTenant;
  const volume = { source: { kind: "volume" as const, name: name("own") }, target: "/data", readOnly: false };
  const script = `touch /data/here; cat /proc/self/uid_map; ${stay}`;
  const own = makeContainer({ ...box, command: shell(script), mounts: [volume] });
  const volumes = [{ name: name("own"), path: undefined, labels: [] }];
  const application = makeApplication({ tenant: tenant.name, containers: [own], volumes });
  await on.deploy(application, [], { ...on.settings, tenant: tenantSettings(tenant) });
  await on.until("it runs", () => on.isActive("shop-web.service"));
  const { first, count } = tenant.users;
  const logged = () => on.journal("--namespace=acme", "ATOMIC_TENANT=acme", "ATOMIC_COMPONENT=web");
  await on.until("it has told", async () => new RegExp(`^ +0 +${first} +${count}$`, "m").test(await logged()));
  assert.equal(
    await on.show("shop-web.service", "ControlGroup"),
    "/tenant.slice/tenant-acme.slice/tenant-acme-shop.slice/shop-web.service",
  );
  const path = (await machine.run("podman", ["volume", "inspect", "-f", "{{.Mountpoint}}", "shop.own"])).stdout.trim();
  assert.equal(lstatSync(join(machine.root, path, "here")).uid, first);
});
