// SPDX-License-Identifier: Apache-2.0
// Needs root: deployments have owners and the immutable flag.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  finalizeStaged,
  hostError,
  parseWindows,
  readUpdateConfig,
  triggerAutomaticUpdate,
  type UpdateConfig,
  type UpdatePolicy,
} from "../../../src/host/index.ts";
import { scratch } from "../fixture.ts";
import { hostAndServer, releases } from "../served-host.ts";

function write(root: string, path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), mode);
}

test("the configuration is ours, else rpm-ostree's", (t) => {
  const root = scratch(t);
  assert.equal(readUpdateConfig(root).policy, "none");
  write(root, "etc/rpm-ostreed.conf", "[Daemon]\nAutomaticUpdatePolicy=stage\nIdleExitTimeout=60\n");
  assert.equal(readUpdateConfig(root).policy, "stage");
  write(root, "etc/atomic/updates.conf", "[Updates]\nWindows=Sun 02:00-04:00\nTimeZone=Europe/Berlin\n");
  const mixed = readUpdateConfig(root);
  assert.deepEqual(
    [mixed.policy, mixed.timeZone, mixed.windows.length, mixed.retrySeconds],
    ["stage", "Europe/Berlin", 1, 300],
  );
  write(root, "etc/atomic/updates.conf", "[Updates]\nPolicy=apply\n");
  assert.equal(readUpdateConfig(root).policy, "apply");
  for (const wrong of ["Policy=always", "Polcy=apply", "TimeZone=Mars", "Windows=soon", "RetrySec=0"]) {
    write(root, "etc/atomic/updates.conf", `[Updates]\n${wrong}\n`);
    assert.throws(
      () => readUpdateConfig(root),
      (error) => hostError.is(error, "bad-config"),
      wrong,
    );
  }
});

const sunday = Date.parse("2026-11-22T03:00Z");
const monday = Date.parse("2026-11-23T03:00Z");

/** A host with an update waiting, and what it did about it. */
async function hostWithUpdate(t: TestContext) {
  const host = await hostAndServer(t);
  host.release({ ...releases[1]! });
  const did: string[] = [];
  const trigger = (policy: UpdatePolicy, now = sunday, windows = "Sun 02:00-04:00") => {
    const config = { policy, windows: parseWindows(windows), timeZone: "UTC", hookSeconds: 20, retrySeconds: 300 };
    return triggerAutomaticUpdate(host.running(), config, {
      startFinalizer: async () => {},
      now: () => now,
      reboot: async () => void did.push("reboot"),
      arm: async (at) => void did.push(at.toISOString()),
      root: host.root,
    });
  };
  return { ...host, trigger, did };
}

test("each policy does its part and no more", async (t) => {
  const { trigger, running, did } = await hostWithUpdate(t);
  assert.equal((await trigger("none")).update, undefined);
  const checked = await trigger("check");
  assert.deepEqual([checked.update?.changed, checked.update?.to.version], [true, "13.2"]);
  assert.equal(running().repo.isPartial(checked.update!.to.checksum), true);
  const downloaded = await trigger("download");
  assert.equal(running().repo.isPartial(downloaded.update!.to.checksum), false);
  assert.equal(running().staged, undefined);
  const staged = await trigger("stage");
  assert.deepEqual([staged.update?.deployed?.swap, staged.reboot.state], ["staged", "not-needed"]);
  assert.deepEqual(did, []);
});

test("a reboot waits for the window, and for every program that is asked", async (t) => {
  const { root, trigger, running, did } = await hostWithUpdate(t);
  const closed = await trigger("apply", monday);
  assert.deepEqual(
    [closed.update?.deployed?.swap, closed.reboot],
    ["staged", { state: "later", at: Date.parse("2026-11-29T02:00Z") }],
  );
  assert.deepEqual(did.splice(0), ["2026-11-29T02:00:00.000Z"]);

  const asked = join(root, "asked");
  write(root, "usr/lib/atomic/reboot.d/10-lock", "#!/bin/sh\necho masked >&2; exit 1\n", 0o755);
  write(root, "etc/atomic/reboot.d/10-lock", "not executable: masks that of the system\n");
  write(root, "usr/lib/atomic/reboot.d/20-note", `#!/bin/sh\necho "$ATOMIC_VERSION" >>${asked}\n`, 0o755);
  write(
    root,
    "etc/atomic/reboot.d/30-backup",
    "#!/bin/sh\necho noise; echo the backup is not done >&2; exit 1\n",
    0o755,
  );
  const refused = await trigger("apply");
  const program = join(root, "etc/atomic/reboot.d/30-backup");
  assert.deepEqual(refused.reboot, {
    state: "later",
    at: sunday + 300_000,
    refused: { program, reason: "the backup is not done" },
  });
  assert.equal(readFileSync(asked, "utf8"), "13.2\n");
  const late = await trigger("apply", Date.parse("2026-11-22T03:58Z"));
  assert.equal(late.reboot.state === "later" && late.reboot.at, Date.parse("2026-11-29T02:00Z"));
  did.length = 0;

  write(root, "etc/atomic/reboot.d/30-backup", "#!/bin/sh\nexit 0\n", 0o755);
  assert.equal((await trigger("apply")).reboot.state, "done");
  assert.deepEqual(did.splice(0), ["reboot"]);

  // In the new version there is nothing left to do.
  await finalizeStaged(running());
  assert.deepEqual([(await trigger("apply")).reboot.state, did], ["not-needed", []]);
});

test("a program that does not answer does not hold the update up", async (t) => {
  const { root, running, trigger } = await hostWithUpdate(t);
  await trigger("stage");
  write(root, "etc/atomic/reboot.d/hang", "#!/bin/sh\nexec sleep 60\n", 0o755);
  const config: UpdateConfig = { policy: "apply", windows: [], timeZone: "UTC", hookSeconds: 1, retrySeconds: 60 };
  const options = { startFinalizer: async () => {}, now: () => sunday, arm: async () => {}, root };
  const { reboot } = await triggerAutomaticUpdate(running(), config, options);
  assert.match(reboot.state === "later" ? (reboot.refused?.reason ?? "") : "", /no answer within 1 s/);
});
