// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { connectSystemd, expectDone } from "../../src/gear/index.ts";
import { importImage, usePodman } from "./podman-fixture.ts";
import { startSystemd } from "./systemd-fixture.ts";

const cleanups: (() => void | Promise<void>)[] = [];
after(async () => {
  for (const action of cleanups) await action();
});

test("a container is a unit, its output in the journal, its port on the bridge", async () => {
  const machine = await startSystemd({ after: (action) => cleanups.push(action) });
  await usePodman(machine);
  await importImage(machine, "localhost/web:1", { "www/index.html": "hello\n" }, [
    'CMD ["/bin/sh", "-c", "echo serving; exec /bin/httpd -f -p 8080 -h /www"]',
  ]);
  machine.writeUnit(
    "web.service",
    `[Service]
Type=notify
NotifyAccess=all
Delegate=yes
ExecStart=/usr/bin/podman run --name web --rm --replace --init=false --cgroups=split --sdnotify=conmon -d -p 127.0.0.1:18080:8080 localhost/web:1
ExecStop=/usr/bin/podman rm -f -t 0 -i web
`,
  );
  using manager = await connectSystemd(machine.busAddress);
  await manager.daemonReload();
  expectDone(await manager.start("web.service"));
  const get = ["-qO-", "http://127.0.0.1:18080/index.html"];
  const { stdout } = await machine.run("busybox", ["wget", ...get]);
  assert.equal(stdout, "hello\n");
  const { stdout: lines } = await machine.run("journalctl", ["-o", "cat", "CONTAINER_NAME=web"]);
  assert.match(lines, /^serving$/m);
  expectDone(await manager.stop("web.service"));
});
