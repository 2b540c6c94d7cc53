// SPDX-License-Identifier: Apache-2.0
/** Deployments on two hosts, over a real ssh to a real systemd and podman on each. In this order: tests go on where the one before left them. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ApplicationStatus } from "../../../src/gear/index.ts";
import { deployWords, recordOf, TwoHosts } from "./two-hosts.ts";

const cleanups: (() => void | Promise<void>)[] = [];
let shop: TwoHosts;

before(async () => {
  shop = await TwoHosts.start({ after: (action) => cleanups.push(action) });
});
after(async () => {
  for (const action of cleanups.reverse()) await action();
});

test("names of hosts are no options of ssh; an unknown key, a host that is down and one without atomic are told, and nothing is begun", async () => {
  shop.write({});
  const words = ["gear", "deploy", "/root/shop.yaml"];
  const bad = await shop.all.atomic([...words, "--", "one", "-oProxyCommand=touch /tmp/hacked"], [1]);
  assert.match(bad.stderr, /^error\[gear-bad-host\]: "-oProxyCommand=touch \/tmp\/hacked" is not a name of a host/);
  for (const name of ["one;reboot", "$(id)", "a b", "-v", "one\nHost x", "@one", "root@-x"]) {
    assert.equal(
      (await shop.all.atomic([...words, "--", name], [1])).stderr.split(":")[0],
      "error[gear-bad-host]",
      name,
    );
  }
  const known = join(shop.all.workstation.root, "root/.ssh/known_hosts");
  const keys = (await shop.all.workstation.run("cat", ["/root/.ssh/known_hosts"])).stdout;
  writeFileSync(known, keys.split("\n")[0]!);
  const unknown = await shop.all.atomic([...words, "one", "two"], [1]);
  assert.match(unknown.stderr, /^error\[gear-host\]: two: .*Host key verification failed/m);
  writeFileSync(known, keys);
  const down = await shop.all.atomic([...words, "one", "10.79.0.99"], [1]);
  assert.match(down.stderr, /^error\[gear-host\]: 10\.79\.0\.99: ssh: connect to host/m);
  for (const machine of [shop.one, shop.two]) {
    assert.equal((await machine.run("ls", ["/var/lib/atomic/gear/applications"], [0, 2])).stdout, "");
  }
});

test("a deployment runs on both hosts, and a container reaches one on the other host without knowing of it", async () => {
  const report = await shop.deploy({});
  assert.deepEqual(
    [report.outcome, report.hosts.map(({ host, report: own }) => `${host} ${own?.current}`)],
    ["done", ["one 1", "two 1"]],
  );
  assert.equal(await shop.versions(), "web 1, db 1");
  const [a, b] = [await recordOf(shop.one), await recordOf(shop.two)];
  assert.equal(a.events[0]!.transaction, report.transaction);
  assert.equal(b.events[0]!.transaction, report.transaction);
  const again = await shop.all.atomic([...deployWords, "--unchanged-exit-77"], [77]);
  assert.match(again.stdout, /^shop runs already; nothing had to be done, on 2 hosts\./);
});

test("verbs of one host work on several, side by side", async () => {
  const both = ["--host=one", "--host=two"];
  const status = JSON.parse((await shop.all.atomic(["gear", "status", ...both, "--json"])).stdout) as {
    readonly host: string;
    readonly result: ApplicationStatus[];
  }[];
  const shown = status.map(
    ({ host, result }) => `${host} ${result[0]!.instances.map(({ id, state }) => `${id} ${state}`).join()}`,
  );
  assert.deepEqual(shown, ["one web active", "two db active"]);
  const { stdout } = await shop.all.atomic(["gear", "history", "shop", ...both]);
  assert.match(stdout, /^one:\nshop: generations kept\n\* 1 {2}running[^]*\n\ntwo:\nshop: generations kept/);
  const stopped = await shop.all.atomic(["gear", "stop", "shop", "--host=two"]);
  assert.match(stopped.stdout, /^two:\nshop: \d+ units stopped\./);
  await shop.all.atomic(["gear", "start", "shop", "--host=two"]);
  assert.equal(await shop.versions(), "web 1, db 1");
  const logs = await shop.all.atomic(["gear", "logs", "shop", ...both, "--output=cat"]);
  assert.match(logs.stdout, /^one {2}shop: deploy of generation none to 1 done$/m);
  assert.match(logs.stdout, /^two {2}shop: deploy of generation none to 1 done$/m);
  const missing = await shop.all.atomic(["gear", "status", "nothing", "--host=one"], [1]);
  assert.match(missing.stdout, /^one:\nerror\[gear-no-application\]: there is no application nothing/);
  const alone = await shop.one.run(
    "sh",
    ["-c", "echo 'application: shop\ncontainers: {web: {image: x}}' > /tmp/s.yaml; atomic gear deploy /tmp/s.yaml"],
    [1],
  );
  assert.match(alone.stderr, /error\[gear-several-hosts\]: shop is deployed on one, two as one/);
});

test("what is not healthy on one host is taken back on both", async () => {
  const report = await shop.deploy({ web: 2, db: "broken" }, [1]);
  assert.deepEqual(
    [report.outcome, report.hosts.map((host) => host.report?.outcome)],
    ["taken-back", ["taken-back", "taken-back"]],
  );
  assert.match(report.reason!, /^two: shop-db\.service /);
  assert.equal(await shop.versions(), "web 1, db 1");
});

test("a port that one host does not have, and an image that one cannot pull, are told before anything is begun", async () => {
  await shop.two.run("systemd-run", ["--unit=squatter", "busybox", "httpd", "-f", "-p", "7777"]);
  await shop.two.run("bash", ["-c", "until (exec 3<>/dev/tcp/127.0.0.1/7777) 2>/dev/null; do sleep 0.05; done"]);
  const before = [await recordOf(shop.one), await recordOf(shop.two)];
  shop.write({ web: 2, port: "7777:8080" });
  const port = await shop.all.atomic(deployWords, [1]);
  assert.match(port.stderr, /error\[gear-port-conflict\]: port 7777\/tcp of two .* is taken by /);
  shop.write({ web: 2, db: "nowhere" });
  const pull = await shop.all.atomic(deployWords, [1]);
  assert.match(pull.stderr, /^error\[gear-engine\]: two: .*nowhere/m);
  assert.deepEqual([await recordOf(shop.one), await recordOf(shop.two)], before);
  await shop.two.run("systemctl", ["stop", "squatter"]);
});

test("an atomic of another version is told from one that does not answer", async () => {
  const path = join(shop.two.root, "usr/bin/atomic");
  const { stdout: kept } = await shop.two.run("cat", ["/usr/bin/atomic"]);
  writeFileSync(path, `#!/bin/sh\necho 'Welcome to two!'\necho '{"atomic":99,"version":"9.9"}'\ncat >/dev/null\n`);
  const other = await shop.all.atomic(deployWords, [1]);
  assert.match(
    other.stderr,
    /error\[gear-host-version\]: two: its atomic 9\.9 speaks version 99 to other hosts, this one 1/,
  );
  rmSync(path);
  const none = await shop.all.atomic(deployWords, [1]);
  assert.match(none.stderr, /error\[gear-host-version\]: two: there is no atomic on it/);
  writeFileSync(path, kept, { mode: 0o755 });
});

test("an instance that moves is linked to where it runs now, without a restart of what links to it", async () => {
  const run = () => shop.one.run("systemctl", ["show", "-P", "InvocationID", "shop-web.service"]);
  const before = (await run()).stdout;
  const moved = await shop.deploy({ on: "one" });
  assert.equal(moved.outcome, "done");
  assert.equal(await shop.versions(), "web 1, db 1");
  assert.equal((await shop.two.run("podman", ["ps", "-q"])).stdout, "");
  await shop.deploy({ on: "two" });
  assert.equal(await shop.versions(), "web 1, db 1");
  assert.equal((await run()).stdout, before);
});

test("a rollback takes the last deployment back on both hosts, and leaves a host alone that it did not change", async () => {
  await shop.deploy({ web: 2, db: 1 });
  const run = () => shop.two.run("systemctl", ["show", "-P", "InvocationID", "shop-db.service"]);
  const before = (await run()).stdout;
  const few = await shop.all.atomic(["gear", "rollback", "shop", "--host=one"], [1]);
  assert.match(few.stderr, /error\[gear-several-hosts\].*\n.*--host=two/);
  const { stdout } = await shop.all.atomic(["gear", "rollback", "shop", "--host=one", "--host=two"]);
  assert.match(stdout, /^shop runs, and is healthy, on 2 hosts\.\n {2}one {2}generation \d+ {3}was: \d+$/m);
  assert.match(stdout, /^ {2}two {2}generation \d+ {3}as it was$/m);
  assert.equal(await shop.versions(), "web 1, db 1");
  assert.equal((await run()).stdout, before);
});
