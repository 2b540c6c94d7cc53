// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Application, placedInstances, plan, type Plan, type PlanOptions } from "../../../src/gear/index.ts";
import { application, container, link, name, port } from "./application.ts";

const places = ({ instances }: Plan) => instances.map(({ id, host }) => `${id}@${host}`).join(" ");
const hostPorts = ({ instances }: Plan) =>
  instances.flatMap(({ id, ports }) => ports.map((one) => `${id} ${one.container}:${one.host ?? "-"}`));
const links = ({ instances }: Plan) =>
  instances.flatMap(({ id, links }) =>
    links.map(({ from, to }) => `${id} ${from.address}:${from.port} > ${to.instance}:${to.containerPort}`),
  );

function replan(app: Application, before: Plan, hosts: readonly string[], options: PlanOptions = {}): Plan {
  return plan(app, hosts, { previous: placedInstances(before), ...options });
}

test("instances go round the hosts, over all containers", () => {
  const app = application(container("web", { count: 3 }), container("db"), container("cache", { count: 2 }));
  assert.equal(places(plan(app, ["a", "b"])), "web-1@a web-2@b web-3@a db@b cache-1@a cache-2@b");
  assert.equal(places(plan(app, [])).split("@localhost").length, 7);
});

test("a container runs on the hosts that it names, and spreads where it says so", () => {
  const app = application(
    container("web", { count: 2, placement: { hosts: ["b", "c"], spread: true } }),
    container("db", { placement: { hosts: ["a"], spread: false } }),
  );
  assert.equal(places(plan(app, ["a", "b", "c"])), "web-1@b web-2@c db@a");
  assert.throws(() => plan(app, ["a", "b"]), /web-2 is not assigned to a host: .* a host of its own/);
  assert.throws(() => plan(app, ["b", "c"]), /db is not assigned to a host: it may run on a/);
});

test("scaling adds at the end and removes from the end; who was alone keeps its name", () => {
  const of = (count: number) => application(container("web", { count }));
  const one = plan(of(1), ["a", "b"]);
  const three = replan(of(3), one, ["a", "b"]);
  assert.equal(places(three), "web@a web-2@a web-3@b");
  assert.deepEqual(
    three.instances.map(({ added }) => added),
    [false, true, true],
  );
  const again = replan(of(1), three, ["a", "b"]);
  assert.equal(places(again), "web@a");
  assert.deepEqual(
    again.removed.map(({ id }) => id),
    ["web-2", "web-3"],
  );
  assert.equal(places(replan(of(0), again, ["a"])), "");
});

test("instances of a host that is gone are made anew on another one", () => {
  const app = application(container("web", { count: 3 }));
  const before = plan(app, ["a", "b"]);
  const after = replan(app, before, ["b", "c"]);
  assert.equal(places(after), "web-2@b web-1@b web-3@c");
  assert.deepEqual(
    after.removed.map(({ id, host }) => `${id}@${host}`),
    ["web-1@a", "web-3@a"],
  );
});

test("an instance moves when its container may no longer run where it is", () => {
  const before = plan(application(container("web", { count: 2 })), ["a"]);
  const spread = application(container("web", { count: 2, placement: { hosts: [], spread: true } }));
  assert.equal(places(replan(spread, before, ["a", "b"])), "web-1@a web-2@b");
  const there = application(container("web", { count: 2, placement: { hosts: ["b"], spread: false } }));
  assert.equal(places(replan(there, before, ["a", "b"])), "web-1@b web-2@b");
});

test("an application gets no more instances, hosts or names than it can have", () => {
  const app = application(container("web", { count: 1001 }));
  assert.throws(() => plan(app, ["a"]), { code: "gear-too-large" });
  assert.throws(() => plan(application(), ["a", "a"]), /host "a" is named twice/);
  const clash = application(container("web", { count: 2 }), container("web-1"));
  assert.throws(() => plan(clash, ["a"]), /two containers would be called web-1/);
  const long = application(container("x".repeat(62), { count: 2 }));
  assert.throws(() => plan(long, ["a"]), { code: "gear-bad-name" });
});

