// SPDX-License-Identifier: Apache-2.0
// Verbs that are about the machine that runs, on one made of mounts. Needs root.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import {
  defaultUpdate,
  type Generation,
  GenerationStore,
  type HostDeployment,
  type Name,
} from "../../../src/gear/index.ts";
import { recordFailure, Sysroot } from "../../../src/host/index.ts";
import { ostree, ref } from "../../host/fixture.ts";
import { testMachine } from "../../host/machine.ts";

const lockedMark = "ostree/staged-deployment-locked";

test("what is held back boots once it is let go, as stock ostree sees it", async (t) => {
  const machine = await testMachine(t);
  const second = machine.release({ version: "13.2", kernel: "2" });
  assert.match((await machine.host("finalize-deployment --allow-missing-checksum")).stderr, /No pending staged/);
  assert.match((await machine.host(`deploy --lock-finalization ${second}`)).stdout, /13\.2 /);
  assert.ok(existsSync(join(machine.run, lockedMark)));
  const other = await machine.host(`finalize-deployment ${machine.booted}`);
  assert.match(other.stderr, new RegExp(`Expected staged base checksum ${machine.booted}, but found ${second}`));
  assert.ok(existsSync(join(machine.run, lockedMark)));
  assert.deepEqual(
    machine.asked().filter((words) => words === "reboot"),
    [],
  );
  const released = await machine.host(`finalize-deployment ${second}`);
  assert.equal(released.stdout, `Rebooting into ${second.slice(0, 12)}.\n`);
  assert.equal(machine.asked().at(-1), "reboot");
  assert.ok(!existsSync(join(machine.run, lockedMark)));
  assert.match((await machine.host("finalize-deployment --allow-missing-checksum")).stderr, /already unlocked/);
  assert.equal((await machine.host("finalize-deployment --allow-missing-checksum --allow-unlocked")).code, 0);
  assert.equal((await machine.host("finalize-staged")).stdout, `${second.slice(0, 12)} boots next.\n`);
  assert.match(ostree("admin", "status", `--sysroot=${machine.path}`), new RegExp(`^ +debian ${second}\\.0`));
});

test("what is applied live is seen by the whole machine, and written by nobody; /sysroot stays read-only", async (t) => {
  const machine = await testMachine(t);
  const target = machine.release({
    version: "13.1",
    files: { "usr/bin/extra": "extra\n", "usr/etc/extra.conf": "new\n" },
  });
  const { stdout, stderr } = await machine.script(`
    b=/run/bin/busybox
    $b mount --make-rshared /
    for point in /sysroot /boot; do $b mount -o remount,bind,ro $point; done
    $ATOMIC host apply-live --target=${target} --allow-replacement
    $b cat /usr/bin/extra /etc/extra.conf
    $b touch /usr/bin/other || echo "/usr read-only"
    $b touch /sysroot/other || echo "/sysroot read-only"
  `);
  assert.match(
    stdout,
    /Successfully updated running filesystem tree\.\nextra\nnew\n\/usr read-only\n\/sysroot read-only\n$/,
    stderr,
  );
  assert.match(stdout, /\/usr: 2 files added, 0 changed, 0 removed; \/etc: 1 updated/);
});

