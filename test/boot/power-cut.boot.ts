// SPDX-License-Identifier: Apache-2.0
/** The plug is pulled while an upgrade runs: the machine comes back as it was, and the next upgrade succeeds. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../src/base/index.ts";
import type { RunningServer } from "../../src/ostree/index.ts";
import { deployments, type Fixture, makeFixture, publish, serve, start } from "./fixture.ts";

let fixture: Fixture;
let server: RunningServer;
let overlay: string;

before(async () => {
  fixture = await makeFixture();
  server = await serve(fixture.repo.path);
  overlay = join(fixture.directory, "overlay.qcow2");
  await run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", fixture.disk, "-F", "raw", overlay]);
  await using machine = await start({ disk: overlay, unsafe: true });
  assert.equal(await machine.waitForBoot(600), "running");
  publish(fixture, fixture.second);
  await machine.save("booted");
});

after(async () => {
  await server?.close();
  fixture?.[Symbol.dispose]();
});

for (const seconds of [3, 12]) {
  test(`power cut ${seconds} s after an upgrade began`, async () => {
    await using machine = await start({ disk: overlay, unsafe: true, restore: "booted" });
    void machine.run("atomic host upgrade", { timeoutSeconds: 600 }).catch(() => {});
    await sleep(seconds * 1000);
    await machine.cutPower();

    await using again = await start({ disk: overlay, unsafe: true });
    assert.equal(await again.waitForBoot(600), "running");
    const [now] = await deployments(again);
    assert.equal(now?.booted, true);
    assert.equal(now?.version, fixture.first.version);
    await again.run("atomic host upgrade", { timeoutSeconds: 600 });
    const [next] = await deployments(again);
    assert.equal(next?.version, fixture.second.version);
  });
}
