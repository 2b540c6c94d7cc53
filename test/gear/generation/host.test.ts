// SPDX-License-Identifier: Apache-2.0
/** An application that goes with the host, through updates of both. In this order: tests go on where the one before left the machine. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApplicationHistory, ApplicationStatus } from "../../../src/gear/index.ts";
import { importImage, usePodman } from "../podman-fixture.ts";
import { HostMachine } from "./host-machine.ts";

let on: HostMachine;
before(async () => {
  on = new HostMachine();
  await on.update("13.3");
  await on.boot();
  await usePodman(on.machine);
  const serve = 'CMD ["/bin/httpd", "-f", "-p", "8080", "-h", "/www"]';
  for (const version of ["1", "2", "3", "4"]) {
    await importImage(on.machine, `localhost/web:${version}`, { "www/index.html": `version ${version}\n` }, [serve]);
  }
});
after(() => on.dispose());

function writeShop(version: number, hostVersion?: string): void {
  const text = `
application: shop
${hostVersion === undefined ? "" : `host-version: "${hostVersion}"`}
containers:
  web:
    image: localhost/web:${version}
    ports: ["127.0.0.1:18080:8080"]
    stop-timeout: 1s
    restart: {when: on-failure, delay: 200ms, burst: 3}
${version === 3 ? '    health: {test: "test -e /never", interval: 1s, retries: 2}' : ""}
${version === 2 ? '  cache: {image: "localhost/web:1", stop-timeout: 1s}' : ""}
update: {min-healthy-time: 1s, healthy-deadline: ${version === 3 ? "30s" : "2m"}, keep: 2}
`;
  writeFileSync(join(on.path, "srv/shop.yaml"), text);
}

const atomic = (args: readonly string[], accept: readonly number[] = [0]) =>
  on.machine.run("/usr/bin/atomic", args, accept);
const deploy = (more: readonly string[] = [], accept: readonly number[] = [0]) =>
  atomic(["gear", "deploy", "/srv/shop.yaml", "--pull=never", ...more], accept);
async function health(expected = 0): Promise<void> {
  const { code } = await on.machine.run("systemctl", ["start", "atomic-gear-health.service"], [0, 1]);
  const told = await on.machine.run("journalctl", ["-o", "cat", "-u", "atomic-gear-health.service"]);
  assert.equal(code, expected, told.stdout);
}

async function status(): Promise<ApplicationStatus> {
  const { stdout } = await atomic(["gear", "status", "shop", "--json"], [0, 1]);
  return (JSON.parse(stdout) as ApplicationStatus[])[0]!;
}

async function history(): Promise<ApplicationHistory> {
  return JSON.parse((await atomic(["gear", "history", "shop", "--json"])).stdout) as ApplicationHistory;
}

/** The page that is served, and the generations of which anything has run since the boot. */
async function runs(): Promise<[page: string, generations: string]> {
  for (let tries = 0; tries < 100; tries++) {
    const get = ["wget", "-qO-", "http://127.0.0.1:18080/index.html"];
    const { stdout } = await on.machine.run("busybox", get, [0, 1]);
    const containers = await on.machine.run("journalctl", [
      "-o",
      "cat",
      "--output-fields=ATOMIC_GENERATION",
      "-u",
      "shop-web.service",
    ]);
    if (stdout !== "")
      return [
        stdout.trim(),
        [
          ...new Set(
            containers.stdout
              .trim()
              .split("\n")
              .filter((line) => /^\d+$/.test(line)),
          ),
        ].join(),
      ];
    await sleep(200);
  }
  throw new Error(`nothing answers: ${(await on.machine.run("journalctl", ["-n", "80", "--no-pager"])).stdout}`);
}

test("a file that asks for another version of the host is refused", async () => {
  writeShop(1);
  await deploy();
  assert.deepEqual(await runs(), ["version 1", "1"]);
  writeShop(2, ">=13.4");
  const { stderr } = await deploy([], [1]);
  assert.match(stderr, /error\[gear-other-host\]: shop: it is for a host of version >=13\.4, and this is 13\.3/);
  assert.match((await deploy(["--with-host"], [1])).stderr, /no other version of the host boots next/);
});

