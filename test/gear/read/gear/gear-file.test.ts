// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { AtomicError } from "../../../../src/base/index.ts";
import {
  type Container,
  defaultApplication,
  defaultContainer,
  parseApplication,
  parseDeployment,
  readApplication,
} from "../../../../src/gear/index.ts";

const scratch = mkdtempSync(join(tmpdir(), "atomic-gear-"));
after(() => rmSync(scratch, { recursive: true }));

/** What is told of a file, without its name. */
function told(text: string, path = "f.yaml"): string[] {
  try {
    parseApplication(text, path);
  } catch (error) {
    const { code, message, hint } = error as AtomicError;
    assert.equal(code, "gear-bad-file");
    return `${message}${hint === undefined ? "" : ` (${hint})`}`.replaceAll(`${path}:`, "").split("\n");
  }
  return [];
}

/** The container that one with these keys becomes, as far as it differs from the default. */
function container(keys: string, path = "f.yaml"): Partial<Container> {
  const text = `application: a\nvolumes: {data: }\nsecrets: {key: /k}\nnetworks: {back: }\ncontainers:\n  o: {image: o, ports: [1]}\n  c: {image: i, ${keys}}\n`;
  const found = parseApplication(text, path).containers[1]!;
  const entries = Object.entries(found).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify((defaultContainer as Record<string, unknown>)[key]),
  );
  const { name, image, ...rest } = Object.fromEntries(entries) as Partial<Container>;
  assert.deepEqual([name, image], ["c", "i"]);
  return rest;
}

test("a file that says the least has the defaults", () => {
  assert.deepEqual(parseApplication("application: a\ncontainers: {c: {image: i}}", "f"), {
    ...defaultApplication,
    name: "a",
    containers: [{ ...defaultContainer, name: "c", image: "i" }],
  });
});

