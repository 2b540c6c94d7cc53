// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { AtomicError } from "../../../../src/base/index.ts";
import { defaultContainer, parseApplication, readApplication, readDeployment } from "../../../../src/gear/index.ts";
import { canonicalFile, directory, judged, ordered, refused } from "./canonical.ts";

const scratch = mkdtempSync(join(tmpdir(), "atomic-compose-"));
after(() => rmSync(scratch, { recursive: true }));

/** What is told of a file, without its name. */
function told(text: string, code = "gear-bad-file"): string[] {
  const path = join(scratch, "compose.yaml");
  try {
    parseApplication(text, path);
  } catch (error) {
    const { message, hint } = error as AtomicError;
    assert.equal((error as AtomicError).code, code, message);
    return `${message}${hint === undefined ? "" : ` (${hint})`}`.replaceAll(`${path}:`, "").split("\n");
  }
  return [];
}

test("a file means what Docker Compose says that it means", () => {
  assert.ok(judged.length >= 14);
  for (const path of judged) {
    const file = join(directory, path);
    assert.deepEqual(ordered(readApplication(file)), ordered(parseApplication(canonicalFile(path), file)), path);
  }
});

test("what Docker Compose refuses is refused", () => {
  assert.ok(refused.length >= 17);
  for (const path of refused)
    assert.throws(() => readApplication(join(directory, path)), { code: "gear-bad-file" }, path);
});

test("a service becomes a container with Docker's defaults, not the gear file's", () => {
  const { containers, networks, ...rest } = parseApplication(
    "name: shop\nservices: {web: {image: nginx, ports: ['8080:80']}}",
    join(scratch, "compose.yaml"),
  );
  assert.deepEqual(containers, [
    {
      ...defaultContainer,
      name: "web",
      image: "nginx",
      ports: [{ container: 80, host: 8080, address: undefined, protocol: "tcp" }],
      network: { kind: "own", networks: [{ name: "default", aliases: [] }] },
      restart: { ...defaultContainer.restart, when: "no" },
      security: {
        ...defaultContainer.security,
        newPrivileges: true,
        writableRoot: true,
        capabilities: containers[0]!.security.capabilities,
      },
    },
  ]);
  // docker run's `CapEff: 00000000a80425fb`.
  const bits: Record<string, bigint> = {
    CHOWN: 0n,
    DAC_OVERRIDE: 1n,
    FOWNER: 3n,
    FSETID: 4n,
    KILL: 5n,
    SETGID: 6n,
    SETUID: 7n,
    SETPCAP: 8n,
    NET_BIND_SERVICE: 10n,
    NET_RAW: 13n,
    SYS_CHROOT: 18n,
    MKNOD: 27n,
    AUDIT_WRITE: 29n,
    SETFCAP: 31n,
  };
  const mask = containers[0]!.security.capabilities.reduce((sum, name) => sum | (1n << bits[name]!), 0n);
  assert.equal(mask, 0xa80425fbn);
  assert.deepEqual(networks, [{ name: "default", internal: false }]);
  assert.equal(rest.name, "shop");
});

test("values are where they belong, and names become ones of units", () => {
  const shop = readApplication(join(directory, "judged/shop/compose.yaml"));
  assert.equal(shop.name, "my-shop");
  const [front, db, job, inc] = ["web-front", "db", "job", "inc"].map((name) =>
    shop.containers.find((container) => container.name === name),
  );
  assert.ok(front && db && job && inc);
  assert.deepEqual(front.network, {
    kind: "own",
    networks: [
      { name: "front", aliases: ["web_front", "w"] },
      { name: "default", aliases: ["web_front"] },
    ],
  });
  assert.deepEqual(
    [front.count, front.restart, front.stopTimeout, front.placement],
    [
      2,
      { when: "always", delay: undefined, burst: undefined, period: undefined },
      90_000,
      { hosts: ["h1"], spread: true },
    ],
  );
  assert.deepEqual(
    front.mounts.filter(({ source }) => source.kind === "file"),
    [
      { source: { kind: "file", content: "user www;\n", mode: 0o444 }, target: "/ngx", readOnly: true },
      { source: { kind: "file", content: "user www;\n", mode: 0o400 }, target: "/etc/n.conf", readOnly: true },
    ],
  );
  assert.deepEqual(
    front.secrets.map(({ target }) => target),
    [
      { kind: "file", path: undefined },
      { kind: "file", path: "/run/secrets/other" },
    ],
  );
  assert.deepEqual(db.ready, "started");
  assert.deepEqual(inc.after, [{ on: "db", condition: "healthy" }]);
  assert.equal(
    inc.mounts[0]!.source.kind === "bind" && inc.mounts[0]!.source.path,
    join(directory, "judged/shop/inc/x"),
  );
  assert.deepEqual(shop.secrets, [
    { name: "pw", source: { kind: "file", path: join(directory, "judged/shop/pw.txt") } },
  ]);
  assert.deepEqual(shop.containers.map(({ name }) => name).includes("dbg" as typeof front.name), false);
});