test("links of many instances to many ports are refused before they fill the memory", () => {
  const many = Array.from({ length: 100 }, (_, index) => port(index + 1, 0));
  const app = application(container("web", { count: 500, ports: many, links: [link("web")] }));
  assert.throws(() => plan(app, ["a"]), { code: "gear-too-large" });
});

test("ports that the file names are held against each other and against who has them", () => {
  const app = application(container("web", { ports: [port(80, 8080)] }), container("api", { ports: [port(80, 8080)] }));
  assert.throws(() => plan(app, ["a"]), /port 8080\/tcp of a that api asks for is taken by web/);
  assert.deepEqual(hostPorts(plan(app, ["a", "b"])), ["web 80:8080", "api 80:8080"]);
  const used = { host: "a", port: 8080, address: undefined, protocol: "tcp" as const, by: "nginx.service" };
  const web = application(container("web", { ports: [port(80, 8080)] }));
  assert.throws(() => plan(web, ["a"], { portsInUse: [used] }), /that web asks for is taken by nginx\.service/);
  assert.deepEqual(hostPorts(plan(web, ["b"], { portsInUse: [used] })), ["web 80:8080"]);
  assert.deepEqual(hostPorts(plan(web, ["a"], { portsInUse: [{ ...used, protocol: "udp" }] })), ["web 80:8080"]);
});

test("addresses exclude each other as bind(2) has it", () => {
  const both = (one: string | undefined, other: string | undefined) =>
    plan(
      application(
        container("web", { ports: [port(80, 80, { address: one })] }),
        container("api", { ports: [port(80, 80, { address: other })] }),
      ),
      ["a"],
    );
  assert.doesNotThrow(() => both("10.0.0.1", "10.0.0.2"));
  for (const every of [undefined, "0.0.0.0", "::", "[::]", "*"]) {
    assert.throws(() => both(every, "10.0.0.2"), { code: "gear-port-conflict" });
  }
  assert.throws(() => both("[fd00::1]", "fd00::1"), { code: "gear-port-conflict" });
});

test("a port with a number needs a host for each instance, whatever the round says", () => {
  const of = (count: number) => application(container("web", { count, ports: [port(80, 80)] }));
  const one = plan(of(1), ["a", "b"]);
  assert.equal(places(replan(of(2), one, ["a", "b"])), "web@a web-2@b");
  assert.throws(() => plan(of(3), ["a", "b"]), /needs port 80 of a host of its own/);
});

test("allocated ports pass over those in use, and stay with their instance", () => {
  const app = application(container("web", { count: 2, ports: [port(80, 0)] }));
  const used = (number: number, by: string) => ({
    host: "a",
    port: number,
    address: "127.0.0.1",
    protocol: "tcp" as const,
    by,
  });
  const first = plan(app, ["a"], { portsInUse: [used(20_000, "other")] });
  assert.deepEqual(hostPorts(first), ["web-1 80:20001", "web-2 80:20002"]);
  // Its own ports are in use because it listens on them; those of others are taken from it.
  const running = [used(20_001, "web-1"), used(20_002, "web-2")];
  const again = replan(app, first, ["a"], { portsInUse: running });
  assert.deepEqual(hostPorts(again), hostPorts(first));
  const fixed = application(...app.containers, container("api", { ports: [port(80, 20_001)] }));
  assert.deepEqual(hostPorts(replan(fixed, first, ["a"])), ["web-1 80:20000", "web-2 80:20002", "api 80:20001"]);
});

test("a port of its own on one address is not one that somebody else has on another", () => {
  const of = (address?: string) => application(container("web", { ports: [port(80, 80, { address })] }));
  const before = plan(of("127.0.0.1"), ["a"]);
  const used = { host: "a", port: 80, address: "10.0.0.1", protocol: "tcp" as const, by: "other" };
  assert.doesNotThrow(() => replan(of("127.0.0.1"), before, ["a"], { portsInUse: [used] }));
  assert.throws(() => replan(of(), before, ["a"], { portsInUse: [used] }), { code: "gear-port-conflict" });
});