test("checks are run and shown; a required one that fails makes the machine unhealthy", async (t) => {
  const machine = await testMachine(t);
  assert.match((await machine.host("health check --sysroot=/sysroot")).stderr, /error\[host-not-booted\]/);
  assert.equal((await machine.host("health check")).stdout, "No health checks.\n");
  const check = (name: string, text: string) => {
    const path = join(machine.root, "etc/atomic/health", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  };
  check("required.d/network", "true");
  check("wanted.d/printer", "echo no paper >&2; exit 3");
  assert.match((await machine.host("health list")).stdout, /^not run +required network\nnot run +wanted +printer\n$/);
  const healthy = await machine.host("health check");
  assert.match(healthy.stdout, /^ok +required +network\nFAIL +wanted +printer: [^]*no paper/);
  assert.equal(healthy.code, 0);
  assert.match((await machine.host("health list")).stdout, /^ok +required network\nfailed +wanted +printer\n/);
  check("required.d/network", "exit 1");
  assert.equal((await machine.host("health check")).code, 1);
  const report = JSON.parse((await machine.host("health list --json")).stdout) as { report: { healthy: boolean } };
  assert.equal(report.report.healthy, false);
  assert.equal((await machine.host("health settle --failed=late")).stdout, "Nothing is on trial.\n");
});

test("a version that failed is refused until it is allowed", async (t) => {
  const machine = await testMachine(t);
  const second = machine.release({ version: "13.2" });
  const failure = { checksum: second, version: "13.2", time: 1_700_000_000, reason: "network: exit 1" };
  recordFailure(Sysroot.open(machine.path), failure);
  assert.match(
    (await machine.host("health list")).stdout,
    /^No health checks\.\nRolled back on 2023-11-14: 13\.2, network: exit 1\n$/,
  );
  assert.match((await machine.host("upgrade")).stderr, /error\[host-[^]*health allow/);
  assert.match((await machine.host("health allow 13.9")).stderr, /error\[host-no-version\].*13\.9/);
  assert.equal((await machine.host(`health allow ${second.slice(0, 10)}`)).stdout, "13.2 may be tried again.\n");
  assert.equal((await machine.host("health list")).stdout, "No health checks.\n");
  assert.match((await machine.host("upgrade")).stdout, /13\.2/);
});

test("an upgrade whose server does not answer is cancelled by another command", async (t) => {
  const machine = await testMachine(t);
  assert.equal((await machine.host("cancel")).stdout, "No active transaction.\n");
  const asked = Promise.withResolvers<void>();
  const server = createServer(() => asked.resolve()).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const repo = join(machine.path, "ostree/repo");
  ostree("remote", "add", `--repo=${repo}`, "--no-gpg-verify", "slow", `http://127.0.0.1:${port}`);
  const upgrade = machine.start(`rebase slow:${ref}`, ["ignore", "ignore", "ignore"]);
  const ended = once(upgrade, "exit") as Promise<[number]>;
  await asked.promise;
  const status = JSON.parse((await machine.host("status --json")).stdout) as { transaction: string[] };
  assert.deepEqual(status.transaction.slice(0, 1), ["rebase"]);
  assert.equal((await machine.host("cancel")).stdout, `Cancelled: atomic host rebase slow:${ref}\n`);
  assert.deepEqual((await ended)[0], 130);
  assert.equal((await machine.host("cancel")).stdout, "No active transaction.\n");
});

/** An application that goes with the host, as a deployment of it leaves it. */
function writeApplication(root: string, name: string, hostVersion: string, host: HostDeployment): void {
  const store = new GenerationStore(root);
  const application = name as Name;
  const rendered: Generation["rendered"] = {
    application,
    tenant: undefined,
    units: new Map(),
    files: new Map(),
    start: [],
    images: [],
    ports: [],
    instances: [],
  };
  const source = { path: `/srv/${name}.yaml`, files: new Map<string, string>() };
  const known = {
    number: 1,
    rendered,
    source,
    policy: defaultUpdate,
    hostVersion,
    withHost: false,
    engine: "podman",
  } as const;
  const told = { placed: [], pulled: [], deployedAt: 0, deployedBy: "root", command: "", message: undefined };
  store.writeGeneration({ ...known, ...told });
  store.writeRecord(application, {
    current: 1,
    change: undefined,
    hosts: { known: [{ host, generation: 1, proven: true, failure: undefined }], waiting: undefined },
    generations: [{ number: 1, state: "running" }],
    events: [],
  });
}

test("a version that an application does not ask for is told when it is deployed, and is deployed all the same", async (t) => {
  const machine = await testMachine(t);
  const host = { checksum: machine.booted, version: "13.1" };
  writeApplication(machine.root, "shop", "<13.2", host);
  writeApplication(machine.root, "other", ">=13", host);
  const refusal = { application: "shop", generation: 1, hostVersion: "<13.2", source: "/srv/shop.yaml" };
  machine.release({ version: "13.2", kernel: "2" });
  const upgraded = JSON.parse((await machine.host("upgrade --json")).stdout) as {
    readonly deployed: { readonly version: string; readonly refusedBy: unknown };
  };
  assert.deepEqual([upgraded.deployed.version, upgraded.deployed.refusedBy], ["13.2", [refusal]]);
  const third = machine.release({ version: "13.3", kernel: "3" });
  const { stdout } = await machine.host(`deploy ${third}`);
  assert.match(stdout, /^13\.3 .* is staged\./m);
  assert.match(
    stdout,
    /^ {2}shop asks for a host of version <13\.2: .*\n {4}.* atomic gear deploy \/srv\/shop\.yaml --with-host$/m,
  );
  assert.doesNotMatch(stdout, /other asks/);
  const back = JSON.parse((await machine.host(`deploy ${machine.booted} --json`)).stdout) as { refusedBy: unknown };
  assert.deepEqual(back.refusedBy, []);
  mkdirSync(join(machine.root, "etc/atomic"), { recursive: true });
  writeFileSync(join(machine.root, "etc/atomic/updates.conf"), "[Updates]\nPolicy=stage\n");
  const automatic = await machine.host("upgrade --trigger-automatic-update-policy");
  assert.match(automatic.stdout, /^Boots next: 13\.3 .*\n {2}shop asks for a host of version <13\.2: /);
  writeFileSync(join(machine.root, "var/lib/atomic/gear/applications/shop/application.json"), "{");
  const unread = await machine.host(`deploy ${third}`);
  assert.equal(unread.code, 0, unread.stderr);
  assert.match(unread.stderr, /which versions of the host applications ask for is not known: .*no JSON/);
});
