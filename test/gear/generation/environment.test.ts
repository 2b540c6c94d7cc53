// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  changeEnvironment,
  defaultUpdate,
  deploy,
  environmentOf,
  type Pins,
  previewEnvironment,
  render,
  type Rendered,
  rollback,
} from "../../../src/gear/index.ts";
import { withEnvironment } from "../../../src/gear/generation/environment.ts";
import { makeApplication, makeContainer, makePlan, name } from "../application.ts";
import { docker, hostile, podman } from "../unit/applications.ts";
import { script } from "./scripted.ts";
import { digest } from "./shop.ts";

const webImage = "docker.io/library/nginx:1.27";
const web = makeContainer({
  // No option of the engine's.
  command: ["serve", "--env=OTHER=1", "--env", "MORE=2", webImage],
  environment: [
    { name: "LEVEL", value: "info" },
    { name: "PRICE", value: "5 % of $HOME" },
  ],
  secrets: [{ name: name("password"), target: { kind: "environment", variable: "PASSWORD" } }],
});
const application = makeApplication({
  containers: [web, makeContainer({ name: name("db"), image: webImage })],
  secrets: [{ name: name("password"), source: { kind: "file", path: "/etc/password" } }],
});
const unit = "shop-web.service";
const rendered = (settings = podman): Rendered => render(makePlan(application), "localhost", settings);

test("what a unit gives its container is read as it was written, secrets without their values", () => {
  for (const settings of [podman, docker]) {
    assert.deepEqual(environmentOf(rendered(settings), unit), [
      { name: "LEVEL", value: "info", isSet: false },
      { name: "PASSWORD", value: undefined, isSet: false },
      { name: "PRICE", value: "5 % of $HOME", isSet: false },
    ]);
  }
});

test("any value is set as it is, over the file's, and taken back to the very same unit", () => {
  for (const settings of [podman, docker]) {
    const before = rendered(settings);
    const set = new Map(hostile.map((value, index) => [`V${index}`, value]));
    const after = withEnvironment(before, [unit], new Map([...set, ["LEVEL", "debug"]]));
    const found = new Map(environmentOf(after, unit).map((one) => [one.name, one]));
    for (const [key, value] of set) assert.deepEqual(found.get(key), { name: key, value, isSet: true });
    assert.deepEqual(found.get("LEVEL"), { name: "LEVEL", value: "debug", isSet: true });
    assert.equal(found.get("PRICE")?.isSet, false);
    assert.equal(after.units.get("shop-db.service"), before.units.get("shop-db.service"));
    assert.deepEqual(withEnvironment(after, [unit], new Map()), before);
  }
});

async function deployed(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "atomic-env-"));
  t.after(() => rmSync(root, { recursive: true }));
  const on = script(root);
  on.edit((state) => (state.registry = { [webImage]: digest("a") }));
  const request = {
    application: name("shop"),
    source: { path: "/srv/shop.yaml", files: new Map() },
    policy: { ...defaultUpdate, healthyDeadline: 1000, minHealthyTime: 0 },
    place: () => ({
      placed: [],
      render: (pins: Pins) => render(makePlan(application), "localhost", { ...podman, pins }),
    }),
    pull: "always",
    message: undefined,
    by: "root",
    command: "atomic gear deploy shop.yaml",
  } as const;
  assert.equal((await deploy(on, request)).outcome, "done");
  const change = (set: Record<string, string>, reset: readonly string[] | "all" = []) => {
    const known = {
      application: name("shop"),
      container: "web",
      message: undefined,
      by: "root",
      command: "atomic gear env",
    };
    return { ...known, set: new Map(Object.entries(set)), reset };
  };
  return {
    on,
    change,
    words: () =>
      environmentOf(on.store.generation(name("shop"), on.store.record(name("shop"))!.current!).rendered, unit),
  };
}

test("a change is a generation: previewed, watched, gone back from; what was set before stays set", async (t) => {
  const { on, change, words } = await deployed(t);
  const preview = previewEnvironment(on, change({ LEVEL: "debug" }));
  assert.deepEqual([preview.units.changed, preview.from], [[unit], 1]);
  assert.equal(words().find(({ name: one }) => one === "LEVEL")?.value, "info", "a preview changes nothing");
  const first = await changeEnvironment(on, change({ LEVEL: "debug" }));
  assert.deepEqual([first.kind, first.outcome, first.to, first.units.changed], ["env", "done", 2, [unit]]);
  await changeEnvironment(on, change({ MORE: "1" }));
  const set = () => words().flatMap(({ name: one, value, isSet }) => (isSet ? [`${one}=${value}`] : []));
  assert.deepEqual(set(), ["LEVEL=debug", "MORE=1"]);
  await changeEnvironment(on, change({}, ["MORE"]));
  assert.deepEqual(set(), ["LEVEL=debug"]);
  await changeEnvironment(on, change({}, "all"));
  assert.deepEqual(set(), []);
  await rollback(on, { application: name("shop"), generation: 3, by: "root", command: "atomic gear rollback" });
  assert.deepEqual(set(), ["LEVEL=debug", "MORE=1"]);
});

test("a secret's variable, and a container that there is not, are refused", async (t) => {
  const { on, change } = await deployed(t);
  await assert.rejects(changeEnvironment(on, change({ PASSWORD: "x" })), { code: "gear-unsupported" });
  await assert.rejects(changeEnvironment(on, { ...change({ A: "1" }), container: "cache" }), {
    code: "gear-no-application",
    message: /shop has no container cache/,
  });
});
