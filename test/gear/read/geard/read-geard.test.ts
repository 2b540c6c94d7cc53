// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDeployment, plan } from "../../../../src/gear/index.ts";

const read = (source: unknown) =>
  parseDeployment(typeof source === "string" ? source : JSON.stringify(source, null, 2), "geard/Shop_1.json");

test("keys are taken in any case, and all of them are read", () => {
  const {
    application,
    previous = [],
    naming,
  } = read({
    CONTAINERS: [
      {
        name: "web",
        Image: "openshift/web",
        count: 2,
        publicports: [{ internal: 80, External: 8080 }, { Internal: 443 }],
        Links: [
          {
            TO: "db",
            nonlocal: true,
            MatchPort: true,
            ports: [5432, 5433],
            aliasPorts: [{ internal: 5432, external: 5000 }],
          },
        ],
        environment: [{ name: "A", value: "1" }, { Name: "B" }],
        Affinity: "distribute",
        Notify: true,
      },
      { Name: "db", Image: "db", Count: null, PublicPorts: [{ Internal: 5432 }, { Internal: 5433 }] },
    ],
    instances: [
      {
        Id: "x-web-1",
        Image: "old",
        From: "web",
        On: "host-a",
        Ports: [
          { Internal: 80, External: 4000, Target: { Host: "192.168.1.1", Port: 80 } },
          { internal: 81, target: {} },
        ],
      },
      { Id: "x-web-2", Image: "old", From: "web" },
      { id: "gone-1", from: "gone", on: "host-b" },
    ],
    IdPrefix: "x-",
    RandomizeIds: true,
  });
  const [web, db] = application.containers;
  assert.deepEqual(web?.ports, [
    { container: 80, host: 8080, address: undefined, protocol: "tcp" },
    { container: 443, host: 0, address: undefined, protocol: "tcp" },
  ]);
  assert.deepEqual(web?.links, [
    {
      to: "db",
      ports: [
        { target: 5432, local: 5000 },
        { target: 5433, local: undefined },
      ],
      matchPort: true,
      nonLocal: true,
    },
  ]);
  assert.deepEqual(web?.environment, [
    { name: "A", value: "1" },
    { name: "B", value: "" },
  ]);
  assert.ok(web.placement.spread && web.ready === "notify" && web.count === 2);
  // Go's zero: a container that says no count has none.
  assert.equal(db?.count, 0);
  assert.deepEqual(
    previous.map(({ id, from, host }) => `${id} ${from} ${host}`),
    ["x-web-1 web host-a", "gone-1 gone host-b"],
  );
  assert.deepEqual(
    previous[0]?.ports.map(({ host, shared }) => [host, shared]),
    [
      [4000, { address: "192.168.1.1", port: 80 }],
      [undefined, undefined],
    ],
  );
  assert.equal(naming?.prefix, "x-");
  assert.match(naming?.random?.() ?? "", /^[a-z2-7]{10}$/);
});

test("containers restart, as geard's README promises and its units do not", () => {
  const { application } = read({ Containers: [{ Name: "web", Image: "web", Count: 1 }] });
  assert.equal(application.containers[0]?.restart.when, "always");
});

test("affinity is obeyed", () => {
  const { application } = read({ Containers: [{ Name: "web", Image: "web", Count: 2, Affinity: "distribute" }] });
  assert.throws(() => plan(application, ["a"]), { code: "gear-no-host" });
});

test("ids are as long as a unit's name may be; geard's end at 24 characters", () => {
  const name = "a-container-with-a-name-of-more-than-24-characters";
  const { application, ...rest } = read({ Containers: [{ Name: name, Image: "web", Count: 1 }] });
  assert.equal(plan(application, ["a"], rest).instances[0]?.id, `${name}-1`);
});

test("what geard wrote is deployed again on the same host", () => {
  // geard: "No locator available for this instance".
  const { application, ...rest } = read({
    Containers: [
      { Name: "db", Image: "db", Count: 1, PublicPorts: [{ Internal: 5432 }], Links: [{ To: "db", MatchPort: true }] },
    ],
    Instances: [
      {
        Id: "db-1",
        From: "db",
        On: "localhost",
        Ports: [{ Internal: 5432, External: 4000, Target: { Host: "127.0.0.1", Port: 5432 } }],
      },
    ],
  });
  const [db] = plan(application, ["localhost"], rest).instances;
  assert.ok(db && !db.added && db.ports[0]?.host === 4000);
});

