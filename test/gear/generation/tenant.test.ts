// SPDX-License-Identifier: Apache-2.0
/** A tenant's application on a real systemd and podman. In this order: tests go on where the one before left the machine. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ApplicationStatus } from "../../../src/gear/index.ts";
import { importImage, usePodman } from "../podman-fixture.ts";
import { startSystemd, type SystemdMachine } from "../systemd-fixture.ts";

const program = join(import.meta.dirname, "../../../src/cli/atomic.ts");
const cleanups: (() => void | Promise<void>)[] = [];
let machine: SystemdMachine;

const file = `
application: shop
tenant: acme
containers:
  web:
    image: localhost/web:1
    command: [sh, -c, "cat /run/secrets/password; id -un; exec httpd -f -p 8080"]
    user: clerk
    secrets: [password, {secret: password, environment: PASSWORD}]
    health: {test: 'test "$(id -un)" = clerk', interval: 1s}
    ready: healthy
    # /proc cannot be mounted in a user namespace on the test's machine, which hides parts of its own.
    security: {user-namespace: host}
    stop-timeout: 1s
secrets: {password: /root/password}
update: {min-healthy-time: 2s, healthy-deadline: 3m}
`;

before(async () => {
  machine = await startSystemd({ after: (action) => cleanups.push(action) });
  await usePodman(machine);
  const passwd = "root:x:0:0::/:/bin/sh\nclerk:x:7:7::/:/bin/sh\n";
  await importImage(machine, "localhost/web:1", { "etc/passwd": passwd, "etc/group": "clerk:x:7:\n" });
  // What units call.
  const call = `#!/bin/sh\nexec ${process.execPath} --disable-warning=ExperimentalWarning ${program} "$@"\n`;
  writeFileSync(join(machine.root, "usr/bin/atomic"), call, { mode: 0o755 });
  writeFileSync(join(machine.root, "root/shop.yaml"), file);
  writeFileSync(join(machine.root, "root/password"), "something long\n");
  await atomic("tenant", "add", "acme");
});
after(async () => {
  for (const action of cleanups) await action();
});

const atomic = async (...args: string[]) =>
  (await machine.run(process.execPath, ["--disable-warning=ExperimentalWarning", program, "gear", ...args])).stdout;

test("its health checks and its exec know the users of the image", async () => {
  assert.match(await atomic("deploy", "/root/shop.yaml"), /generation 1 runs, and is healthy/);
  const [shop] = JSON.parse(await atomic("status", "shop", "--json")) as ApplicationStatus[];
  assert.deepEqual(
    shop!.instances.map(({ state, health }) => [state, health]),
    [["active", "healthy"]],
  );
  assert.equal(
    await atomic("exec", "shop", "web", "--", "sh", "-c", "id -un; echo $PASSWORD"),
    "clerk\nsomething long\n",
  );
});

test("what it writes is in the tenant's journal alone, in its own name", async () => {
  await machine.run("journalctl", ["--namespace=acme", "--sync"]);
  const words = ["-q", "--output=cat", "SYSLOG_IDENTIFIER=shop-web"];
  const read = async (...more: string[]) => (await machine.run("journalctl", [...more, ...words])).stdout;
  assert.match(await read("--namespace=acme"), /^something long\nclerk\n$/m);
  assert.equal(await read(), "");
  assert.match(await atomic("logs", "shop/web", "--output=cat"), /^clerk$/m);
});

test("nothing of it is left on the host when it is stopped", async () => {
  await atomic("stop", "shop");
  assert.equal((await machine.run("podman", ["ps", "-aq"])).stdout, "");
  assert.doesNotMatch((await machine.run("cat", ["/proc/mounts"])).stdout, /\/merged /);
});
