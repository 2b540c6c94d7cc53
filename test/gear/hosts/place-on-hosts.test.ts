// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Deployment, parseDeployment, placeOnHosts } from "../../../src/gear/index.ts";
import type { HostFacts } from "../../../src/gear/hosts/requests.ts";

const nothing: HostFacts = {
  placed: [],
  transaction: undefined,
  calledThen: "localhost",
  hostsThen: [],
  portsInUse: [],
  tenant: undefined,
  address: "10.0.0.1",
};

const read = (containers: string): Deployment =>
  parseDeployment(`application: shop\ncontainers:\n${containers}`, "shop.yaml");

const hosts = (...names: string[]) =>
  new Map(names.map((host, index) => [host, { ...nothing, address: `10.0.0.${index + 1}` }]));

const two = read(`  web: {image: x, links: ["db:5432"], placement: {hosts: [a]}}
  db: {image: y, ports: [5432], placement: {hosts: [b]}}
`);

test("a link leads to the address of the other host, and to the port that both have agreed on", () => {
  const facts = hosts("a", "b");
  facts.set("b", { ...facts.get("b")!, portsInUse: [{ port: 20_000, address: undefined, protocol: "tcp", by: "x" }] });
  const { render, placedOn } = placeOnHosts(two, "podman", facts);
  assert.equal(render("a", new Map()).files.get("/links/shop-web")?.content, "127.0.0.1:5432=10.0.0.2:20001\n");
  assert.deepEqual(
    render("b", new Map()).ports.map(({ port }) => port),
    [20_001],
  );
  assert.deepEqual(
    placedOn("b").map(({ id, host }) => `${id} ${host}`),
    ["db b"],
  );
});

test("what runs stays where it is, under whatever name its host was known then", () => {
  const spread = read(`  web: {image: x, count: 2}\n`);
  const first = placeOnHosts(spread, "podman", hosts("a", "b"));
  const facts = hosts("b.example.org", "c");
  const known = { ...nothing, placed: first.placedOn("b"), calledThen: "b" };
  const next = placeOnHosts(spread, "podman", facts.set("b.example.org", known));
  // The one that is made anew begins at the first host.
  assert.deepEqual(
    next.placedOn("b.example.org").map(({ id }) => id),
    ["web-2", "web-1"],
  );
  assert.deepEqual(next.placedOn("c"), []);
});

test("hosts are switched after those that they need or link to; those that need each other at once", () => {
  assert.deepEqual(placeOnHosts(two, "podman", hosts("a", "b")).steps, [["b"], ["a"]]);
  const after = read(`  web: {image: x, after: [db], placement: {hosts: [a]}}
  db: {image: y, placement: {hosts: [b]}}
  log: {image: z, placement: {hosts: [c]}}
`);
  assert.deepEqual(placeOnHosts(after, "podman", hosts("a", "b", "c")).steps, [["b", "c"], ["a"]]);
  const circle = read(`  web: {image: x, after: [db], placement: {hosts: [a]}}
  db: {image: y, placement: {hosts: [b]}}
  cache: {image: z, placement: {hosts: [a]}}
  job: {image: z, after: [cache], placement: {hosts: [b]}}
`);
  assert.deepEqual(placeOnHosts(circle, "podman", hosts("a", "b")).steps, [["a", "b"]]);
});
