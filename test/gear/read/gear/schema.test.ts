// SPDX-License-Identifier: Apache-2.0
/** The published schema and the reader agree; Debian's python3-jsonschema is the judge of what the schema says. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import type { AtomicError } from "../../../../src/base/index.ts";
import { gearSchema, parseApplication } from "../../../../src/gear/index.ts";

const judge = `
import json, sys
from jsonschema import Draft202012Validator
schema, files = json.load(sys.stdin)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
json.dump([[error.message[:200] for error in validator.iter_errors(file)][:3] for file in files], sys.stdout)
`;

function validate(files: readonly unknown[]): string[][] {
  const input = JSON.stringify([gearSchema(), files]);
  return JSON.parse(execFileSync("/usr/bin/python3", ["-c", judge], { input, encoding: "utf8" })) as string[][];
}

/** Values of keys of a container: those that are right, and those that are not. */
const values: Record<string, readonly [right: readonly string[], wrong: readonly string[]]> = {
  image: [
    ["i", "docker.io/library/nginx:1.27", "oci:/srv/i", "docker://x/y@sha256:00"],
    ["", "-x", "a b", "5", "[]", "null"],
  ],
  count: [
    ["0", "1", "1000"],
    ["-1", "1.5", "1001", "'1'", "true"],
  ],
  command: [
    ["[]", "[a, 1, 1.5, true, '']"],
    ["a", "[[a]]", "[{a: b}]", "[null]", '["\\0"]'],
  ],
  entrypoint: [["[/bin/x]"], ["/bin/x"]],
  environment: [
    ["{}", "{A: b, _c: 1, D.e-f: true}"],
    ["[A=b]", "{A: null}", "{1A: b}", "{A: [b]}", "{'A=B': c}"],
  ],
  "environment-files": [["[/a]"], ["/a", "[a]", "[/a/../b]"]],
  "working-directory": [
    ["/", "/a", "/a/b/", "/a b"],
    ["a", "/a/..", "/./a", "''"],
  ],
  user: [
    ["a", "1000", "'1:2'", "a:b"],
    ["-a", "a:b:c", "'a b'", "''"],
  ],
  hostname: [
    ["a", "a.b-c"],
    ["-a", "a_b", "'a b'"],
  ],
  ports: [
    [
      "[]",
      "[80, '80', '1:2', '0:2', '1-2:3-4/udp', '1.2.3.4:1:2', '[::1]:1:2/sctp', {container: 1}]",
      "[{container: 1, host: 0}]",
    ],
    [
      "80",
      "[0]",
      "[65536]",
      "['65536']",
      "['1:65536']",
      "['1:2:3']",
      "['a']",
      "['1:2/icmp']",
      "[{host: 1}]",
      "[{container: 1, x: 2}]",
    ],
  ],
  links: [
    [
      "[b]",
      "['b:1', 'b:1:2', {to: b}, {to: b, ports: [1, {target: 1, local: 2}], match-port: true, non-local: false}]",
    ],
    ["b", "[B]", "['b:']", "['b:0']", "[{ports: [1]}]", "[{to: b, ports: [0]}]", "[{to: b, ports: [{local: 1}]}]"],
  ],
  network: [
    ["host", "none", "[]", "[n]", "[{name: n, aliases: [x.y]}]"],
    ["bridge", "n", "[N]", "[{aliases: [x]}]"],
  ],
  volumes: [
    [
      "['d:/d', 'd:/e:ro', '/h:/f:rw']",
      "[{volume: d, target: /d}, {tmpfs: 1M, target: /t}, {tmpfs: 4096, target: /u}]",
      "[{tmpfs: null, target: /t}]",
    ],
    [
      "[d]",
      "['d:e']",
      "['../d:/d']",
      "['d:/d:z']",
      "[{volume: d}]",
      "[{target: /d}]",
      "[{volume: d, bind: /b, target: /d}]",
      "['/a/../b:/d']",
    ],
  ],
  files: [
    ["{/f: {content: x}}", "{/f: {content: '', mode: '0600'}}"],
    [
      "{f: {content: x}}",
      "{/f: {}}",
      "{/f: {content: x, mode: 384}}",
      "{/f: /abs}",
      "{/f: ../x}",
      "{/f: {content: x, from: y}}",
    ],
  ],
  secrets: [
    ["[s]", "[{secret: s}, {secret: s, file: /s}, {secret: s, environment: S}]"],
    ["s", "[{secret: s, file: /s, environment: S}]", "[{file: /s}]"],
  ],
  after: [
    ["[b]", "{b: started}", "{b: healthy}"],
    ["b", "{b: }", "{b: running}", "[{b: healthy}]"],
  ],
  health: [
    ["x", "none", "[x, 1]", "{test: x}", "{test: [x], interval: 1s, timeout: 1m30s, retries: 1, start-period: 0s}"],
    ["1", "{}", "{test: x, interval: 5}", "{test: x, retries: 0}", "{test: x, interval: 5 s}"],
  ],
  ready: [
    ["notify", "healthy", "started"],
    ["yes", "true"],
  ],
  restart: [
    ["'no'", "on-failure", "always", "{}", "{when: always, delay: 1s, burst: 2, period: 1h}"],
    ["never", "false", "{when: sometimes}", "{burst: 0}"],
  ],
  resources: [
    ["{}", "{memory: 1.5G, cpus: 0.5, cpu-weight: 1, io-weight: 10000, pids: 1}", "{memory: 1e9}", "{cpus: 2}"],
    ["{memory: lots}", "{memory: -1}", "{memory: 1.5}", "{cpus: 0}", "{cpu-weight: 0}", "{io-weight: 10001}"],
  ],
  "log-rate-limit": [
    ["1000", "none", "{burst: 1}", "{burst: 1000, period: 1m}"],
    ["0", "-1", "all", "{period: 1m}", "{burst: 1, period: soon}"],
  ],
  "stop-signal": [
    ["SIGTERM", "HUP", "RTMIN+3", "'9'"],
    ["9", "term", "SIG TERM"],
  ],
  "stop-timeout": [
    ["1s", "1h30m"],
    ["1", "1y", "''"],
  ],
  sockets: [
    ["[80, '80', '1.2.3.4:80', '[::]:80', /run/x, {listen: /run/y, protocol: datagram}]"],
    ["[0]", "['a']", "['/run/%n']", "[{protocol: stream}]"],
  ],
  schedule: [
    ["daily", "Mon *-*-* 03:00"],
    ["''", "'%n'", "'a;b'", '"a\\nb"'],
  ],
  security: [
    [
      "{}",
      "{new-privileges: true, capabilities: [CHOWN], writable-root: true, seccomp: /p, selinux-type: t, user-namespace: host, devices: [/dev/fuse]}",
    ],
    [
      "{capabilities: [CAP_CHOWN]}",
      "{capabilities: [ALL]}",
      "{user-namespace: keep-id}",
      "{devices: [/etc]}",
      "{privileged: true}",
      "{seccomp: x}",
    ],
  ],
  placement: [
    ["{}", "{hosts: [a.b], spread: true}"],
    ["{hosts: a}", "{spread: 'yes'}"],
  ],
  labels: [["{a.b/c-d: 1, E: x}"], ["{'a b': c}", "[a=b]", "{'': c}"]],
};

