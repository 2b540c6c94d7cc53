// SPDX-License-Identifier: Apache-2.0
/** What is written as Quadlet files is read as podman's generator reads them, which is judged elsewhere. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { splitUnitWords } from "../../../src/formats/index.ts";
import {
  type Application,
  type Container,
  convertQuadlets,
  defaultContainer,
  type Export,
  exportQuadlet,
  loadQuadlets,
  plan,
  readApplication,
  renderQuadlets,
} from "../../../src/gear/index.ts";
import { application, container, link, name, port } from "../plan/application.ts";
import { hostile } from "../unit/applications.ts";

const exported = (app: Application) => exportQuadlet(plan(app, []), "localhost");

/** The words of the command that runs each service, with what systemd puts in for `%%` and `$$`. */
function commands(t: TestContext, { files }: Export): Map<string, string[]> {
  const directory = mkdtempSync(join(tmpdir(), "atomic-test-"));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [path, { content, mode }] of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content, { mode });
  }
  const { services, failures, warnings } = convertQuadlets(loadQuadlets([directory]).files);
  assert.deepEqual([failures, warnings], [[], []]);
  return new Map(
    services.map(({ unit, service }) => {
      const words = splitUnitWords(unit.get("Service", "ExecStart") ?? "");
      const meant = words.map((word) => word.replaceAll("%%", "%").replaceAll("$$", "$").replaceAll(directory, "."));
      return [service.replace(/\.service$/, ""), meant];
    }),
  );
}

const hasWords = (words: readonly string[] | undefined, ...wanted: string[]) =>
  assert.ok(
    `\0${words?.join("\0")}\0`.includes(`\0${wanted.join("\0")}\0`),
    `${wanted.join(" ")}: ${words?.join(" ")}`,
  );

test("the example becomes services in the order of its dependencies, and what is lost is told", (t) => {
  const made = exported(readApplication(join(import.meta.dirname, "../../../examples/shop.yaml")));
  assert.deepEqual([...made.files.keys()].toSorted(), [
    "shop-db.container",
    "shop-db.files/1",
    "shop-proxy.container",
    "shop-proxy.files/0",
    "shop-web-1.container",
    "shop-web-2.container",
    "shop-web.files/0",
    "shop.data.volume",
    "shop.network",
  ]);
  const services = commands(t, made);
  hasWords(services.get("shop-db"), "--mount", "type=volume,source=shop.data,dst=/var/lib/postgresql");
  hasWords(services.get("shop-proxy"), "--publish", "8080:8080/tcp");
  hasWords(services.get("shop-web-2"), "--network", "shop:alias=web,alias=web-2");
  assert.match(
    made.files.get("shop-web-1.container")?.content ?? "",
    /\nRequires=shop-db\.service\nAfter=shop-db\.service\n/,
  );
  assert.match(made.files.get("shop-db.container")?.content ?? "", /\nNotify=healthy\n/);
  assert.ok(made.notes.includes("web-1: its link at 127.0.0.1:5432 is a name here: it must connect to db:5432"));
  assert.ok(made.notes.some((note) => note.endsWith("podman secret create shop.db-password /etc/shop/db-password")));
});

test("what is exported can be deployed, its timers and sockets too", (t) => {
  const sockets: Container["sockets"] = [{ listen: "/run/a.sock", protocol: "stream" }];
  const app = application(container("web", { sockets }), container("backup", { schedule: "daily" }));
  const directory = mkdtempSync(join(tmpdir(), "atomic-test-"));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [path, { content }] of exported(app).files) writeFileSync(join(directory, path), content);
  const warnings: string[] = [];
  const { units } = renderQuadlets(loadQuadlets([directory]), {
    application: app.name,
    pins: new Map(),
    warn: (text) => warnings.push(text),
  });
  assert.deepEqual(warnings, []);
  assert.deepEqual([...units.keys()].toSorted(), [
    "shop-backup.service",
    "shop-backup.timer",
    "shop-network.service",
    "shop-web.service",
    "shop-web.socket",
  ]);
});

test("no value becomes anything else than itself", (t) => {
  const web = container("web", {
    entrypoint: ["/bin/sh", "a\nb%n$HOME\"'"],
    command: hostile,
    environment: hostile.map((value, index) => ({ name: `V${index}`, value })),
    labels: hostile.map((value, index) => ({ name: `org.example.l${index}`, value })),
    health: { ...health, test: 'echo $HOME %n "a b"\n\'' },
    mounts: [
      { source: { kind: "bind", path: "/a b,%n$HOME" }, target: "/t", readOnly: true },
      { source: { kind: "bind", path: "/a b%n$HOME" }, target: "/u", readOnly: false },
    ],
    environmentFiles: ["/etc/a b%n"],
  });
  const words = commands(t, exported(application(web))).get("shop-web") ?? [];
  assert.deepEqual(words.slice(-hostile.length), hostile);
  for (const [index, value] of hostile.entries()) {
    hasWords(words, "--env", `V${index}=${value}`);
    hasWords(words, "--label", `org.example.l${index}=${value}`);
  }
  hasWords(words, `--entrypoint=${JSON.stringify(web.entrypoint)}`);
  hasWords(words, "--health-cmd", JSON.stringify(["CMD-SHELL", 'echo $HOME %n "a b"\n\'']));
  hasWords(words, '--mount=type=bind,"src=/a b,%n$HOME",dst=/t,ro');
  hasWords(words, "--mount", "type=bind,source=/a b%n$HOME,dst=/u");
  hasWords(words, "--env-file", "/etc/a b%n");
});

