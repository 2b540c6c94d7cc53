// SPDX-License-Identifier: Apache-2.0
/** The verbs with Docker, on a real systemd. In this order: tests go on where the one before left the machine. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ApplicationStatus, ChangeReport } from "../../../src/gear/index.ts";
import { startEngine } from "../engine-fixture.ts";
import { importImage } from "../podman-fixture.ts";
import type { SystemdMachine } from "../systemd-fixture.ts";

const program = join(import.meta.dirname, "../../../src/cli/atomic.ts");
const cleanups: (() => void | Promise<void>)[] = [];
let machine: SystemdMachine;

before(async () => {
  ({ machine } = await startEngine({ after: (action) => cleanups.push(action) }, "docker"));
  // What units with links call.
  const call = `#!/bin/sh\nexec ${process.execPath} --disable-warning=ExperimentalWarning ${program} "$@"\n`;
  writeFileSync(join(machine.root, "usr/bin/atomic"), call, { mode: 0o755 });
});
after(async () => {
  for (const action of cleanups) await action();
});

function writeBox(command: string): void {
  const text = `
application: box
containers:
  one: {image: "localhost/box:1", command: ${command}, stop-timeout: 1s, restart: no}
update: {min-healthy-time: 2s, healthy-deadline: 60s}
`;
  writeFileSync(join(machine.root, "root/box.yaml"), text);
}

async function atomic<T>(args: readonly string[], accept: readonly number[] = [0]): Promise<T> {
  const node = ["--disable-warning=ExperimentalWarning", program, "gear", ...args, "--json"];
  return JSON.parse((await machine.run(process.execPath, node, accept)).stdout) as T;
}

const deploy = (accept?: readonly number[]) =>
  atomic<ChangeReport>(["deploy", "/root/box.yaml", "--engine=docker"], accept);
const words = async () => (await machine.run("/usr/bin/docker", ["exec", "box-one", "cat", "/proc/1/cmdline"])).stdout;

test("an application is deployed with Docker, and its status is Docker's", async () => {
  writeBox("[sleep, 1000]");
  const report = await deploy();
  assert.deepEqual([report.outcome, report.current, report.reason], ["done", 1, undefined]);
  assert.match(await words(), /1000/);
  const [status] = await atomic<ApplicationStatus[]>(["status"]);
  assert.deepEqual([status!.instances[0]!.state, status!.edited], ["active", []]);
});

test("a new version, one that fails, and back", async () => {
  writeBox("[sleep, 2000]");
  assert.equal((await deploy()).outcome, "done");
  assert.match(await words(), /2000/);
  writeBox("[sh, -c, exit 3]");
  const failed = await deploy([1]);
  assert.deepEqual([failed.outcome, failed.current], ["taken-back", 2]);
  assert.match(failed.reason!, /box-one\.service/);
  assert.match(await words(), /2000/);
  assert.equal((await atomic<ChangeReport>(["rollback", "box"])).current, 1);
  assert.match(await words(), /1000/);
});

function writePair(page: string): void {
  const text = `
application: pair
containers:
  web: {image: "localhost/page:1", command: [sh, -c, "echo serving ${page}; exec httpd -f -p 80 -h /www"], ports: [80], stop-timeout: 1s}
  reader: {image: "localhost/box:1", command: [sleep, 1000], links: ["web:80:8080"], after: [web], stop-timeout: 1s}
update: {min-healthy-time: 2s, healthy-deadline: 3m, images: local}
`;
  writeFileSync(join(machine.root, "root/pair.yaml"), text);
}

async function makePage(page: string): Promise<void> {
  await importImage(machine, "localhost/page:1", { "www/index.html": `${page}\n` });
  await machine.run("sh", ["-c", "podman save localhost/page:1 | /usr/bin/docker load"]);
}

const read = async () =>
  (await machine.run("/usr/bin/docker", ["exec", "pair-reader", "wget", "-qO-", "http://127.0.0.1:8080/index.html"]))
    .stdout;

test("a link leads to a container of Docker's, and can be changed while both run", async () => {
  await makePage("one");
  writePair("one");
  assert.equal((await atomic<ChangeReport>(["deploy", "/root/pair.yaml", "--engine=docker"])).outcome, "done");
  assert.equal(await read(), "one\n");
  await atomic(["link", "pair-reader", "127.0.0.1:8080=127.0.0.2:9"]);
  await machine.run("/usr/bin/docker", ["exec", "pair-reader", "wget", "-qO-", "http://127.0.0.1:8080/"], [1]);
  await atomic(["link", "pair-reader", "--revert"]);
  assert.equal(await read(), "one\n");
});

test("what a container of Docker's writes is in its logs", async () => {
  const words = ["--disable-warning=ExperimentalWarning", program, "gear", "logs", "pair/web", "--output=cat"];
  assert.match((await machine.run(process.execPath, words)).stdout, /^serving one$/m);
});

test("an image that was built anew is an update with Docker, too; and it is rolled back", async () => {
  await makePage("two");
  const report = await atomic<ChangeReport>(["update", "pair"]);
  assert.deepEqual([report.outcome, report.units.changed], ["done", ["pair-web.service"]]);
  assert.equal(await read(), "two\n");
  assert.equal((await atomic<ChangeReport>(["rollback", "pair"])).outcome, "done");
  assert.equal(await read(), "one\n");
  assert.equal((await atomic<ChangeReport>(["delete", "pair"])).outcome, "done");
});

test("nothing is left of one that is deleted", async () => {
  assert.equal((await atomic<ChangeReport>(["delete", "box"])).outcome, "done");
  assert.equal((await machine.run("/usr/bin/docker", ["ps", "-aq"])).stdout, "");
});