test("a host that has no port left says so", () => {
  const portsInUse = Array.from({ length: 12_768 }, (_, index) => ({
    host: "a",
    port: 20_000 + index,
    address: undefined,
    protocol: "tcp" as const,
    by: "other",
  }));
  const app = application(container("web", { ports: [port(80, 0)] }));
  assert.throws(() => plan(app, ["a"], { portsInUse }), /no port of 20000 to 32767 is free on a for web/);
});

test("a port that is not published gets one of the host only for links of other hosts", () => {
  const app = application(container("web", { links: [link("db")] }), container("db", { ports: [port(5432)] }));
  const [web, db] = plan(app, ["a"]).instances;
  assert.equal(db?.ports[0]?.host, undefined);
  assert.deepEqual(web?.links, [
    {
      from: { address: "127.0.0.1", port: 5432 },
      protocol: "tcp",
      to: { instance: "db", containerPort: 5432, host: "a", port: undefined },
    },
  ]);
  const [far] = plan(app, ["a", "b"]).instances;
  assert.deepEqual(far?.links[0]?.to, { instance: "db", containerPort: 5432, host: "b", port: 20_000 });
});

test("a link of another host does not lead to a port that is published on the loopback address", () => {
  const db = container("db", { ports: [port(5432, 0, { address: "127.0.0.1" })] });
  const app = application(container("web", { links: [link("db")] }), db);
  assert.doesNotThrow(() => plan(app, ["a"]));
  assert.throws(() => plan(app, ["a", "b"]), /port 5432 of db is published on 127\.0\.0\.1 only, and web on a links/);
});

test("a link to a port leads to each protocol that the port has", () => {
  const dns = container("dns", { ports: [port(53, 0), port(53, 0, { protocol: "udp" })] });
  const [web] = plan(application(container("web", { links: [link("dns")] }), dns), ["a"]).instances;
  assert.deepEqual(
    web?.links.map(({ from, protocol, to }) => `${from.address}:${from.port}/${protocol} ${to.port}`),
    ["127.0.0.1:53/tcp 20000", "127.0.0.1:53/udp 20000"],
  );
});

test("links match ports on addresses of their own, or take the next port of one, local or not", () => {
  const db = (more: object) => container("db", { count: 2, ports: [port(27_017)], links: [link("db", more)] });
  const of = (more: object) => links(plan(application(db(more)), ["a"])).slice(0, 2);
  assert.deepEqual(of({}), ["db-1 127.0.0.1:27017 > db-1:27017", "db-1 127.0.0.1:27018 > db-2:27017"]);
  assert.deepEqual(of({ matchPort: true }), ["db-1 127.0.0.1:27017 > db-1:27017", "db-1 127.0.0.2:27017 > db-2:27017"]);
  assert.deepEqual(of({ nonLocal: true }), [
    "db-1 192.168.1.1:27017 > db-1:27017",
    "db-1 192.168.1.1:27018 > db-2:27017",
  ]);
  assert.deepEqual(of({ ports: [{ target: 27_017, local: 5000 }] }), [
    "db-1 127.0.0.1:5000 > db-1:27017",
    "db-1 127.0.0.2:5000 > db-2:27017",
  ]);
});

test("addresses go on at 255, and ports after 65535", () => {
  const db = container("db", { count: 256, ports: [port(65_535)] });
  const web = (more: object) => application(container("web", { links: [link("db", more)] }), db);
  const last = (more: object) => plan(web(more), ["a"]).instances.at(-1)?.ports[0]?.shared;
  assert.deepEqual(last({ matchPort: true }), { address: "127.0.1.2", port: 65_535 });
  assert.deepEqual(last({ matchPort: true, nonLocal: true }), { address: "192.168.2.2", port: 65_535 });
  // geard goes on at 40000, and there again and again; every port below the first one is tried here.
  assert.deepEqual(last({}), { address: "127.0.0.1", port: 1278 });
});