test("each key has its place in the model, in its short form and its long one", () => {
  const forms: [string, Partial<Container>][] = [
    ["count: 3", { count: 3 }],
    ["entrypoint: [a], command: [b, 1.10, true]", { entrypoint: ["a"], command: ["b", "1.10", "true"] }],
    ["environment: {A: 1.10, B: 'x y'}", { environment: [v("A", "1.10"), v("B", "x y")] }],
    ["environment-files: [/e]", { environmentFiles: ["/e"] }],
    ["working-directory: /w, user: '1:2', hostname: h.x", { workingDirectory: "/w", user: "1:2", hostname: "h.x" }],
    ["user: 1000", { user: "1000" }],
    ["ports: [80]", { ports: [port(80)] }],
    ["ports: ['8080:80', '0:81/udp']", { ports: [port(80, 8080), { ...port(81, 0), protocol: "udp" }] }],
    ["ports: ['127.0.0.1:8080:80']", { ports: [port(80, 8080, "127.0.0.1")] }],
    ["ports: ['[::1]:8080:80']", { ports: [port(80, 8080, "::1")] }],
    ["ports: ['90-91:80-81']", { ports: [port(80, 90), port(81, 91)] }],
    [
      "ports: [{container: 80, host: 8080, address: '::', protocol: sctp}]",
      { ports: [{ container: 80, host: 8080, address: "::", protocol: "sctp" }] },
    ],
    ["links: [o, 'o:2', 'o:2:3']", { links: [link([]), link([[2]]), link([[2, 3]])] }],
    [
      "links: [{to: o, ports: [2, {target: 3, local: 4}], match-port: true, non-local: true}]",
      { links: [{ ...link([[2], [3, 4]]), matchPort: true, nonLocal: true }] },
    ],
    ["network: host", { network: { kind: "host" } }],
    [
      "network: [back, {name: back, aliases: [b]}]",
      {
        network: {
          kind: "own",
          networks: [
            { name: n("back"), aliases: [] },
            { name: n("back"), aliases: ["b"] },
          ],
        },
      },
    ],
    [
      "volumes: ['data:/d', '/h:/m:ro']",
      {
        mounts: [
          { source: { kind: "volume", name: n("data") }, target: "/d", readOnly: false },
          { source: { kind: "bind", path: "/h" }, target: "/m", readOnly: true },
        ],
      },
    ],
    [
      "volumes: [{volume: data, target: /d, read-only: true}, {tmpfs: 1M, target: /t}, {tmpfs: , target: '/u:v'}]",
      {
        mounts: [
          { source: { kind: "volume", name: n("data") }, target: "/d", readOnly: true },
          { source: { kind: "tmpfs", size: 1_048_576 }, target: "/t", readOnly: false },
          { source: { kind: "tmpfs", size: undefined }, target: "/u:v", readOnly: false },
        ],
      },
    ],
    [
      'files: {/f: {content: "a\\nb", mode: "0600"}}',
      { mounts: [{ source: { kind: "file", content: "a\nb", mode: 0o600 }, target: "/f", readOnly: true }] },
    ],
    [
      "secrets: [key, {secret: key, file: /s}, {secret: key, environment: K}]",
      {
        secrets: [
          { name: n("key"), target: { kind: "file", path: undefined } },
          { name: n("key"), target: { kind: "file", path: "/s" } },
          { name: n("key"), target: { kind: "environment", variable: "K" } },
        ],
      },
    ],
    ["after: [o]", { after: [{ on: n("o"), condition: "started" }] }],
    ["health: x y", { ready: "healthy", health: { ...check, test: "x y" } }],
    ["health: [x, y]", { ready: "healthy", health: { ...check, test: ["x", "y"] } }],
    ["health: none", { health: "none" }],
    [
      "health: {test: x, interval: 1m30s, timeout: 500ms, retries: 5, start-period: 0s}, ready: notify",
      {
        ready: "notify",
        health: { test: "x", interval: 90_000, timeout: 500, retries: 5, startPeriod: 0 },
      },
    ],
    ["restart: no", { restart: { when: "no", delay: undefined, burst: undefined, period: undefined } }],
    [
      "restart: {when: on-failure, delay: 5s, burst: 3, period: 1m}",
      { restart: { when: "on-failure", delay: 5000, burst: 3, period: 60_000 } },
    ],
    [
      "resources: {memory: 1.5G, cpus: 0.5, cpu-weight: 50, io-weight: 10, pids: 7}",
      { resources: { memory: 1_610_612_736, cpus: 0.5, cpuWeight: 50, ioWeight: 10, pids: 7 } },
    ],
    ["log-rate-limit: 1000", { logRateLimit: { burst: 1000, period: 30_000 } }],
    ["log-rate-limit: {burst: 20, period: 1s}", { logRateLimit: { burst: 20, period: 1000 } }],
    ["log-rate-limit: none", { logRateLimit: "none" }],
    ["stop-signal: SIGINT, stop-timeout: 1m", { stopSignal: "SIGINT", stopTimeout: 60_000 }],
    [
      "sockets: [80, /run/x.sock, {listen: '[::1]:53', protocol: datagram}]",
      {
        sockets: [
          { listen: "80", protocol: "stream" },
          { listen: "/run/x.sock", protocol: "stream" },
          { listen: "[::1]:53", protocol: "datagram" },
        ],
      },
    ],
    ["schedule: Mon *-*-* 03:00", { schedule: "Mon *-*-* 03:00" }],
    [
      "security: {new-privileges: true, capabilities: [CHOWN], writable-root: true, seccomp: unconfined, selinux-type: t, user-namespace: host, devices: ['/dev/x:/dev/y:rw']}",
      {
        security: {
          newPrivileges: true,
          capabilities: ["CHOWN"],
          writableRoot: true,
          seccomp: "unconfined",
          selinuxType: "t",
          userNamespace: "host",
          devices: ["/dev/x:/dev/y:rw"],
        },
      },
    ],
    ["placement: {hosts: [h1], spread: true}", { placement: { hosts: ["h1"], spread: true } }],
    ["labels: {a.b/c: 1}", { labels: [v("a.b/c", "1")] }],
  ];
  for (const [keys, expected] of forms) assert.deepEqual(container(keys), expected, keys);
  const tried = new Set(forms.flatMap(([, expected]) => Object.keys(expected)));
  assert.deepEqual(
    Object.keys(defaultContainer).filter((key) => !tried.has(key)),
    [],
  );
});

test("what is outside of containers has its place in the model as well", () => {
  const { containers, ...rest } = parseApplication(
    `
application: shop
tenant: acme
host-version: 12.10
containers: {c: {image: i}}
volumes: {a: , b: /srv/b, c: {path: /srv/c, labels: {x: y}}}
networks: {n: , i: {internal: true}}
secrets: {a: /etc/a, b: {file: /etc/b}, c: {credential: c.cred}}
update: {images: registry, window: Sat 03:00, min-healthy-time: 1s, healthy-deadline: 2s, auto-revert: false, keep: 9}
`,
    "f",
  );
  assert.equal(containers.length, 1);
  assert.deepEqual(rest, {
    name: "shop",
    tenant: "acme",
    hostVersion: "12.10",
    volumes: [
      { name: "a", path: undefined, labels: [] },
      { name: "b", path: "/srv/b", labels: [] },
      { name: "c", path: "/srv/c", labels: [v("x", "y")] },
    ],
    networks: [
      { name: "n", internal: false },
      { name: "i", internal: true },
    ],
    secrets: [
      { name: "a", source: { kind: "file", path: "/etc/a" } },
      { name: "b", source: { kind: "file", path: "/etc/b" } },
      { name: "c", source: { kind: "credential", name: "c.cred" } },
    ],
    update: {
      images: "registry",
      window: "Sat 03:00",
      minHealthyTime: 1000,
      healthyDeadline: 2000,
      autoRevert: false,
      keep: 9,
    },
  });
});

