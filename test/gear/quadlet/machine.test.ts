// SPDX-License-Identifier: Apache-2.0
/** Quadlet files on a real systemd, with the podman of this machine, which need not have Quadlet (Debian 12: 4.3). */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { connectSystemd, expectDone, parseName, placeUnit, type Rendered } from "../../../src/gear/index.ts";
import { loadQuadlets, renderQuadlets } from "../../../src/gear/quadlet/index.ts";
import type { ServiceManager } from "../../../src/gear/index.ts";
import { importImage, usePodman } from "../podman-fixture.ts";
import { startSystemd, type SystemdMachine } from "../systemd-fixture.ts";
import { writeFiles } from "./samples.ts";

const files = {
  "data.volume": "[Volume]\nLabel=kept=yes\n",
  "back.network": "[Network]\nSubnet=10.77.0.0/24\nLabel=n=1\n",
  "made.build": "[Build]\nImageTag=localhost/made:1\nFile=Containerfile\nSetWorkingDirectory=unit\n",
  Containerfile: 'FROM localhost/web:1\nENV MADE=yes\nCMD ["/bin/sleep", "1000"]\n',
  "web.env": "FROM_FILE=of the generation\n",
  "web.container": `[Unit]
Description=The web server
After=made.container

[Container]
Image=localhost/web:1
Environment="GREETING=two words" PERCENT=50%%
EnvironmentFile=web.env
Network=back.network
PublishPort=127.0.0.1:18090:8080
Volume=data.volume:/data
HealthCmd=test -e /data/index.html
Exec=/bin/sh -c 'env >/data/index.html; echo "serving $$1"; exec /bin/httpd -f -p 8080 -h /data' sh "an arg; 'quoted' \\"x\\""

[Install]
WantedBy=multi-user.target
Alias=www.service
`,
  "made.container": "[Container]\nImage=made.build\nNetwork=none\n\n[Install]\nWantedBy=multi-user.target\n",
  "worker@.container":
    "[Container]\nImage=localhost/web:1\nNetwork=none\nExec=/bin/sleep 1000\nEnvironment=INSTANCE=%i\n\n" +
    "[Install]\nWantedBy=multi-user.target\nDefaultInstance=one\n",
  "app.pod": "[Pod]\nNetwork=none\nLabel=pod=yes\n\n[Install]\nWantedBy=multi-user.target\n",
  "member.container": "[Container]\nImage=localhost/web:1\nPod=app.pod\nExec=/bin/sleep 1000\n",
  "play.kube": "[Kube]\nYaml=play.yml\nNetwork=none\n\n[Install]\nWantedBy=multi-user.target\n",
  "play.yml": `apiVersion: v1
kind: Pod
metadata: {name: play}
spec:
  containers:
    - name: one
      image: localhost/web:1
      command: [/bin/sleep, "1000"]
`,
  "worker.container.d/unused.conf": "",
  "container.d/10-stop.conf": "[Container]\nStopTimeout=0\nPodmanArgs=--init=false\n",
};

const cleanups: (() => void | Promise<void>)[] = [];
const directory = writeFiles(files);
let machine: SystemdMachine;
let manager: ServiceManager;
let rendered: Rendered;

before(async () => {
  machine = await startSystemd({ after: (action) => cleanups.push(action) });
  await usePodman(machine);
  await importImage(machine, "localhost/web:1");
  // The build's context is where the Quadlet file stands.
  for (const name of ["made.build", "Containerfile"]) put(join(directory, name), files[name as keyof typeof files]);
  const id = await podman("image", "inspect", "--format", "{{.Id}}", "localhost/web:1");
  const application = parseName("shop", "an application");
  // As `Image.pinned` of an image that came from no registry.
  rendered = renderQuadlets(loadQuadlets([directory]), {
    application,
    pins: new Map([["localhost/web:1", `sha256:${id}`]]),
  });
  for (const [name, text] of rendered.units) machine.writeUnit(name, placeUnit(text, "/var/lib/generation", 1));
  for (const [path, { content }] of rendered.files) put(join("/var/lib/generation", path), content);
  manager = await connectSystemd(machine.busAddress);
  await manager.daemonReload();
});

after(async () => {
  manager?.[Symbol.dispose]();
  for (const action of cleanups) await action();
  rmSync(directory, { recursive: true });
});

function put(path: string, text: string): void {
  const place = join(machine.root, path);
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, text);
}

const podman = async (...args: string[]) => (await machine.run("podman", args)).stdout.trim();

test("the units are enabled and started, and podman has what the files say", async () => {
  await manager.enable(rendered.start);
  const outcomes = await Promise.all(rendered.start.map((unit) => manager.start(unit)));
  for (const outcome of outcomes) expectDone(outcome);
  const listed = await podman("ps", "--format", "{{.Names}}");
  const names = listed.split("\n").filter((name) => !/-infra$|-service$/.test(name));
  assert.deepEqual(names.toSorted(), rendered.instances.map(({ container }) => container).toSorted());
  assert.equal(await podman("volume", "inspect", "--format", "{{.Labels}}", "systemd-data"), "map[kept:yes]");
  assert.match(await podman("network", "inspect", "systemd-back"), /"subnet": "10\.77\.0\.0\/24"/);
  assert.match(await podman("inspect", "--format", "{{.Config.Env}}", "systemd-made"), /MADE=yes/);
  assert.match(await podman("inspect", "--format", "{{.Config.Env}}", "systemd-worker_one"), /INSTANCE=one/);
});

test("words of a command and of the environment reach the container as they were meant", async () => {
  const { stdout } = await machine.run("busybox", ["wget", "-qO-", "http://127.0.0.1:18090/index.html"]);
  const lines = stdout.split("\n");
  for (const line of ["GREETING=two words", "PERCENT=50%", "FROM_FILE=of the generation"])
    assert.ok(lines.includes(line), stdout);
  const { stdout: printed } = await machine.run("journalctl", [
    "-o",
    "cat",
    "ATOMIC_APP=shop",
    "CONTAINER_NAME=systemd-web",
  ]);
  assert.match(printed, /^serving an arg; 'quoted' "x"$/m);
  assert.equal(await podman("healthcheck", "run", "systemd-web"), "");
});

test("the links of [Install] are those of ordinary units", async () => {
  const { stdout } = await machine.run("systemctl", ["is-enabled", "web.service", "www.service", "worker@one.service"]);
  assert.deepEqual(stdout.trim().split("\n"), ["enabled", "alias", "enabled"]);
});

test("stopping removes the containers and leaves the volume", async () => {
  for (const unit of rendered.start) expectDone(await manager.stop(unit));
  assert.equal(await podman("ps", "-a", "--format", "{{.Names}}"), "");
  assert.equal(await podman("volume", "exists", "systemd-data"), "");
});
