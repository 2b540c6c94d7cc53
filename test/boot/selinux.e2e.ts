// SPDX-License-Identifier: Apache-2.0
/**
 * SELinux enforces from the first boot, and nothing that a host does is denied: a boot, containers, a module of the
 * administrator's, an upgrade with that module. In this order: tests go on where the one before left the machine.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeDirectories } from "../../src/base/index.ts";
import { emulationArguments, loginCredentials, type Machine } from "../../src/image/index.ts";
import { type RunningServer, serveDirectory } from "../../src/ostree/index.ts";
import { deployments, type Fixture, makeBusyboxTar, makeFixture, publish, serve, start } from "./fixture.ts";

let fixture: Fixture;
let machine: Machine;
let server: RunningServer;

/** Not that of the other boot tests, which may run at the same time. */
const port = 8442;

/** As on real hardware, and with the kernel telling of every denial, from its start on. */
const kernelArgs = [
  ...emulationArguments.filter((arg) => !/^(audit|lsm|systemd\.\w+)=/.test(arg)),
  "audit=1",
  "audit_backlog_limit=16384",
  "sysctl.kernel.printk_ratelimit=0",
];

before(async () => {
  fixture = await makeFixture(undefined, port, kernelArgs);
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

/** Starts a program as systemd starts services: the test's own shell has another domain, and a terminal. */
async function service(command: string): Promise<string> {
  const words = `set -o pipefail; systemd-run --quiet --wait --pipe --collect ${command} </dev/null 2>&1 | cat`;
  const { output } = await machine.run(`bash -c ${JSON.stringify(words)}`, { timeoutSeconds: 900 });
  return output.trim();
}

/**
 * What was denied since the boot (0), or in the one before (-1), each once. As an administrator: journalctl of a service is
 * confined.
 */
async function denials(boot = 0): Promise<string[]> {
  const read = `runcon -t unconfined_t bash -o pipefail -c 'journalctl -b ${boot} -o cat --no-pager | tee /dev/null' </dev/null`;
  const { output: text } = await machine.run(read, { timeoutSeconds: 300 });
  assert.ok(text.length > 10_000, "the journal is there");
  const denied = [...text.matchAll(/avc: +(denied .*)/g)].map(([, what]) => what!);
  return [...new Set(denied.map((what) => what.replace(/ (pid|ino)=\d+|(?<=\/proc\/)\d+/g, "")))];
}

test("the first boot enforces, every service is up, and nothing was denied", async () => {
  assert.equal(await machine.waitForBoot(1200), "running", (await machine.run("systemctl --failed --no-pager")).output);
  assert.equal((await machine.run("getenforce")).output.trim(), "Enforcing");
  await machine.waitForConsole(/root@[^\n]*# /);
  assert.deepEqual(await denials(), []);
});

test("containers run, confined, with networks, volumes and units of their own", async () => {
  const files = join(fixture.directory, "files");
  makeDirectories(files);
  await makeBusyboxTar(join(files, "busybox.tar"));
  await using web = await serveDirectory(files);
  await service(`podman import http://10.0.2.2:${web.port}/busybox.tar localhost/busybox`);
  const command = "podman run --rm localhost/busybox /bin/busybox cat /proc/self/attr/current";
  assert.match(await service(command), /system_u:system_r:container_t:s0:c\d+,c\d+/);
  await machine.run("mkdir -p /var/srv/site && echo hello >/var/srv/site/index.html");
  await machine.run(`printf 'FROM localhost/busybox\nRUN ["/bin/busybox", "touch", "/x"]\n' >/var/srv/Containerfile`);
  assert.match(await service("podman build --tag localhost/built /var/srv"), /localhost\/built/);
  await machine.run(`mkdir -p /etc/containers/systemd && printf '${unit}' >/etc/containers/systemd/site.container`);
  await machine.run("systemctl daemon-reload && systemctl start site", { timeoutSeconds: 900 });
  const get = "exec 3<>/dev/tcp/10.0.2.15/8080; printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3";
  assert.match((await machine.run(`bash -c "${get}"`, { timeoutSeconds: 300 })).output, /hello/);
  assert.match(await service("podman exec site /bin/busybox ps"), /httpd/);
  await machine.run("systemctl stop site", { timeoutSeconds: 300 });
  assert.deepEqual(await denials(), []);
});

test("an upgrade brings the new version's policy, and keeps the administrator's module", async () => {
  const module = "(type atomic_test_t)(roletype object_r atomic_test_t)";
  await machine.run(`echo '${module}' >/root/site.cil && semodule -i /root/site.cil`, { timeoutSeconds: 1200 });
  publish(fixture, fixture.second);
  await service("atomic host upgrade");
  assert.deepEqual(await denials(), []);
  assert.equal(await machine.reboot(1200), "running", (await machine.run("systemctl --failed --no-pager")).output);
  assert.equal((await deployments(machine))[0]?.checksum, fixture.second.commit);
  assert.equal((await machine.run("getenforce")).output.trim(), "Enforcing");
  const modules = (await machine.run("semodule -l", { timeoutSeconds: 300 })).output.split("\n");
  for (const name of ["site", "atomic", "container"]) assert.ok(modules.includes(name), `${name} of ${modules.length}`);
  assert.deepEqual(await denials(-1), []);
  assert.deepEqual(await denials(), []);
});

test("a denial would have been seen", async () => {
  const escape = "podman run --rm --volume /etc/shadow:/shadow localhost/busybox /bin/busybox cat /shadow";
  await machine.run(`systemd-run --quiet --wait --pipe --collect ${escape}`, { accept: "any", timeoutSeconds: 900 });
  assert.notDeepEqual(await denials(), []);
});
