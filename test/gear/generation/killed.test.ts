// SPDX-License-Identifier: Apache-2.0
/**
 * A program that is killed at any step leaves what the next one brings to a good end. A step is each change of a file and each
 * call to the service manager or the engine, before and after it takes effect. From the step at which it is killed on, nothing
 * that the program does has an effect any more, clean-up handlers among it, as after kill -9.
 */
import assert from "node:assert/strict";
import fs, { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { type ChangeReport, deleteApplication, deploy, rollback, withApplication } from "../../../src/gear/index.ts";
import { name } from "../application.ts";
import { type Script, script } from "./scripted.ts";
import { dbImage, deployRequest, digest, twoUnits, webImage } from "./shop.ts";

const shop = name("shop");

/** What every change of a file is told to; it throws when the program is dead, or the disk full. */
let step: (change: "write" | "rm", path: string) => void = () => {};

const changing = ["mkdirSync", "openSync", "renameSync", "unlinkSync", "rmSync"] as const;
const originals = changing.map((one) => [one, fs[one]] as const);
for (const [one, original] of originals) {
  const stepped = (...words: unknown[]) => {
    const isWrite = one === "mkdirSync" || (one === "openSync" && words[1] !== "r");
    step(isWrite ? "write" : "rm", String(words[0]));
    return (original as (...words: unknown[]) => unknown)(...words);
  };
  Object.assign(fs, { [one]: stepped });
}
syncBuiltinESMExports();
after(() => {
  Object.assign(fs, Object.fromEntries(originals));
  syncBuiltinESMExports();
});

class Killed extends Error {}

/** @returns how many steps there were; undefined when it was killed */
async function run(root: string, work: (host: Script) => Promise<unknown>, killAt = 0): Promise<number | undefined> {
  let count = 0;
  const counted = () => {
    count++;
    if (killAt > 0 && count >= killAt) throw new Killed();
  };
  const host = script(root, counted);
  step = counted;
  const isKilled = () => killAt > 0 && count >= killAt;
  try {
    await work(host);
    return isKilled() ? undefined : count;
  } catch (error) {
    // A clean-up handler that fails as well has the other error inside.
    if (isKilled()) return undefined;
    throw error;
  } finally {
    step = () => {};
  }
}

/** A host with two generations of the application, of which the second one runs. */
async function makeHost(t: TestContext): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), "atomic-killed-"));
  t.after(() => rmSync(root, { recursive: true }));
  const host = script(root);
  host.edit((state) => {
    state.registry = { [webImage]: digest("1"), [dbImage]: digest("2") };
    state.loaded["host-report.service"] = "Requires=shop-db.service";
  });
  for (const line of ["# one", "# two"]) {
    const lines = ["Requires=shop-db.service", line];
    const changed = { image: dbImage, lines: [line] };
    await deploy(
      host,
      deployRequest({ ...twoUnits, "shop-db.service": changed, "shop-web.service": { image: webImage, lines } }),
    );
  }
  await host.services.start("host-report.service");
  return root;
}

/** What counts at the end: what runs, what is in place and enabled, what is recorded, and that nothing else is left. */
function stateOf(root: string) {
  const host = script(root);
  const directory = join(root, "etc/systemd/system");
  const record = host.store.record(shop);
  const kept = join(root, "var/lib/atomic/gear/applications");
  return {
    running: host.running(),
    units: Object.fromEntries(
      readdirSync(directory)
        .sort()
        .map((unit) => [unit, readFileSync(join(directory, unit), "utf8")]),
    ),
    enabled: host.state().enabled,
    current: record?.current,
    change: record?.change,
    left: readdirSync(kept, { recursive: true })
      .map(String)
      .filter((path) => /(^|\/)\./.test(path)),
    directories: record === undefined ? [] : readdirSync(join(kept, "shop")).filter((entry) => /^\d+$/.test(entry)),
    recorded: (record?.generations ?? []).map(({ number }) => String(number)),
  };
}

type End = ReturnType<typeof stateOf>;

/** The parts of a state that may differ by the step at which it was ended. */
function essence({ running, units, enabled, current, change }: End) {
  return { running, units, enabled, current, change };
}

/** Kills `work` at every step in turn, has the next command run, and compares what there is then. */
async function killAtEveryStep(
  t: TestContext,
  work: (host: Script) => Promise<unknown>,
  ends: (before: End, after: End) => readonly End[],
) {
  const root = await makeHost(t);
  const scratch = mkdtempSync(join(tmpdir(), "atomic-killed-"));
  t.after(() => rmSync(scratch, { recursive: true, force: true }));
  const copy = (label: string) => {
    cpSync(root, join(scratch, label), { recursive: true });
    return join(scratch, label);
  };
  const whole = copy("whole");
  const steps = (await run(whole, work))!;
  const allowed = ends(stateOf(root), stateOf(whole)).map((end) => JSON.stringify(essence(end)));
  assert.ok(steps > 20, `${steps} steps`);
  for (let at = 1; at <= steps; at++) {
    const host = copy(String(at));
    assert.equal(await run(host, work, at), undefined, `step ${at} ends it`);
    // Any verb that changes does this first.
    await run(host, (next) => withApplication(next, shop, async () => {}));
    const end = stateOf(host);
    assert.ok(allowed.includes(JSON.stringify(essence(end))), `step ${at}: ${JSON.stringify(end, undefined, 1)}`);
    assert.deepEqual(end.left, [], `step ${at} leaves no temporary file`);
    assert.deepEqual(end.directories, end.recorded, `step ${at} leaves no generation that is not recorded`);
    rmSync(host, { recursive: true });
  }
  t.diagnostic(`killed at each of ${steps} steps`);
}

