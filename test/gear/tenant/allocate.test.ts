// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseName } from "../../../src/gear/index.ts";
import { allocateCategories, allocateUsers } from "../../../src/gear/tenant/allocate.ts";
import { levelOf, pairAt, pairCount } from "../../../src/gear/tenant/categories.ts";

const name = (text: string) => parseName(text, "a tenant");

test("every number is a pair of its own, within c100 to c1023", () => {
  assert.equal(pairCount, 426_426);
  assert.deepEqual(pairAt(0), [100, 101]);
  assert.deepEqual(pairAt(922), [100, 1023]);
  assert.deepEqual(pairAt(923), [101, 102]);
  assert.deepEqual(pairAt(pairCount - 1), [1022, 1023]);
  const seen = new Set<number>();
  for (let index = 0; index < pairCount; index += 7) {
    const [low, high] = pairAt(index);
    assert.ok(low >= 100 && low < high && high <= 1023, `${index}`);
    seen.add(low * 1024 + high);
  }
  assert.equal(seen.size, Math.ceil(pairCount / 7));
});

test("2000 tenants have levels of their own, and the same ones on every host", () => {
  const allocate = () => {
    const taken = new Set<string>();
    for (let index = 0; index < 2000; index++) taken.add(levelOf(allocateCategories(name(`tenant-${index}`), taken)));
    return [...taken];
  };
  const first = allocate();
  assert.equal(first.length, 2000);
  assert.deepEqual(allocate(), first);
});

test("a level that a container has by chance is passed over", () => {
  const wanted = allocateCategories(name("acme"), new Set());
  const next = allocateCategories(name("acme"), new Set([levelOf(wanted)]));
  assert.notEqual(levelOf(next), levelOf(wanted));
});

test("when every pair is taken, nobody gets another one's", () => {
  const all = { has: () => true } as unknown as ReadonlySet<string>;
  assert.throws(() => allocateCategories(name("acme"), all), { code: "gear-tenants-full" });
});

test("ranges of users touch neither each other nor those that the host has given out", () => {
  assert.deepEqual(allocateUsers([]), { first: 0x24000000, count: 65536 });
  assert.deepEqual(allocateUsers([{ first: 0x24000000, count: 65536 }]), { first: 0x24010000, count: 65536 });
  // One user in the middle, and a range across a border.
  const taken = [
    { first: 0x24008000, count: 1 },
    { first: 0x2401ffff, count: 2 },
  ];
  assert.deepEqual(allocateUsers(taken), { first: 0x24030000, count: 65536 });
  assert.deepEqual(
    allocateUsers([
      { first: 0x24020000, count: 65536 },
      { first: 0, count: 0x24000001 },
    ]),
    { first: 0x24010000, count: 65536 },
  );
  assert.throws(() => allocateUsers([{ first: 0, count: 0x6fff0000 }]), { code: "gear-tenants-full" });
});