const health = { interval: 1000, timeout: 1000, retries: 2, startPeriod: 0 };

test("all that a container can say is in the command that runs it", (t) => {
  const web = container("web", {
    ports: [port(80, 8080, { address: "::1" }), port(53, 0, { protocol: "udp" })],
    user: "1000:1001",
    hostname: "web.example.org",
    workingDirectory: "/srv",
    stopSignal: "SIGINT",
    stopTimeout: 1500,
    health: { ...health, test: ["check", "all"] },
    resources: { memory: 1024, cpus: 0.5, cpuWeight: 5, ioWeight: 6, pids: 7 },
    mounts: [
      { source: { kind: "tmpfs", size: 5 }, target: "/tmp", readOnly: false },
      { source: { kind: "volume", name: name("here") }, target: "/here", readOnly: false },
      { source: { kind: "file", content: "x\n", mode: 0o600 }, target: "/etc/x", readOnly: true },
    ],
    secrets: [
      { name: name("key"), target: { kind: "file", path: "/etc/key" } },
      { name: name("key"), target: { kind: "environment", variable: "KEY" } },
    ],
    network: { kind: "own", networks: [{ name: name("back"), aliases: ["www"] }] },
    security: {
      newPrivileges: true,
      capabilities: ["NET_RAW"],
      writableRoot: true,
      seccomp: "unconfined",
      selinuxType: "my_t",
      userNamespace: "host",
      devices: ["/dev/kvm"],
    },
  });
  const app: Application = {
    ...application(web),
    networks: [{ name: name("back"), internal: true }],
    volumes: [{ name: name("here"), path: "/srv/here", labels: [] }],
    secrets: [{ name: name("key"), source: { kind: "credential", name: "k" } }],
  };
  const made = exported(app);
  const services = commands(t, made);
  hasWords(services.get("shop.back-network"), "--internal");
  const words = services.get("shop-web");
  for (const wanted of [
    ["--publish", "[::1]:8080:80/tcp"],
    ["--publish", "20000:53/udp"],
    ["--user", "1000:1001"],
    ["--hostname", "web.example.org"],
    ["--workdir", "/srv"],
    ["--stop-signal=SIGINT"],
    ["--stop-timeout", "2"],
    ["--health-cmd", '["check","all"]'],
    ["--memory=1024b"],
    ["--cpus=0.5"],
    ["--pids-limit=7"],
    ["--mount", "type=tmpfs,dst=/tmp,tmpfs-size=5"],
    ["--mount", "type=bind,source=/srv/here,dst=/here"],
    ["--mount", "type=bind,source=./shop-web.files/2,dst=/etc/x,ro"],
    ["--secret", "shop.key,type=mount,target=/etc/key"],
    ["--secret", "shop.key,type=env,target=KEY"],
    ["--network", "shop.back:alias=web,alias=www"],
    ["--cap-add", "net_raw"],
    ["--security-opt", "seccomp=unconfined"],
    ["--security-opt", "label=type:my_t"],
    ["--userns", "host"],
    ["--device", "/dev/kvm"],
  ]) {
    hasWords(words, ...wanted);
  }
  assert.equal(made.files.get("shop-web.files/2")?.mode, 0o600);
});

test("what ends is a oneshot, and what runs at times has a timer", () => {
  const restart: Container["restart"] = { ...defaultContainer.restart, when: "no" };
  const app = application(
    container("migrate", { restart }),
    container("web", { after: [{ on: name("migrate"), condition: "completed" }] }),
    container("backup", { schedule: "Sat 03:00" }),
  );
  const { files } = exported(app);
  const text = (path: string) => files.get(path)?.content ?? "";
  assert.match(text("shop-migrate.container"), /\nType=oneshot\nRemainAfterExit=yes\nRestart=no\n/);
  assert.match(text("shop-backup.container"), /\nType=oneshot\nRestart=no\n/);
  assert.doesNotMatch(text("shop-backup.container"), /\[Install\]/);
  assert.match(text("shop-backup.timer"), /^\[Timer\]\nOnCalendar=Sat 03:00\n/);
});

test("what is started by a connection has a socket", () => {
  const sockets: Container["sockets"] = [
    { listen: "127.0.0.1:80", protocol: "stream" },
    { listen: "/run/%n.sock", protocol: "datagram" },
  ];
  const { files } = exported(application(container("web", { sockets })));
  const text = files.get("shop-web.socket")?.content ?? "";
  assert.match(text, /^\[Socket\]\nListenStream=127\.0\.0\.1:80\nListenDatagram=\/run\/%%n\.sock\n/);
  assert.doesNotMatch(files.get("shop-web.container")?.content ?? "", /\[Install\]/);
});

test("commas that the generator loses, and images that are none are refused", () => {
  const mounts: Container["mounts"] = [{ source: { kind: "tmpfs", size: 1 }, target: "/a,b", readOnly: false }];
  assert.throws(() => exported(application(container("web", { mounts }))), { code: "gear-unsupported" });
  const image = container("web", { image: "a\nb" });
  assert.throws(() => exported(application(image)), { code: "gear-unsupported", message: /no reference of an image/ });
});

test("a link of several hosts leads from each of them", () => {
  const app = application(container("web", { links: [link("db")] }), container("db", { ports: [port(5432)] }));
  const made = exportQuadlet(plan(app, ["a", "b"]), "b");
  assert.match(made.files.get("shop-db.container")?.content ?? "", /\nPublishPort=20000:5432\/tcp\n/);
});
