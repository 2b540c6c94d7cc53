// SPDX-License-Identifier: Apache-2.0
/** Whole units, for people to see what changes when the renderer does. That they work is what the other tests show. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { render } from "../../../src/gear/index.ts";
import { makeApplication, makeContainer, makePlan, name } from "../application.ts";
import { digest, docker, podman } from "./applications.ts";

const application = makeApplication({
  containers: [
    makeContainer({ name: name("db") }),
    makeContainer({ after: [{ on: name("db"), condition: "started" }], command: ["nginx", "100% $HOME"] }),
  ],
});

const order = `[Unit]
Description=shop: web
PartOf=gear-shop.target
Requires=shop-db.service
`;

const log = `LogExtraFields=ATOMIC_APP=shop
LogExtraFields=ATOMIC_COMPONENT=web
LogExtraFields=ATOMIC_IMAGE=docker.io/library/nginx:1.27
LogExtraFields=ATOMIC_IMAGE_DIGEST=${digest}
LogExtraFields=ATOMIC_INSTANCE=shop-web
LogExtraFields=ATOMIC_GENERATION=%GENERATION_NUMBER%

[Install]
WantedBy=gear-shop.target
WantedBy=shop-db.service
`;

/** Without the shell command that makes the network. */
const text = (unit: string | undefined) => unit?.replace(/^ExecStartPre=\/bin\/sh .*\n/m, "");

const killed =
  'ExecStopPost=/bin/sh -c "[ \\"$$EXIT_STATUS\\" != 137 ] || { job=$$(systemctl show --property=Job --value \\"$$1\\"); [ \\"$${job:-0}\\" != 0 ]; }" sh shop-web.service';

test("a service for podman", () => {
  const { units, start } = render(makePlan(application), "localhost", podman);
  assert.equal(
    text(units.get("shop-web.service")),
    `${order}After=shop-db.service
After=network.target
StartLimitIntervalSec=600000ms
StartLimitBurst=10

[Service]
Type=notify
NotifyAccess=all
Environment=PODMAN_SYSTEMD_UNIT=%n
ExecStart=/usr/bin/podman run --name=shop-web --pull=never --replace --detach --rm --sdnotify=conmon --cgroups=split --log-driver=journald --network=shop:alias=web --cap-drop=ALL --security-opt=no-new-privileges --read-only --stop-timeout=10 --label=atomic.app=shop --label=atomic.component=web --label=atomic.instance=web docker.io/library/nginx@${digest} nginx "100%% $$HOME"
ExecStop=/usr/bin/podman stop --ignore shop-web
ExecStopPost=-/usr/bin/podman rm --force --volumes --ignore shop-web
${killed}
Restart=always
RestartSec=5000ms
SuccessExitStatus=143 137
TimeoutStartSec=300
TimeoutStopSec=40
Slice=gear-shop.slice
Delegate=yes
KillMode=mixed
${log}`,
  );
  assert.deepEqual(start, ["shop-db.service", "shop-web.service", "gear-shop.target"]);
});

test("a service for Docker", () => {
  const { units } = render(makePlan(application), "localhost", docker);
  assert.equal(
    text(units.get("shop-web.service"))?.replace(/^ExecStartPost=\/bin\/sh .*\n/m, ""),
    `${order}Requires=docker.service
After=shop-db.service
After=docker.service
After=network.target
StartLimitIntervalSec=600000ms
StartLimitBurst=10

[Service]
Type=exec
ExecStartPre=-/usr/bin/docker rm --force --volumes shop-web
ExecStart=/usr/bin/docker run --name=shop-web --pull=never --rm --log-driver=none --sig-proxy=false --cgroup-parent=gear-shop.slice --network=shop --network-alias=web --cap-drop=ALL --security-opt=no-new-privileges --read-only --tmpfs=/run --tmpfs=/tmp --tmpfs=/var/tmp --stop-timeout=10 --label=atomic.app=shop --label=atomic.component=web --label=atomic.instance=web docker.io/library/nginx@${digest} nginx "100%% $$HOME"
ExecStop=-/usr/bin/docker stop shop-web
ExecStopPost=-/usr/bin/docker stop shop-web
ExecStopPost=-/usr/bin/docker rm --force --volumes shop-web
${killed}
Restart=always
RestartSec=5000ms
SuccessExitStatus=143 137
TimeoutStartSec=300
TimeoutStopSec=40
Slice=gear-shop.slice
KillMode=mixed
${log}`,
  );
});

test("a unit is the same whoever waits for it, so that another container changes it only in how starts are counted", () => {
  const one = render(
    makePlan(makeApplication({ containers: application.containers.slice(0, 1) })),
    "localhost",
    podman,
  );
  const two = render(makePlan(application), "localhost", podman);
  for (const unit of ["gear-shop.target", "gear-shop.slice"]) assert.equal(one.units.get(unit), two.units.get(unit));
  const counted = (text: string | undefined) => text?.replace(/^StartLimitBurst=.*$/m, "");
  assert.equal(counted(one.units.get("shop-db.service")), counted(two.units.get("shop-db.service")));
});
