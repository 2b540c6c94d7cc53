// SPDX-License-Identifier: Apache-2.0
/** What holds of every plan, on applications that are made at random and change at random. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AtomicError } from "../../../src/base/index.ts";
import { type Application, type Container, placedInstances, plan, type Plan } from "../../../src/gear/index.ts";
import { application, container, link, port } from "./application.ts";

/** mulberry32 */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}

const names = ["web", "db", "cache", "queue"];

function randomApplication(pick: (limit: number) => number): Application {
  const one = <T>(...of: readonly T[]) => of[pick(of.length)] as T;
  const randomContainer = (text: string): Container =>
    container(text, {
      count: pick(5),
      ports: Array.from({ length: 1 + pick(3) }, (_, index) =>
        port(80 + index, one(0, 0, 0, undefined, 8000 + pick(4)), { protocol: one("tcp", "tcp", "udp") }),
      ),
      links: Array.from({ length: pick(3) }, () =>
        link(one(...names), {
          matchPort: one(true, false),
          nonLocal: one(true, false),
          ports: one([], [], [{ target: 80, local: one(undefined, 5000) }]),
        }),
      ),
      placement: { hosts: one([], [], ["a", "b"]), spread: pick(5) === 0 },
    });
  return application(...names.map(randomContainer));
}

function checkPorts({ instances }: Plan): void {
  const taken = instances.flatMap(({ host, ports }) =>
    ports.flatMap((one) => (one.host === undefined ? [] : [`${host} ${one.host} ${one.protocol}`])),
  );
  assert.equal(new Set(taken).size, taken.length, "a port is given twice on a host");
  assert.equal(new Set(instances.map(({ id }) => id)).size, instances.length, "an id is given twice");
}

function checkLinks({ instances, application }: Plan): void {
  for (const { id, host, container: source, links } of instances) {
    const ends = new Map(links.map(({ from, protocol, to }) => [`${from.address}:${from.port}/${protocol}`, to]));
    assert.equal(ends.size, links.length, `${id} has two links at one address`);
    for (const { from, protocol, to } of links) {
      const target = instances.find((one) => one.id === to.instance);
      const found = target?.ports.find(
        (one) => one.container === to.containerPort && one.protocol === protocol && one.host === to.port,
      );
      assert.ok(target?.host === to.host && found, `${id} leads to a port that ${to.instance} does not have`);
      assert.deepEqual(found.shared, from);
      assert.ok(to.port !== undefined || host === to.host, `${id} cannot reach ${to.instance} on ${to.host}`);
    }
    for (const { to } of source.links) {
      const count = application.containers.find((one) => one.name === to)?.count ?? 0;
      const reached = new Set(links.map((one) => one.to.instance).filter((one) => one.startsWith(to)));
      assert.equal(reached.size, count, `${id} does not reach every instance of ${to}`);
    }
  }
}

test("ports are given once, links lead to instances, and an unchanged application stays as it is", () => {
  let planned = 0;
  for (let seed = 1; seed <= 1500; seed++) {
    const pick = generator(seed);
    let before: Plan | undefined;
    for (let round = 0; round < 3; round++) {
      const app = randomApplication(pick);
      const hosts = [["a"], ["a", "b"], ["b", "c", "a"], ["c", "b"]][pick(4)] ?? [];
      const previous = before ? placedInstances(before) : [];
      try {
        before = plan(app, hosts, { previous });
      } catch (error) {
        // The random file asks for what cannot be; that it is refused is all that is to be seen.
        if (error instanceof AtomicError) continue;
        throw error;
      }
      planned++;
      checkPorts(before);
      checkLinks(before);
      const again = plan(app, hosts, { previous: placedInstances(before) });
      const unchanged = before.instances.map((one) => ({ ...one, added: false }));
      assert.deepEqual(again, { ...before, instances: unchanged, removed: [] }, `seed ${seed}`);
      const ids = (those: readonly { id: string; host: string }[]) => those.map(({ id, host }) => `${id}@${host}`);
      const kept = before.instances.filter(({ added }) => !added);
      assert.deepEqual(ids([...kept, ...before.removed]).toSorted(), ids(previous).toSorted(), `seed ${seed}`);
    }
  }
  assert.ok(planned > 1000, `${planned}`);
});
