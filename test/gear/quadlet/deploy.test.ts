// SPDX-License-Identifier: Apache-2.0
/** Quadlet files deployed as generations: on a real systemd with a real podman, forth, and back when health fails. */
import assert from "node:assert/strict";
import { rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  connectEngine,
  connectSystemd,
  defaultUpdate,
  deploy,
  GenerationStore,
  loadQuadlets,
  parseName,
  quadletSource,
  renderQuadlets,
  rollback,
  type Surroundings,
  systemClock,
} from "../../../src/gear/index.ts";
import { importImage, usePodman } from "../podman-fixture.ts";
import { startSystemd, type SystemdMachine } from "../systemd-fixture.ts";
import { writeFiles } from "./samples.ts";

const application = parseName("shop", "an application");
const web = (check: string) => `[Container]
Image=localhost/web:1
EnvironmentFile=web.env
Network=host
Volume=data.volume:/data
HealthCmd=${check}
HealthInterval=1s
HealthRetries=1
Exec=/bin/sh -c 'echo $$GREETING >/data/index.html; exec /bin/httpd -f -p 18091 -h /data'

[Install]
WantedBy=multi-user.target
`;
const directory = writeFiles({
  "web.container": web("true"),
  "web.env": "GREETING=first\n",
  "data.volume": "[Volume]\n",
  "worker@.container":
    "[Container]\nImage=localhost/web:1\nNetwork=none\nExec=/bin/sleep 1000\n\n[Install]\nWantedBy=multi-user.target\n",
  "container.d/10-stop.conf": "[Container]\nStopTimeout=0\nPodmanArgs=--init=false\n",
});

const cleanups: (() => void | Promise<void>)[] = [];
let machine: SystemdMachine;
let surroundings: Surroundings;

before(async () => {
  machine = await startSystemd({ after: (action) => cleanups.push(action) });
  await usePodman(machine);
  await importImage(machine, "localhost/web:1");
  const services = await connectSystemd(machine.busAddress);
  const engine = await connectEngine({ kind: "podman", socket: join(machine.root, "run/podman/podman.sock") });
  cleanups.unshift(() => {
    services[Symbol.dispose]();
    engine[Symbol.dispose]();
  });
  const journal = { write: async () => {}, tail: async () => [] };
  surroundings = {
    store: new GenerationStore(machine.root),
    services,
    engine,
    clock: systemClock,
    journal,
    progress: () => {},
  };
});

after(async () => {
  for (const action of cleanups) await action();
  rmSync(directory, { recursive: true });
});

function deployDirectory() {
  const set = loadQuadlets([directory]);
  renderQuadlets(set, { application });
  return deploy(surroundings, {
    application,
    source: quadletSource(set, directory),
    policy: { ...defaultUpdate, minHealthyTime: 1500, healthyDeadline: 180_000 },
    place: () => ({ placed: [], render: (pins) => renderQuadlets(set, { application, pins }) }),
    pull: "missing",
    message: undefined,
    by: "root",
    command: "atomic gear deploy DIRECTORY",
  });
}

async function page(): Promise<string> {
  return (await machine.run("busybox", ["wget", "-qO-", "http://127.0.0.1:18091/index.html"])).stdout.trim();
}

const running = async () =>
  (await machine.run("podman", ["ps", "--format", "{{.Names}}"])).stdout.trim().split("\n").toSorted();

test("the first deployment runs, and does again what it did when nothing changed", async () => {
  symlinkSync("worker@.container", join(directory, "worker@one.container"));
  const report = await deployDirectory();
  assert.deepEqual([report.outcome, report.to, report.reason], ["done", 1, undefined]);
  assert.deepEqual(await running(), ["systemd-web", "systemd-worker_one"]);
  assert.equal(await page(), "first");
  assert.equal((await deployDirectory()).outcome, "unchanged");
});

test("a changed file restarts what names it, an instance that is gone is stopped", async () => {
  writeFileSync(join(directory, "web.env"), "GREETING=second\n");
  unlinkSync(join(directory, "worker@one.container"));
  symlinkSync("worker@.container", join(directory, "worker@two.container"));
  const report = await deployDirectory();
  assert.deepEqual([report.outcome, report.to, report.reason], ["done", 2, undefined]);
  assert.deepEqual(report.units, {
    added: ["worker@two.service"],
    changed: ["web.service"],
    removed: ["worker@one.service"],
    same: ["data-volume.service"],
  });
  assert.deepEqual(await running(), ["systemd-web", "systemd-worker_two"]);
  assert.equal(await page(), "second");
});

test("one that is not healthy is taken back", async () => {
  writeFileSync(join(directory, "web.env"), "GREETING=third\n");
  writeFileSync(join(directory, "web.container"), web("false"));
  const report = await deployDirectory();
  assert.deepEqual([report.outcome, report.current], ["taken-back", 2]);
  assert.match(report.reason!, /web\.service is unhealthy/);
  assert.equal(await page(), "second");
});

test("the first is rolled back to as it was, with its file and instance", async () => {
  const by = { by: "root", command: "atomic gear rollback shop" };
  const report = await rollback(surroundings, { application, generation: 1, ...by });
  assert.deepEqual([report.outcome, report.reason], ["done", undefined]);
  assert.deepEqual(await running(), ["systemd-web", "systemd-worker_one"]);
  assert.equal(await page(), "first");
});