test("all that is wrong is told at once, with place, path and what was perhaps meant", () => {
  const text = `aplication: shop
containers:
  web:
    image: "-x"
    prots: ["80:80"]
    ports: ["99999:80", 70000, {container: 80, hots: 5}]
    count: many
    environment: {A: , "1B": 2}
    health: {interval: 10}
    after: {db: helthy}
    security: {capabilities: [NET_BIND_SERVISE]}
    volumes: ["../x:/y", {volume: a, bind: /x, target: /z}, {target: /z}]
    restart: false
`;
  assert.deepEqual(told(text), [
    "1:1: unknown key aplication (did you mean application?)",
    "1:1: application is missing",
    '4:12: containers.web.image: must be the reference of an image, not "-x"',
    "5:5: containers.web: unknown key prots (did you mean ports?)",
    '6:13: containers.web.ports[0]: must be [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL], not "99999:80"',
    "6:25: containers.web.ports[1]: must be a whole number from 1 to 65535, not 70000",
    "6:48: containers.web.ports[2]: unknown key hots (did you mean host?)",
    '7:12: containers.web.count: must be a whole number from 0 to 1000, not "many"',
    "8:22: containers.web.environment.A: must be a string, number or boolean, not nothing",
    '8:24: containers.web.environment.1B: must be the name of a variable, not "1B"',
    "9:13: containers.web.health: test is missing",
    "9:24: containers.web.health.interval: must be a time with its unit, such as 10s or 1m30s, not 10",
    '10:17: containers.web.after.db: must be started or healthy or completed, not "helthy" (did you mean healthy?)',
    '11:31: containers.web.security.capabilities[0]: must be one of the known words, not "NET_BIND_SERVISE" (did you mean NET_BIND_SERVICE?)',
    '12:15: containers.web.volumes[0]: must be SOURCE:TARGET[:ro], not "../x:/y"',
    "12:26: containers.web.volumes[1]: has volume and bind, of which only one may be",
    "12:61: containers.web.volumes[2]: one of volume, bind, tmpfs is missing",
    "13:14: containers.web.restart: must be no or on-failure or always, or a map of when, delay, burst, period, not false",
  ]);
});

test("names that lead nowhere, circles and what would never come are told", () => {
  const text = `application: shop
containers:
  web:
    image: i
    links: [bd, bare]
    after: {db: healthy, job: completed, off: healthy, run: healthy}
    volumes: ["dat:/d", "data:/d"]
    secrets: [kye]
    network: [bak]
    ports: ["80:80", "80:81"]
  db: {image: i, health: x, after: [db2]}
  db2: {image: i, after: [web]}
  job: {image: i}
  off: {image: i, health: none}
  run: {image: i, schedule: daily}
  bare: {image: i}
volumes: {data: }
networks: {back: }
secrets: {key: /k}
`;
  assert.deepEqual(told(text), [
    "5:13: containers.web.links[0]: no container is called bd (did you mean db?)",
    "5:17: containers.web.links[1]: bare has no ports that the link could lead to (say which: bare:PORT, or give bare its ports)",
    "6:13: containers.web.after.db: web would start after itself",
    "6:26: containers.web.after.job: job is always started again, so that it is never completed (give job restart: on-failure, or restart: no)",
    "6:42: containers.web.after.off: off has its health check turned off, so that it never becomes healthy",
    "6:56: containers.web.after.run: run runs by a schedule, for which nothing can wait",
    "7:15: containers.web.volumes[0]: no volume is called dat (did you mean data?)",
    "7:25: containers.web.volumes[1]: /d is mounted twice",
    "8:15: containers.web.secrets[0]: no secret is called kye (did you mean key?)",
    "9:15: containers.web.network[0]: no network is called bak (did you mean back?)",
    "10:22: containers.web.ports[1]: port 80/tcp of the host is taken twice",
    "11:37: containers.db.after[0]: db would start after itself",
    "12:27: containers.db2.after[0]: db2 would start after itself",
  ]);
});