test("the application is called as the file, or as is asked", () => {
  const { application } = read({ Containers: [] });
  assert.equal(application.name, "shop-1");
  assert.equal(parseDeployment('{"containers":[]}', "a.json", { name: "b" }).application.name, "b");
  assert.throws(() => parseDeployment('{"containers":[]}', "_.json"), { code: "gear-bad-name" });
});

const one = (more: object) => ({ Containers: [{ Name: "a", Image: "a", ...more }] });

const faults: readonly (readonly [what: string, source: unknown, message: RegExp])[] = [
  ["no JSON", '{\n  "Containers": [,]\n}', /^geard\/Shop_1\.json:2:18: /],
  ["JSON with a comment", '{"Containers": []} # what?', /Shop_1\.json:1:20: /],
  ["an unknown key", { Containers: [], Kontainers: [] }, /Shop_1\.json:3:3: unknown key Kontainers$/],
  ["a key twice", '{"Containers": [],\n "containers": []}', /Shop_1\.json:2:2: key containers is given twice/],
  ["no name", { Containers: [{ Image: "a" }] }, /Shop_1\.json:3:5: Containers\[0\]: Name is missing/],
  ["a bad name", one({ Name: "A_b" }), /Shop_1\.json:4:15: Containers\[0\]\.Name: must be a name of a-z/],
  ["no image", { Containers: [{ Name: "a" }] }, /Shop_1\.json:3:5: Containers\[0\]: Image is missing/],
  [
    "two of a name",
    {
      Containers: [
        { Name: "a", Image: "a" },
        { Name: "a", Image: "a" },
      ],
    },
    /:8:7: Containers\[1\]\.Name: container a is given twice/,
  ],
  ["a count of words", one({ Count: "2" }), /:6:16: Containers\[0\]\.Count: must be a whole number/],
  [
    "a port too many",
    one({ PublicPorts: [{ Internal: 65_536 }] }),
    /:8:23: Containers\[0\]\.PublicPorts\[0\]\.Internal: must be/,
  ],
  ["a port of nothing", one({ PublicPorts: [{}] }), /:7:9: .*Internal is missing/],
  [
    "a port of words",
    one({ Links: [{ To: "a", Ports: ["x"] }] }),
    /:10:13: Containers\[0\]\.Links\[0\]\.Ports\[0\]: must be/,
  ],
  [
    "a list that is none",
    { Containers: [], Instances: {} },
    /:3:16: Instances: must be a list of instances, not a map/,
  ],
  ["a flag that is none", { Containers: [], RandomizeIds: 1 }, /:3:19: RandomizeIds: must be true or false/],
  ["another affinity", one({ Affinity: "near" }), /:6:19: Containers\[0\]\.Affinity: must be/],
  [
    "a target elsewhere",
    { Instances: [{ Id: "a", From: "a", Ports: [{ Internal: 1, Target: { Host: "10.0.0.1", Port: 1 } }] }] },
    /Host must be an address/,
  ],
  [
    "a link to nobody",
    one({ Links: [{ To: "b" }] }),
    /:8:11: Containers\[0\]\.Links\[0\]\.To: target b not found for source a/,
  ],
  ["a link to no port", one({ Links: [{ To: "a" }] }), /target a has no public ports to link to from a/],
  [
    "a link to another port",
    one({ PublicPorts: [{ Internal: 1 }], Links: [{ To: "a", Ports: [2] }] }),
    /target port 2 on a is not found, cannot link from a/,
  ],
];

for (const [what, source, message] of faults) {
  test(`${what} is refused with its place`, () => {
    assert.throws(() => read(source), { code: "gear-bad-file", message });
  });
}

test("all that is wrong is told at once", () => {
  assert.throws(() => read(one({ Count: -1, Affinity: "x" })), /Count: must be .*\n.*Affinity: must be /);
});
