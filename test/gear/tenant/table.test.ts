// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeTenants, encodeTenants } from "../../../src/gear/tenant/table.ts";

const acme = {
  name: "acme",
  categories: [100, 200],
  users: { first: 0x24000000, count: 65536 },
  resources: { memory: 1024, cpus: 0.5 },
  journal: {},
  volumes: ["/srv/acme"],
  retired: false,
};
const table = (...tenants: unknown[]) => JSON.stringify({ version: 1, tenants });

test("a table is read as it was written", () => {
  const tenants = decodeTenants(table({ ...acme, name: "b", categories: [100, 201] }, acme), "x");
  assert.deepEqual(tenants.toReversed(), decodeTenants(encodeTenants(tenants), "x"));
});

test("a table that cannot be trusted is refused as a whole", () => {
  const wrong = [
    "",
    "{}",
    "null",
    JSON.stringify({ version: 2, tenants: [] }),
    table(null),
    table({ ...acme, name: "../etc" }),
    table({ ...acme, categories: [200, 100] }),
    table({ ...acme, categories: [100, 1024] }),
    table({ ...acme, categories: [99, 100] }),
    table({ ...acme, categories: [100, 200, 300] }),
    table({ ...acme, categories: "c100,c200" }),
    table({ ...acme, users: { first: 0, count: 65536 } }),
    table({ ...acme, users: undefined }),
    table({ ...acme, resources: { memory: "1\nExecStart=/bin/sh" } }),
    table({ ...acme, journal: { maxUse: -1 } }),
    table({ ...acme, volumes: ["srv"] }),
    table(acme, { ...acme, name: "other" }),
    table(acme, acme),
  ];
  for (const text of wrong) assert.throws(() => decodeTenants(text, "x"), { code: /^gear-bad-(tenants|name)$/ }, text);
});