test("a generation waits for the host that boots next while the one before runs on", async () => {
  await on.update("13.4");
  assert.match((await deploy([], [1])).stderr, /13\.4 boots next: deploy it with --with-host/);
  const { stdout } = await deploy(["--with-host"]);
  assert.match(
    stdout,
    /^shop: generation 2 is ready, and is switched to when the host 13\.4 boots; until then generation 1 runs on\./,
  );
  assert.deepEqual(await runs(), ["version 1", "1"]);
  assert.match((await atomic(["gear", "status", "shop"])).stdout, /generation 2 waits for the host 13\.4/);
});

test("at the first boot of that host it alone runs, and a good one keeps both", async () => {
  await on.boot("13.4");
  assert.deepEqual(await runs(), ["version 2", "2"]);
  assert.equal((await on.machine.run("systemctl", ["is-active", "shop-cache.service"])).stdout.trim(), "active");
  await health();
  const { generation, hosts, edited } = await status();
  assert.deepEqual([generation, hosts?.waiting, edited], [2, undefined, []]);
  assert.deepEqual(
    hosts!.known.map(({ host, generation: number, proven }) => [host.version, number, proven]),
    [
      ["13.3", 1, true],
      ["13.4", 2, true],
    ],
  );
  assert.match((await atomic(["host", "health", "settle", "--no-reboot"])).stdout, /13\.4 is healthy and stays/);
});

test("the host goes back, and so does the application; forward again, and it does as well", async () => {
  await on.rollBack("13.3");
  await on.boot();
  assert.deepEqual([on.booted, await runs()], ["13.3", ["version 1", "1"]]);
  assert.deepEqual([(await status()).generation, (await status()).edited], [1, []]);
  await on.machine.run("systemctl", ["is-active", "shop-cache.service"], [3, 4]);
  const [event] = (await history()).events;
  assert.deepEqual([event?.kind, event?.from, event?.to, event?.reason], ["follow-host", 2, 1, "the host runs 13.3"]);
  await on.rollBack("13.4");
  await on.boot();
  assert.deepEqual([on.booted, await runs()], ["13.4", ["version 2", "2"]]);
});

test("what does not come up with the new host takes the host back with it, and neither comes again by itself", async () => {
  await on.update("13.5");
  writeShop(3, ">=13.4");
  await deploy(["--with-host"]);
  await on.boot();
  assert.equal(on.booted, "13.5");
  await health(1);
  const settled = await atomic([
    "host",
    "health",
    "settle",
    "--failed=boot-complete.target was not reached",
    "--no-reboot",
  ]);
  assert.match(settled.stdout, /13\.5 was rolled back: failed health checks: application shop \(shop-web\.service /);
  assert.equal(on.versions()[0], "13.4");
  await on.boot();
  assert.deepEqual(await runs(), ["version 2", "2"]);
  await health();
  const { generations, current } = await history();
  assert.deepEqual([current, generations.find(({ number }) => number === 3)?.state], [2, "failed"]);
  // Somebody boots that host all the same: it gets what runs, and a chance to prove itself with that.
  await on.boot("13.5");
  assert.deepEqual(await runs(), ["version 2", "2"]);
  await health();
});

test("generations that a host would come back to are kept as long as the host is", async () => {
  await on.boot("13.4");
  for (const message of ["a", "b"]) {
    writeShop(4, ">=13.4");
    await deploy();
    writeShop(2, ">=13.4");
    await deploy(["-m", message]);
  }
  const numbers = async () => (await history()).generations.map(({ number }) => number).toSorted((a, b) => a - b);
  assert.ok((await numbers()).includes(1), "13.3 is still there");
  await on.remove("13.3");
  writeShop(4, ">=13.4");
  await deploy();
  assert.ok(!(await numbers()).includes(1));
  writeShop(1);
  await deploy();
  assert.equal((await status()).hosts, undefined, "a file that does not ask for a host lets it go its own way");
});
