// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { AtomicError } from "../../../src/base/index.ts";
import { gearError, type ServiceManager } from "../../../src/gear/index.ts";
import { explainTaken } from "../../../src/gear/journal/receive.ts";
import { writeServiceFiles } from "../../../src/gear/journal/service-files.ts";
import { UnitsBefore } from "../../../src/gear/journal/units-before.ts";

const units = ["a.socket", "a.service"];
const paths = units.map((name) => `etc/systemd/system/${name}`);
const files = (content: string) => paths.map((path) => ({ path, content }));

function place(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "atomic-units-"));
  t.after(() => rmSync(root, { recursive: true }));
  return root;
}

/** Knows units by their files, as they were when they were read last. */
function manager(root: string, running: readonly string[]) {
  const active = new Set(running);
  const enabled = new Set(running);
  const loaded = new Set<string>();
  const load = () => {
    loaded.clear();
    for (const [index, path] of paths.entries()) if (existsSync(join(root, path))) loaded.add(units[index]!);
  };
  load();
  const services = {
    unit: async (name: string) => ({
      loadState: loaded.has(name) ? "loaded" : "not-found",
      activeState: active.has(name) ? "active" : "inactive",
    }),
    unitFileState: async (name: string) => (enabled.has(name) ? "enabled" : undefined),
    disable: async (names: readonly string[]) => names.forEach((name) => enabled.delete(name)),
    enable: async (names: readonly string[]) => names.forEach((name) => enabled.add(name)),
    stop: async (name: string) => void active.delete(name),
    start: async (name: string) => void (loaded.has(name) && active.add(name)),
    resetFailed: async (name: string) => assert.ok(loaded.has(name)),
    daemonReload: async () => load(),
  } as unknown as ServiceManager;
  return { services, active, enabled };
}

test("units that were not there before are gone again", async (t) => {
  const root = place(t);
  const { services, active, enabled } = manager(root, []);
  const before = await UnitsBefore.read(services, paths, units, root);
  writeServiceFiles(files("new"), root);
  await services.daemonReload();
  await services.enable(units);
  await services.start("a.service");
  await before.restore();
  assert.deepEqual([active.size, enabled.size], [0, 0]);
  for (const path of paths) assert.equal(existsSync(join(root, path)), false);
});

test("units that were there before run again, from the files that they had", async (t) => {
  const root = place(t);
  writeServiceFiles(files("old"), root);
  const { services, active, enabled } = manager(root, ["a.socket"]);
  const before = await UnitsBefore.read(services, paths, units, root);
  await services.stop("a.socket");
  writeServiceFiles(files("new"), root);
  await before.restore();
  assert.deepEqual([[...active], [...enabled]], [["a.socket"], ["a.socket"]]);
  for (const path of paths) assert.equal(readFileSync(join(root, path), "utf8"), "old");
});

test("a port that is taken is told of with who has it", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const failed = gearError("unit-job", "a.socket: the job failed");
  for (const listen of [String(port), `127.0.0.1:${port}`]) {
    const told = explainTaken(listen, failed);
    assert.ok(gearError.is(told, "port-conflict"));
    assert.match(
      (told as AtomicError).message,
      new RegExp(`^port ${port} is in use by .* \\(process ${process.pid}\\)$`),
    );
  }
  assert.equal(explainTaken(`127.0.0.2:${port}`, failed), failed);
  assert.equal(explainTaken(`[::1]:${port}`, failed), failed);
  const other = new Error("x");
  assert.equal(explainTaken(String(port), other), other);
});
