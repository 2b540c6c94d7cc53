// SPDX-License-Identifier: Apache-2.0
/** Rendered units run with Docker: its client is attached in the unit, the container is dockerd's. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { makeApplication, makeContainer, name } from "../application.ts";
import type { SystemdMachine } from "../systemd-fixture.ts";
import { docker, hostile } from "./applications.ts";
import { box, health, out, slowlyEnded, stay, UnitMachine } from "./unit-machine.ts";

let on: UnitMachine;
let machine: SystemdMachine;
const ends: (() => void | Promise<void>)[] = [];
before(async () => {
  on = await UnitMachine.start({ after: (action) => void ends.push(action) }, { ...docker, pins: new Map() });
  machine = on.machine;
  await machine.run("systemctl", ["start", "docker.service"]);
  await machine.run("sh", ["-c", "podman save localhost/box | /usr/bin/docker load"]);
});
after(async () => {
  for (const end of ends) await end();
});
afterEach(() => on.remove());

const shell = (script: string): string[] => ["sh", "-c", script];

test("order, health, secrets, words and logs are as with podman", async () => {
  writeFileSync(join(machine.root, "run/password"), "pass\nword\n", { mode: 0o600 });
  const db = makeContainer({
    ...box,
    name: name("db"),
    health,
    command: shell(`sleep 1; touch /tmp/ready; ${stay}`),
  });
  const web = makeContainer({
    ...box,
    entrypoint: ["/bin/tell"],
    command: hostile,
    environment: hostile.map((value, index) => ({ name: `V${index}`, value })),
    secrets: [
      { name: name("password"), target: { kind: "file", path: "/etc/a password" } },
      { name: name("password"), target: { kind: "environment", variable: "PASSWORD" } },
    ],
    after: [{ on: name("db"), condition: "healthy" }],
  });
  const secrets = [{ name: name("password"), source: { kind: "file" as const, path: "/run/password" } }];
  await on.deploy(makeApplication({ containers: [web, db], secrets }));
  await on.until("web has told", async () => existsSync(join(machine.root, "run/out/words")));
  assert.ok((await on.since("shop-web.service")) > (await on.since("shop-db.healthy.service")));
  assert.ok((await on.since("shop-db.healthy.service")) > (await on.since("shop-db.service")) + 500_000);
  const told = (file: string) => readFileSync(join(machine.root, "run/out", file), "utf8");
  assert.equal(told("words"), hostile.map((word) => `[${word}]\n`).join(""));
  hostile.forEach((value, index) => assert.ok(told("env").includes(`V${index}=${value}\0`), value));
  assert.ok(told("env").includes("PASSWORD=pass\nword\0"));
  const inside = await machine.run("/usr/bin/docker", ["exec", "shop-web", "cat", "/etc/a password"]);
  assert.equal(inside.stdout, "pass\nword\n");
});

test("containers that start at the same time make one network for all of them", async () => {
  const names = Array.from({ length: 6 }, (_, index) => `c${index}`);
  const own = {
    ...box,
    network: { kind: "own" as const, networks: [] },
    restart: { ...box.restart, when: "no" as const },
  };
  const containers = names.map((one) => makeContainer({ ...own, name: name(one), command: shell(stay) }));
  await on.deploy(makeApplication({ containers }));
  for (const one of names) assert.ok(await on.isActive(`shop-${one}.service`), one);
  const networks = await machine.run("/usr/bin/docker", ["network", "ls", "-q", "--filter", "name=^shop$"]);
  assert.equal(networks.stdout.trim().split("\n").length, 1);
  await machine.run("systemctl", ["stop", "gear-shop.target", ...names.map((one) => `shop-${one}.service`)]);
  await machine.run("/usr/bin/docker", ["network", "rm", "shop"]);
});

test("a crash restarts what depends on it, and a job is waited for; both log to their unit", async () => {
  const db = makeContainer({ ...box, name: name("db"), command: shell(`echo begun; ${stay}`) });
  const migrate = makeContainer({ ...box, name: name("migrate"), command: shell("echo work; touch /out/migrated") });
  const after = [
    { on: name("db"), condition: "started" as const },
    { on: name("migrate"), condition: "completed" as const },
  ];
  const web = makeContainer({ ...box, command: shell(`ls /out/migrated; ${stay}`), after, mounts: [out] });
  await on.deploy(makeApplication({ containers: [web, db, migrate] }));
  const before = await on.since("shop-web.service");
  assert.ok(before > (await on.since("shop-migrate.service")));
  await machine.run("/usr/bin/docker", ["kill", "--signal=KILL", "shop-db"]);
  await on.until("web was restarted", async () => (await on.since("shop-web.service")) > before);
  assert.ok((await on.since("shop-web.service")) > (await on.since("shop-db.service")));
  for (const [component, text] of Object.entries({ db: "begun", migrate: "work", web: "/out/migrated" }))
    assert.match(await on.journal("ATOMIC_APP=shop", `ATOMIC_COMPONENT=${component}`), new RegExp(`^${text}$`, "m"));
});

test("a container that is stopped before it is ready is ended by its own signal, and has its time", async () => {
  const db = makeContainer({ ...slowlyEnded("SIGUSR1"), health });
  const deployed = on.deploy(makeApplication({ containers: [db] }));
  await on.until("it has begun", async () => existsSync(join(machine.root, "run/out/begun")));
  await machine.run("systemctl", ["stop", "shop-db.service"]);
  await deployed;
  assert.equal(readFileSync(join(machine.root, "run/out/signals"), "utf8"), "SIGUSR1\n");
});