test("files beside the gear file are taken in, and none from elsewhere", () => {
  const directory = join(scratch, "files");
  mkdirSync(join(directory, "conf"), { recursive: true });
  writeFileSync(join(directory, "conf/a.conf"), "a = ü\n");
  writeFileSync(join(directory, "binary"), Buffer.from([0xff, 0xfe]));
  symlinkSync("/etc/passwd", join(directory, "link"));
  const path = join(directory, "f.yaml");
  assert.deepEqual(container("files: {/a: conf/a.conf, /b: {from: conf/a.conf, mode: '755'}}", path).mounts, [
    { source: { kind: "file", content: "a = ü\n", mode: 0o644 }, target: "/a", readOnly: true },
    { source: { kind: "file", content: "a = ü\n", mode: 0o755 }, target: "/b", readOnly: true },
  ]);
  const text = "application: a\ncontainers: {c: {image: i, files: {/a: conf/a.conf}}}";
  assert.deepEqual([...parseDeployment(text, path).files!], [[join(directory, "conf/a.conf"), "a = ü\n"]]);
  const bad =
    "application: a\ncontainers: {c: {image: i, files: {/a: link, /b: binary, /c: conf, /d: none, /e: ../x, /f: /x}}}";
  assert.deepEqual(
    told(bad, path).map((line) => line.replaceAll(`${directory}/`, "")),
    [
      `2:40: containers.c.files./a: link leads outside of ${directory}`,
      "2:50: containers.c.files./b: binary is not text in UTF-8",
      "2:62: containers.c.files./c: conf is not a file",
      "2:72: containers.c.files./d: none cannot be read: No such file or directory",
      `2:82: containers.c.files./e: must be the path of a file in the gear file's directory, not "../x"`,
      `2:92: containers.c.files./f: must be the path of a file in the gear file's directory, not "/x"`,
    ],
  );
});

test("hostile values are refused where they would stand in a unit or on a command line", () => {
  const hostile: Record<string, string[]> = {
    image: ["-v/:/host", "a b", "a\nb", ""],
    user: ["-x", "a:b:c", "a b", "root\n"],
    hostname: ["-h", "a_b", "a\nb", `${"a".repeat(65)}`],
    "stop-signal": ["9; rm", "KILL\n", "-9"],
    schedule: ["daily\nExecStart=/bin/x", "%n", "$(x)", "-x"],
    "working-directory": ["relative", "/a/../b", "/a\nb", "/.."],
  };
  for (const [key, values] of Object.entries(hostile)) {
    for (const value of values) {
      const image = key === "image" ? "" : "image: i, ";
      const lines = told(`application: a\ncontainers: {c: {${image}${key}: ${JSON.stringify(value)}}}`);
      assert.match(lines.join("\n"), new RegExp(`^2:\\d+: containers.c.${key}: must be `), `${key}: ${value}`);
    }
  }
  assert.match(told(`application: a\ncontainers: {c: {image: i, command: ["a\\0b"]}}`).join(), /must be a string/);
  assert.match(told("application: a\ncontainers: {'../x': {image: i}}").join(), /must be a name of a-z/);
  assert.match(told("application: a\n__proto__: {x: 1}\ncontainers: {c: {image: i}}").join(), /unknown key __proto__/);
});

test("a file of no kind, and one that is no YAML, are told so", () => {
  assert.match(told("a: 1").join(), /^f.yaml: is of no kind that describes containers|^ is of no kind/);
  assert.match(told("").join(), /is of no kind/);
  assert.deepEqual(told("a: [1\nb: {"), [
    "2:1: Flow sequence in block collection must be sufficiently indented and end with a ]",
    "2:5: Flow map in block collection must be sufficiently indented and end with a }",
  ]);
  const lists = `application: a\ncontainers: {c: {image: i, command: [${"x,".repeat(1001)}]}}`;
  assert.match(told(lists).join(), /containers.c.command: has more than 1000 items/);
  writeFileSync(join(scratch, "large.yaml"), Buffer.alloc(2 << 20, 0x20));
  assert.throws(() => readApplication(join(scratch, "large.yaml")), { code: "gear-bad-file" });
});

test("the examples read", () => {
  const examples = join(import.meta.dirname, "../../../../examples");
  const found = globSync(join(examples, "*.yaml")).filter((path) => /^containers:/m.test(readFileSync(path, "utf8")));
  assert.ok(found.length > 0);
  for (const path of found) readApplication(path);
  const shop = readApplication(join(examples, "shop.yaml"));
  assert.deepEqual(
    shop.containers.map(({ name, count, ready }) => [name, count, ready]),
    [
      ["proxy", 1, "healthy"],
      ["web", 2, "healthy"],
      ["db", 1, "healthy"],
    ],
  );
});

const check = { interval: 30_000, timeout: 30_000, retries: 3, startPeriod: 0 };

function n(name: string): Container["name"] {
  return name as Container["name"];
}

function v(name: string, value: string): Container["environment"][number] {
  return { name, value };
}

function port(container: number, host?: number, address?: string): Container["ports"][number] {
  return { container, host, address, protocol: "tcp" };
}

function link(ports: readonly (readonly number[])[]): Container["links"][number] {
  return {
    to: n("o"),
    ports: ports.map(([target = 0, local]) => ({ target, local })),
    matchPort: false,
    nonLocal: false,
  };
}
