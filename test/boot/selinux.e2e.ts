// SPDX-License-Identifier: Apache-2.0
/**
 * SELinux enforces from the first boot, and nothing that a host does is denied: a boot, containers, a module of the
 * administrator's, an upgrade with that module. In this order: tests go on where the one before left the machine.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeDirectories } from "../../src/base/index.ts";
import { loginCredentials, type Machine } from "../../src/image/index.ts";
import { type RunningServer, serveDirectory } from "../../src/ostree/index.ts";
import { deployments, type Fixture, makeBusyboxTar, makeFixture, publish, serve, start } from "./fixture.ts";
import { auditedArguments, denials, service } from "./selinux.ts";

let fixture: Fixture;
let machine: Machine;
let server: RunningServer;

/** Not that of the other boot tests, which may run at the same time. */
const port = 8442;

before(async () => {
  fixture = await makeFixture(undefined, port, auditedArguments);
  server = await serve(fixture.repo.path, port);
  machine = await start({ disk: fixture.disk, snapshot: true, unsafe: true, credentials: loginCredentials });
});
after(async () => {
  await machine?.stop();
  await server?.close();
  fixture?.[Symbol.dispose]();
});

const unit = [
  "[Container]",
  "ContainerName=site",
  "Image=localhost/built",
  "Exec=/bin/busybox httpd -f -p 80 -h /site",
  "StopSignal=SIGKILL",
  "PublishPort=8080:80",
  "Volume=/var/srv/site:/site:Z",
  "",
].join("\\n");

test("the first boot enforces, every service is up, and nothing was denied", async () => {
  assert.equal(await machine.waitForBoot(1200), "running", (await machine.run("systemctl --failed --no-pager")).output);
  assert.equal((await machine.run("getenforce")).output.trim(), "Enforcing");
  await machine.waitForConsole(/root@[^\n]*# /);
  assert.deepEqual(await denials(machine), []);
});

test("containers run, confined, with networks, volumes and units of their own", async () => {
  const files = join(fixture.directory, "files");
  makeDirectories(files);
  await makeBusyboxTar(join(files, "busybox.tar"));
  await using web = await serveDirectory(files);
  await service(machine, `podman import http://10.0.2.2:${web.port}/busybox.tar localhost/busybox`);
  const command = "podman run --rm localhost/busybox /bin/busybox cat /proc/self/attr/current";
  assert.match(await service(machine, command), /system_u:system_r:container_t:s0:c\d+,c\d+/);
  await machine.run("mkdir -p /var/srv/site && echo hello >/var/srv/site/index.html");
  await machine.run(`printf 'FROM localhost/busybox\nRUN ["/bin/busybox", "touch", "/x"]\n' >/var/srv/Containerfile`);
  assert.match(await service(machine, "podman build --tag localhost/built /var/srv"), /localhost\/built/);
  await machine.run(`mkdir -p /etc/containers/systemd && printf '${unit}' >/etc/containers/systemd/site.container`);
  await machine.run("systemctl daemon-reload && systemctl start site", { timeoutSeconds: 900 });
  const get = "exec 3<>/dev/tcp/10.0.2.15/8080; printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3";
  assert.match((await machine.run(`bash -c "${get}"`, { timeoutSeconds: 300 })).output, /hello/);
  assert.match(await service(machine, "podman exec site /bin/busybox ps"), /httpd/);
  await machine.run("systemctl stop site", { timeoutSeconds: 300 });
  assert.deepEqual(await denials(machine), []);
});

test("an upgrade brings the new version's policy, and keeps the administrator's module", async () => {
  const module = "(type atomic_test_t)(roletype object_r atomic_test_t)";
  await machine.run(`echo '${module}' >/root/site.cil && semodule -i /root/site.cil`, { timeoutSeconds: 1200 });
  publish(fixture, fixture.second);
  await service(machine, "atomic host upgrade");
  assert.deepEqual(await denials(machine), []);
  assert.equal(await machine.reboot(1200), "running", (await machine.run("systemctl --failed --no-pager")).output);
  assert.equal((await deployments(machine))[0]?.checksum, fixture.second.commit);
  assert.equal((await machine.run("getenforce")).output.trim(), "Enforcing");
  const modules = (await machine.run("semodule -l", { timeoutSeconds: 300 })).output.split("\n");
  for (const name of ["site", "atomic", "container"]) assert.ok(modules.includes(name), `${name} of ${modules.length}`);
  assert.deepEqual(await denials(machine, -1), []);
  assert.deepEqual(await denials(machine), []);
});

test("a denial would have been seen", async () => {
  const escape = "podman run --rm --volume /etc/shadow:/shadow localhost/busybox /bin/busybox cat /shadow";
  await machine.run(`systemd-run --quiet --wait --pipe --collect ${escape}`, { accept: "any", timeoutSeconds: 900 });
  assert.notDeepEqual(await denials(machine), []);
});
