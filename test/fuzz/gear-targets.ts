// SPDX-License-Identifier: Apache-2.0
/** What whoever writes a file that describes containers may put into it: such files are passed around, and taken as they are. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseYaml, plainYaml } from "../../src/formats/index.ts";
import { parseApplication } from "../../src/gear/index.ts";
import type { FuzzTarget } from "./targets.ts";

const root = join(import.meta.dirname, "../..");
const compose = join(root, "test/gear/read/compose/judged");
const gear = `application: a
tenant: t
containers:
  c: &c
    image: docker.io/x/y:1
    ports: [80, "0:81/udp", "127.0.0.1:90-91:90-91", {container: 5, host: 6}]
    links: ["d:1:2", {to: d, ports: [{target: 1, local: 2}]}]
    volumes: ["v:/v:ro", {tmpfs: 1.5M, target: /t}]
    files: {/f: {content: "x\\n", mode: "0644"}}
    secrets: [{secret: s, environment: S}]
    after: {d: healthy}
    health: {test: [a, b], interval: 1m30s}
    environment: {A: 1.10, B: "\\u00fc"}
  d: {<<: *c, links: [], after: [], health: x, security: {capabilities: [CHOWN]}}
  e: {image: i, schedule: Mon *-*-* 03:00, restart: {when: on-failure, burst: 3}}
volumes: {v: {path: /v, labels: {a.b: c}}}
secrets: {s: {credential: s}}
update: {images: registry, keep: 3}
`;

function texts(directory: string): Buffer[] {
  return globSync("*.yaml", { cwd: directory }).map((name) => readFileSync(join(directory, name)));
}

export const gearTargets: readonly FuzzTarget[] = [
  {
    name: "yaml",
    remote: true,
    seeds: [Buffer.from(gear), ...texts(compose)],
    run: (bytes) => void parseYaml(bytes.toString(), "f").documents.map(plainYaml),
  },
  {
    name: "gear-file",
    remote: false,
    seeds: [Buffer.from(gear), readFileSync(join(root, "examples/shop.yaml"))],
    run: (bytes) => void parseApplication(bytes.toString(), join(root, "examples/f.yaml")),
  },
  {
    name: "compose-file",
    remote: true,
    seeds: texts(compose),
    run: (bytes) => void parseApplication(bytes.toString(), join(compose, "f.yaml")),
  },
];
