// SPDX-License-Identifier: Apache-2.0
/** Labels and services on a real podman. In this order: tests go on where the one before left the machine. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ApplicationStatus } from "../../../src/gear/index.ts";
import { importImage, usePodman } from "../podman-fixture.ts";
import { startSystemd, type SystemdMachine } from "../systemd-fixture.ts";

const program = join(import.meta.dirname, "../../../src/cli/atomic.ts");
const cleanups: (() => void | Promise<void>)[] = [];
let machine: SystemdMachine;

const installer = '#!/bin/sh\necho "$IMAGE for $NAME, $1" > $HOST$CONFDIR\n';
const labels = [
  'LABEL INSTALL="docker run --rm -v /:/host -e HOST=/host -e CONFDIR=${CONFDIR} -e NAME=NAME -e IMAGE=IMAGE IMAGE /install.sh ${OPT1}"',
  'LABEL RUN="docker run -d --name NAME ${OPT1} IMAGE /bin/sleep 1000"',
  'LABEL STOP="docker kill -s KILL NAME"',
  'LABEL UNINSTALL="docker run --rm -v /etc:/host/etc -e NAME=NAME IMAGE /uninstall.sh"',
  "LABEL name=example/tools",
  "LABEL version=7",
];

before(async () => {
  machine = await startSystemd({ after: (action) => cleanups.push(action) });
  await usePodman(machine);
  const files = { "install.sh": installer, "uninstall.sh": "#!/bin/sh\n: > /host/etc/tools.gone\n" };
  await importImage(machine, "localhost/tools:7", files, labels);
  await importImage(machine, "localhost/other/tools:1", {}, ['LABEL RUN="podman rm --force NAME"']);
  await importImage(machine, "localhost/evil:1", {}, ['LABEL RUN="docker run IMAGE; touch /etc/evil"']);
  await importImage(machine, "localhost/box:1", {}, ['CMD ["/bin/httpd", "-f", "-p", "8080"]']);
});
after(async () => {
  for (const action of cleanups) await action();
});

async function atomic(args: readonly string[], accept: readonly number[] = [0]) {
  return machine.run(process.execPath, ["--disable-warning=ExperimentalWarning", program, "gear", ...args], accept);
}

const path = (name: string) => join(machine.root, name);

test("the command is shown with what it asks for, and run only when that was allowed", async () => {
  const { stdout } = await atomic(["install", "localhost/tools:7", "--display"]);
  assert.match(stdout, /^podman run --pull=never --rm --volume=\/:\/host .* [0-9a-f]{64} \/install\.sh$/m);
  assert.match(stdout, /^# {3}host-root: all files of the host at \/host, writable$/m);
  const refused = await atomic(["install", "localhost/tools:7"], [1]);
  assert.match(refused.stderr, /error\[gear-permission\].*podman run --pull=never[^]*host-root: all files/);
  assert.match(refused.stderr, /--allow=host-root/);
  await atomic(["install", "localhost/tools:7", "--allow=mounts,devices"], [1]);
  assert.match(
    (await atomic(["install", "localhost/tools:7", "--allow=evrything"], [1])).stderr,
    /gear-bad-permission/,
  );
  assert.equal(existsSync(path("etc/tools")), false);
});

test("an image that wants to be installed is not run before; installed, it is run and stopped as it says", async () => {
  assert.match((await atomic(["run", "localhost/tools:7"], [1])).stderr, /gear-not-installed/);
  await atomic(["install", "localhost/tools:7", "--allow=host-root", "--opt1=quick"]);
  assert.equal(readFileSync(path("etc/tools"), "utf8"), "localhost/tools:7 for tools, quick\n");
  await atomic(["run", "localhost/tools:7", "--opt1=-e A=b"]);
  const { stdout } = await machine.run("podman", ["exec", "tools", "/bin/env"]);
  assert.match(stdout, /^A=b$/m);
  const stopped = await atomic(["stop", "tools"]);
  assert.match(stopped.stderr, /podman kill --signal=KILL tools/);
  assert.equal((await machine.run("podman", ["ps", "-q"])).stdout, "");
  const other = await atomic(["run", "localhost/other/tools:1"], [1]);
  assert.match(other.stderr, /would rm the container tools, which is of the image localhost\/tools:7/);
});

test("info has the version, the labels and what each verb would do", async () => {
  const { stdout } = await atomic(["info", "localhost/tools:7"]);
  assert.match(stdout, /Version: example\/tools-7$/m);
  assert.match(stdout, /# STOP of localhost\/tools:7\npodman kill --signal=KILL tools/);
  assert.match((await atomic(["info", "localhost/evil:1"])).stdout, /# RUN is refused\n.*only a shell would know/);
});

test("a hostile label is refused before anything is run, also when all is allowed", async () => {
  const { stderr } = await atomic(["run", "localhost/evil:1", "--yes"], [1]);
  assert.match(stderr, /error\[gear-bad-label\].*";"/);
  assert.equal(existsSync(path("etc/evil")), false);
});

test("uninstall runs the image's label, by the name of its container too", async () => {
  await atomic(["uninstall", "tools"], [1]);
  await atomic(["uninstall", "tools", "--yes"]);
  assert.equal(existsSync(path("etc/tools.gone")), true);
  assert.match((await atomic(["run", "localhost/tools:7"], [1])).stderr, /gear-not-installed/);
});

test("with names, an image becomes services; geard's words mean what they did", async () => {
  writeFileSync(path("root/box.env"), "FROM_FILE=1\n");
  const options = ["--start", "-p", "8080:0", "-v", "/data", "--env-file", "/root/box.env", "--pull=never"];
  const { stdout } = await atomic(["install", "localhost/box:1", "web-1", "web-2", "COLOR=red", "A=b=c", ...options]);
  assert.match(stdout, /^web-1: generation 1 runs, and is healthy\.[^]*^web-2: generation 1 runs, and is healthy\./m);
  const statuses = JSON.parse((await atomic(["status", "--json"])).stdout) as ApplicationStatus[];
  assert.deepEqual(
    statuses.map(({ application }) => application),
    ["web-1", "web-2"],
  );
  const history = (await atomic(["history", "web-1", "--json"])).stdout;
  assert.match(history, /web-1 web-2 COLOR=\.\.\. A=\.\.\. --start/);
  const env = (await atomic(["exec", "web-1", "web-1", "--", "env"])).stdout;
  assert.match(env, /^COLOR=red$/m);
  assert.match(env, /^A=b=c$/m);
  assert.match(env, /^FROM_FILE=1$/m);
  await atomic(["exec", "web-1", "web-1", "--", "touch", "/data/x", "/y"]);
  const [container = ""] = statuses.flatMap(({ instances }) => instances.map((instance) => instance.container));
  assert.match((await atomic(["stop", container], [1])).stderr, /gear-conflict.*of the application web-1/);
  for (const verb of ["stop", "uninstall"])
    assert.match((await atomic([verb, "web-1", "--display"], [2])).stderr, /--display is for labels, and web-1 is/);
  assert.equal((await atomic(["exec", "web-1", "web-1", "--", "ls", "/data/x"])).stdout, "/data/x\n");
  assert.match((await atomic(["uninstall", "web-1"])).stdout, /^web-1 is deleted/);
  assert.match(
    (await atomic(["install", "localhost/box:1", "web-3", "--display"], [2])).stderr,
    /--display is for labels/,
  );
  assert.match((await atomic(["install", "localhost/box:1", "-p", "80:80"], [2])).stderr, /services, which have names/);
});