test("the files that became part of it are known", () => {
  const { files } = readDeployment(join(directory, "judged/shop/compose.yaml"));
  assert.deepEqual([...files!.keys()].map((path) => path.replace(join(directory, "judged/shop/"), "")).toSorted(), [
    ".env",
    "ext/base.yaml",
    "inc/.env",
    "inc/inc.yaml",
    "nginx.conf",
    "web.env",
  ]);
});

test("the environment wins over .env, and chooses profiles and the name", () => {
  const text = "services: {a: {image: 'a:${TAG}'}, b: {image: b, profiles: [debug]}}";
  writeFileSync(join(scratch, ".env"), "TAG=1\n");
  const read = (environment?: Record<string, string>) => {
    const { name, containers } = parseApplication(
      text,
      join(scratch, "compose.yaml"),
      environment ? { environment } : {},
    );
    return [name, ...containers.map(({ image }) => image)];
  };
  assert.deepEqual(read().slice(1), ["a:1"]);
  assert.deepEqual(read({ TAG: "2", COMPOSE_PROFILES: "x,debug", COMPOSE_PROJECT_NAME: "Other_x" }), [
    "other-x",
    "a:2",
    "b",
  ]);
  rmSync(join(scratch, ".env"));
});

test("what is not done here is refused by name, with its place and what can be done instead", () => {
  const text = `
services:
  a:
    image: a
    build: .
    container_name: a
    privileged: true
    sysctls: {a: 1}
    volumes: [/anonymous, "d:/d:Z", {type: bind, source: /a, target: /b, bind: {propagation: shared}}]
    deploy: {update_config: {}, placement: {constraints: [node.role == manager]}}
    security_opt: [apparmor=x]
    depends_on: {b: {condition: service_healthy}}
    x-note: nothing
  b: {image: b, healthcheck: {interval: 1s}, tmpfs: "/t:mode=1777"}
volumes: {d: {external: true}}
networks: {n: {ipam: {}}}
x-other: {}
`;
  assert.deepEqual(told(text, "gear-unsupported"), [
    "5:5: services.a: build is not supported (build the image, and name it with image)",
    "6:5: services.a: container_name is not supported (containers are named APPLICATION-SERVICE)",
    "7:5: services.a: privileged is not supported (name what it needs: cap_add, devices)",
    "8:5: services.a: sysctls is not supported",
    "9:15: services.a.volumes[0]: volumes without a name are not supported (give it a name: NAME:/path)",
    `9:27: services.a.volumes[1]: the option "Z" of a volume is not supported (leave it out: labels are the tenant's)`,
    "9:81: services.a.volumes[2].bind: propagation is not supported",
    "10:14: services.a.deploy: update_config is not supported",
    "10:59: services.a.deploy.placement.constraints[0]: is a constraint that is not supported (node.hostname == HOST is)",
    '11:20: services.a.security_opt[0]: "apparmor=x" is not supported',
    "14:30: services.b.healthcheck: a health check without a test is not supported (repeat the image's test)",
    '14:53: services.b.tmpfs[0]: the options "mode=1777" of a tmpfs are not supported',
    "15:15: volumes.d: external is not supported",
    "16:16: networks.n: ipam is not supported",
  ]);
});