test("links that cannot be are geard's errors", () => {
  const web = (...of: ReturnType<typeof link>[]) => container("web", { links: of });
  const db = container("db", { ports: [port(5432)] });
  const refused = (message: RegExp, ...containers: ReturnType<typeof container>[]) =>
    assert.throws(() => plan(application(...containers), ["a"]), { code: "gear-cannot-link", message });
  refused(/target db not found for source web/, web(link("db")));
  refused(/target db has no public ports to link to from web/, web(link("db")), container("db"));
  refused(
    /a local address is already bound to it/,
    web(link("db", { matchPort: true }), link("db", { nonLocal: true })),
    db,
  );
  refused(
    /asks for port 2, but port 1 is already bound/,
    web(link("db", { ports: [{ target: 5432, local: 1 }] }), link("db", { ports: [{ target: 5432, local: 2 }] })),
    db,
  );
});

test("a port that only a link names is exposed to links", () => {
  const web = container("web", { links: [link("db", { ports: [{ target: 5432, local: undefined }] })] });
  const app = application(web, container("db"));
  assert.deepEqual(links(plan(app, ["a"])), ["web 127.0.0.1:5432 > db:5432"]);
  assert.deepEqual(hostPorts(plan(app, ["a", "b"])), ["db 5432:20000"]);
});

test("two instances that had one address are told", () => {
  const app = application(container("db", { count: 2, ports: [port(1)], links: [link("db")] }));
  const previous = placedInstances(plan(app, ["a"])).map((one) => ({
    ...one,
    ports: one.ports.map((each) => ({ ...each, shared: { address: "127.0.0.1", port: 1 } })),
  }));
  assert.throws(
    () => plan(app, ["a"], { previous }),
    /127\.0\.0\.1:1 is assigned to multiple instances: db-1 and db-2/,
  );
});

test("a link that changes its kind gets addresses of the other kind; geard asks for a deployment from scratch", () => {
  const of = (nonLocal: boolean) =>
    application(container("db", { count: 2, ports: [port(27_017)], links: [link("db", { nonLocal })] }));
  const before = plan(of(false), ["a"]);
  assert.deepEqual(links(replan(of(true), before, ["a"])), links(plan(of(true), ["a"])));
});

test("numbers of instances that a host took along do not come twice", () => {
  // geard counts from how many are left: it would make a second db-3.
  const app = application(container("db", { count: 3 }));
  const before = plan(app, ["a", "b", "c"]);
  assert.equal(places(replan(app, before, ["b", "c"])), "db-2@b db-3@c db-1@b");
});

test("a port that the file has now is published by instances that were there before", () => {
  // geard keeps the ports that an instance had, and no others.
  const before = plan(application(container("web")), ["a"]);
  const after = replan(application(container("web", { ports: [port(80, 0)] })), before, ["a"]);
  assert.deepEqual(hostPorts(after), ["web 80:20000"]);
});

test("of two instances of one id, which only a file that was tampered with has, one stays", () => {
  const app = application(container("web"), container("db"));
  const previous = placedInstances(plan(app, ["a"])).map((one) => ({ ...one, id: name("x") }));
  const after = plan(app, ["a"], { previous });
  assert.equal(places(after), "x@a db@a");
  assert.equal(after.removed.length, 1);
});

test("ids may be random, and begin as the file says", () => {
  let next = 0;
  const naming = { prefix: "p-", numbered: "always" as const, random: () => `r${next++}` };
  assert.equal(places(plan(application(container("web", { count: 2 })), ["a"], { naming })), "p-r0@a p-r1@a");
  const numbered = { ...naming, random: undefined };
  assert.equal(places(plan(application(container("web")), ["a"], { naming: numbered })), "p-web-1@a");
});

test("the name of who is removed counts as a name of the plan before", () => {
  const before = plan(application(container("web"), container("db")), ["a"]);
  const after = replan(application(container("db")), before, ["a"]);
  assert.deepEqual(
    after.removed.map(({ from }) => from),
    [name("web")],
  );
});
