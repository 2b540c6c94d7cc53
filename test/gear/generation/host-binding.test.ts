// SPDX-License-Identifier: Apache-2.0
/** What is chosen in a boot, by the record and the host that was booted alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bind,
  bindingOf,
  bindingsAfter,
  chooseGeneration,
  noBindings,
} from "../../../src/gear/generation/host-binding.ts";
import type { HostBindings, HostDeployment } from "../../../src/gear/index.ts";

const host = (version: string): HostDeployment => ({ checksum: version.repeat(8), version });
const [a, b, c] = [host("13.3"), host("13.4"), host("14.0")];

const start: HostBindings = bind(noBindings, { host: a, generation: 1, proven: true, failure: undefined });
const waitingFor = (bindings: HostBindings, to: HostDeployment, generation = 2): HostBindings => ({
  ...bindings,
  waiting: { generation, host: to },
});

test("a generation that waits is chosen on its host, and the one before on the host before, back and forth", () => {
  let bindings = waitingFor(start, b);
  let current = 1;
  for (const [booted, expected] of [
    [a, 1],
    [b, 2],
    [a, 1],
    [b, 2],
  ] as const) {
    current = chooseGeneration(bindings, current, booted, () => undefined);
    bindings = bindingsAfter(bindings, booted, current);
    assert.equal(current, expected);
  }
  assert.equal(bindings.waiting, undefined);
});

test("another host than the one that it waits for gets it only where its file asks for such a version", () => {
  const bindings = waitingFor(start, b);
  assert.equal(
    chooseGeneration(bindings, 1, c, () => undefined),
    1,
  );
  assert.equal(
    chooseGeneration(bindings, 1, c, () => ">=13.4"),
    2,
  );
  assert.equal(
    chooseGeneration(bindings, 1, c, () => "13.4"),
    1,
  );
  assert.equal(
    chooseGeneration(bindings, 1, a, () => ">=13"),
    1,
    "where it has run, what ran is gone back to",
  );
});

test("what failed with a host is not chosen on another one, and no more on that one later", () => {
  const failed = bind(start, { host: b, generation: 2, proven: false, failure: "shop-web.service has failed" });
  assert.equal(
    chooseGeneration(failed, 2, b, () => undefined),
    2,
    "the host's attempts are the host's to count",
  );
  const back = bindingsAfter(
    failed,
    a,
    chooseGeneration(failed, 2, a, () => undefined),
  );
  assert.equal(bindingOf(back, b), undefined);
  assert.equal(
    chooseGeneration(back, 1, b, () => undefined),
    1,
  );
});

test("what failed with a host does not go along to one that was never booted", () => {
  const failed = bind(start, { host: b, generation: 2, proven: false, failure: "shop-web.service has failed" });
  assert.equal(
    chooseGeneration(failed, 2, c, () => undefined),
    1,
  );
  assert.equal(
    chooseGeneration(waitingFor(failed, b, 3), 2, c, () => undefined),
    1,
  );
});

test("on a host that is new to it a generation has yet to prove itself", () => {
  const after = bindingsAfter(start, c, 1);
  assert.deepEqual(bindingOf(after, c), { host: c, generation: 1, proven: false, failure: undefined });
  assert.equal(bindingOf(after, a)?.proven, true);
});

test("however hosts and failures alternate, a boot of the same host twice chooses the same", () => {
  const hosts = [a, b, c];
  const walk = (bindings: HostBindings, current: number, left: number): void => {
    if (left === 0) return;
    for (const booted of hosts) {
      const chosen = chooseGeneration(bindings, current, booted, () => ">=13.4");
      const after = bindingsAfter(bindings, booted, chosen);
      assert.equal(
        chooseGeneration(after, chosen, booted, () => ">=13.4"),
        chosen,
      );
      walk(after, chosen, left - 1);
      const failed = bind(after, { host: booted, generation: chosen, proven: false, failure: "unhealthy" });
      assert.equal(
        chooseGeneration(failed, chosen, booted, () => ">=13.4"),
        chosen,
      );
      walk(failed, chosen, left - 1);
    }
  };
  walk(waitingFor(start, b), 1, 5);
});