/** The rest of the file. */
const files: readonly [right: readonly string[], wrong: readonly string[]] = [
  [
    "{application: a, containers: {c: {image: i}}}",
    "{application: a, containers: {}, volumes: {a: null, b: /b, c: {path: /c, labels: {x: 1}}}, networks: {n: null, m: {internal: true}}}",
    "{application: a, tenant: t, host-version: 12.1, containers: {c: {image: i}}, secrets: {a: /a, b: {file: /b}, c: {credential: c}}}",
    "{application: a, containers: {c: {image: i}}, update: {}}",
    "{application: a, containers: {c: {image: i}}, update: {images: registry, window: Sat 03:00, min-healthy-time: 1s, healthy-deadline: 1m, auto-revert: false, keep: 1}}",
  ],
  [
    "{application: a}",
    "{containers: {c: {image: i}}}",
    "{application: A, containers: {c: {image: i}}}",
    "{application: a, containers: [{image: i}]}",
    "{application: a, containers: {c: {}}}",
    "{application: a, containers: {c: null}}",
    "{application: a, containers: {C: {image: i}}}",
    "{application: a, containers: {c: {image: i, x: 1}}}",
    "{application: a, containers: {c: {image: i}}, x-y: 1}",
    "{application: a, containers: {c: {image: i}}, volumes: {a: rel}}",
    "{application: a, containers: {c: {image: i}}, secrets: {a: {}}}",
    "{application: a, containers: {c: {image: i}}, secrets: {a: {file: /a, credential: a}}}",
    "{application: a, containers: {c: {image: i}}, networks: {n: {external: true}}}",
    "{application: a, containers: {c: {image: i}}, update: {keep: 0}}",
    "{application: a, containers: {c: {image: i}}, update: {images: always}}",
    "{application: a, containers: {c: {image: i}}, host-version: ''}",
  ],
];

const surroundings = "volumes: {d: null}, networks: {n: null}, secrets: {s: /s}";

function inContainer(key: string, value: string): string {
  const image = key === "image" ? "" : "image: i, ";
  const other = "b: {image: i, ports: [1], ready: healthy}";
  return `{application: a, ${surroundings}, containers: {c: {${image}${key}: ${value}}, ${other}}}`;
}

function refusal(text: string): string | undefined {
  try {
    parseApplication(text, "f.yaml");
    return undefined;
  } catch (error) {
    return (error as AtomicError).message;
  }
}

test("reader and schema agree on what is right and what is not", () => {
  const all = Object.entries(values).flatMap(([key, [right, wrong]]) => [
    ...right.map((value) => ({ text: inContainer(key, value), good: true })),
    ...wrong.map((value) => ({ text: inContainer(key, value), good: false })),
  ]);
  all.push(...files[0].map((text) => ({ text, good: true })), ...files[1].map((text) => ({ text, good: false })));
  const judged = validate(all.map(({ text }) => parse(text) as unknown));
  const wrong = all.flatMap(({ text, good }, index) => {
    const [found, errors] = [refusal(text), judged[index]!];
    const agreed = (found === undefined) === good && (errors.length === 0) === good;
    return agreed ? [] : [{ text, good, found, errors }];
  });
  assert.deepEqual(wrong, []);
});

test("every key of a container is among the values that are tried", () => {
  const { properties } = (gearSchema()["$defs"] as Record<string, { properties: object }>)["container"]!;
  assert.deepEqual(Object.keys(properties).toSorted(), Object.keys(values).toSorted());
});

test("the example fits the schema", () => {
  const shop = readFileSync(join(import.meta.dirname, "../../../../examples/shop.yaml"), "utf8");
  assert.deepEqual(validate([parse(shop)]), [[]]);
});