test("every key of the specification's service is known, and others are told from them", () => {
  // compose-spec.json of docker-compose 2.26.1, definitions/service.
  const keys =
    "annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs container_name cpu_count " +
    "cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec depends_on deploy " +
    "develop device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file environment expose extends " +
    "external_links extra_hosts group_add healthcheck hostname image init ipc isolation labels links logging mac_address " +
    "mem_limit mem_reservation mem_swappiness memswap_limit network_mode networks oom_kill_disable oom_score_adj pid pids_limit " +
    "platform ports privileged profiles pull_policy read_only restart runtime scale secrets security_opt shm_size stdin_open " +
    "stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits user userns_mode uts volumes volumes_from working_dir";
  for (const key of keys.split(" ")) {
    try {
      parseApplication(`services: {a: {image: a, ${key}: {}}}`, join(scratch, "compose.yaml"));
    } catch (error) {
      assert.doesNotMatch((error as AtomicError).message, /unknown key/, key);
    }
  }
  assert.deepEqual(told("name: a\nservices: {a: {image: a, comand: [x], enviroment: {}}}"), [
    "2:26: services.a: unknown key comand (did you mean command?)",
    "2:39: services.a: unknown key enviroment (did you mean environment?)",
  ]);
});

test("variables: what is missing or malformed is told where it stands", () => {
  const text = `
name: a
services:
  a:
    image: "a:\${TAG}"
    command: ["\${A:?give A}", "\${", "\${B-\${C}}", "\${1}"]
    env_file: bad.env
`;
  writeFileSync(join(scratch, "bad.env"), 'OK=1\nno assignment\nX="open\n');
  assert.deepEqual(told(text), [
    "5:12: services.a.image: the variable TAG is not set (set it in .env or the environment, or write ${TAG:-})",
    "6:15: services.a.command[0]: needs the variable A: give A",
    "6:31: services.a.command[1]: has a ${ that begins no variable (write $${ for a ${)",
    "6:37: services.a.command[2]: the variable C is not set (set it in .env or the environment, or write ${C:-})",
    "6:50: services.a.command[3]: has a ${ that begins no variable (write $${ for a ${)",
  ]);
  const file = "name: a\nservices: {a: {image: a, env_file: bad.env}}";
  assert.deepEqual(
    told(file).map((line) => line.replaceAll(`${scratch}/`, "")),
    [
      "bad.env:2:1: services.a.env_file: is no KEY=VALUE",
      "bad.env:3:1: services.a.env_file: X: has a quote that is not closed",
    ],
  );
});

test("files that include or extend without end are refused, and so is what grows by variables", () => {
  const include = (name: string, ...names: string[]) =>
    writeFileSync(
      join(scratch, name),
      `include: [${names.join()}]\nservices: {${name.replace(".yaml", "")}: {image: i}}`,
    );
  include("loop.yaml", "loop.yaml");
  assert.match(told("name: a\ninclude: [loop.yaml]\nservices: {}").join(), /more than 100 files are brought in/);
  const deep = "${A-".repeat(40) + "}".repeat(40);
  assert.match(told(`name: a\nservices: {a: {image: a, command: ["${deep}"]}}`).join(), /nested more than 16 deep/);
  const chain = Array.from({ length: 50 }, (_, index) => `s${index}: {extends: s${index + 1}}`);
  assert.match(told(`name: a\nservices: {${chain.join()}, s50: {image: i}}`).join(), /extends more than 32 services/);
  const large = "x".repeat(1 << 15);
  writeFileSync(join(scratch, ".env"), `X=${large}\n`);
  const text = `name: a\nservices: {a: {image: a, command: ["${"$X".repeat(64)}"]}}`;
  assert.match(told(text).join(), /is longer than 1048576 characters/);
  rmSync(join(scratch, ".env"));
});

test("two services that would have one name are refused", () => {
  assert.deepEqual(told("name: a\nservices:\n  a_b: {image: i}\n  a.b: {image: i}"), [
    "4:3: services.a.b: is called a-b here, as a_b is",
  ]);
});