const deployWith = (line: string) => (host: Script) => {
  const units = { ...twoUnits, "shop-web.service": { image: webImage, lines: ["Requires=shop-db.service", line] } };
  return deploy(host, deployRequest(units));
};
const who = { application: shop, by: "root", command: "atomic gear" };

test("a deployment that is killed at any step is taken back, or was done", (t) =>
  killAtEveryStep(t, deployWith("# other"), (before, done) => [before, done]));

test("a deployment that is killed while it is taken back is taken back", (t) =>
  killAtEveryStep(t, deployWith("# unhealthy-after: 1000"), (before) => [before]));

test("a rollback that is killed once it has begun is brought to its end", (t) =>
  killAtEveryStep(
    t,
    (host) => rollback(host, { ...who, generation: undefined }),
    (before, done) => [before, done],
  ));

test("a deletion that is killed once it has begun is brought to its end", (t) =>
  killAtEveryStep(
    t,
    (host) => deleteApplication(host, who),
    (before, done) => [before, done],
  ));

test("what takes a killed deployment back may be killed as well, at any step", async (t) => {
  const root = await makeHost(t);
  const scratch = mkdtempSync(join(tmpdir(), "atomic-killed-"));
  t.after(() => rmSync(scratch, { recursive: true, force: true }));
  const half = join(scratch, "half");
  cpSync(root, half, { recursive: true });
  // In the watch: all units are of the generation that nobody has seen healthy.
  const steps = (await run(join(scratch, "half"), deployWith("# never-healthy"), 60)) ?? 60;
  assert.equal(steps, 60);
  const before = JSON.stringify(essence(stateOf(root)));
  const recovery = (host: Script) => withApplication(host, shop, async () => {});
  const whole = join(scratch, "whole");
  cpSync(half, whole, { recursive: true });
  const all = (await run(whole, recovery))!;
  assert.equal(JSON.stringify(essence(stateOf(whole))), before);
  for (let at = 1; at <= all; at++) {
    const host = join(scratch, String(at));
    cpSync(half, host, { recursive: true });
    await run(host, recovery, at);
    await run(host, recovery);
    assert.equal(JSON.stringify(essence(stateOf(host))), before, `step ${at}`);
    rmSync(host, { recursive: true });
  }
});

test("a disk that is full from any step of a deployment on leaves what ran, or what was deployed, running", async (t) => {
  const root = await makeHost(t);
  const scratch = mkdtempSync(join(tmpdir(), "atomic-killed-"));
  t.after(() => rmSync(scratch, { recursive: true, force: true }));
  const copy = (label: string) => {
    cpSync(root, join(scratch, label), { recursive: true });
    return join(scratch, label);
  };
  const whole = copy("whole");
  const steps = (await run(whole, deployWith("# other")))!;
  const ends = [stateOf(root), stateOf(whole)];
  const outcomes = new Set<string>();
  for (let at = 1; at <= steps; at++) {
    const path = copy(String(at));
    outcomes.add(await runOnFullDisk(path, deployWith("# other"), at));
    const running = JSON.stringify(stateOf(path).running);
    assert.ok(
      ends.some((end) => JSON.stringify(end.running) === running),
      `step ${at}: ${running} run`,
    );
    await run(path, (next) => withApplication(next, shop, async () => {}));
    const end = stateOf(path);
    assert.ok(
      ends.some((one) => JSON.stringify(essence(one)) === JSON.stringify(essence(end))),
      `step ${at}`,
    );
    assert.deepEqual(end.left, [], `step ${at} leaves no temporary file`);
    rmSync(path, { recursive: true });
  }
  assert.deepEqual([...outcomes].sort(), ["ENOSPC", "done", "taken-back"]);
});

/** Nothing is written from a step on, until the room is given back that was put aside for that. @returns how it ended */
async function runOnFullDisk(root: string, work: (host: Script) => Promise<ChangeReport>, from: number) {
  let count = 0;
  let isFull = true;
  const host = script(root, () => void count++);
  step = (change, path) => {
    count++;
    if (change === "rm" && path.endsWith("/.reserve")) isFull = false;
    if (isFull && count >= from && change === "write")
      throw Object.assign(new Error("full"), { code: "ENOSPC", errno: -28 });
  };
  try {
    return (await work(host)).outcome;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  } finally {
    step = () => {};
  }
}
