// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import {
  type Application,
  type Container,
  defaultContainer,
  exportKubernetes,
  readApplication,
} from "../../../src/gear/index.ts";
import { application, container, link, name, port } from "../plan/application.ts";
import { checkManifests } from "./kubernetes-schema.ts";

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly spec: any;
}

async function exported(app: Application): Promise<{ all: Manifest[]; notes: readonly string[] }> {
  const { files, notes } = exportKubernetes(app);
  assert.deepEqual([...files.keys()], [`${app.name}.yaml`]);
  const text = [...files.values()].map(({ content }) => content).join();
  const documents = parseAllDocuments(text) as { toJS(): unknown }[];
  const all = documents.map((document) => document.toJS() as Manifest);
  // Readers of Kubernetes are of YAML 1.1.
  const old = parseAllDocuments(text, { version: "1.1" }) as { toJS(): unknown }[];
  assert.deepEqual(
    old.map((document) => document.toJS()),
    all,
  );
  await checkManifests(all);
  return { all, notes };
}

const kinds = (all: readonly Manifest[]) => all.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
const podOf = (all: readonly Manifest[], kind: string) => {
  const spec = all.find((one) => one.kind === kind)?.spec;
  return (spec?.jobTemplate?.spec ?? spec).template.spec;
};

test("the schemas refuse what is wrong", async () => {
  const service = { apiVersion: "v1", kind: "Service", metadata: { name: "a" }, spec: { ports: [{ port: 1 }] } };
  await assert.doesNotReject(checkManifests([service]));
  await assert.rejects(checkManifests([{ ...service, spec: { ports: [{ port: "1" }] } }] as never));
  await assert.rejects(checkManifests([{ ...service, spec: { ports: [{ prot: 1, port: 1 }] } }] as never), /prot/);
});

test("the example becomes what Kubernetes' schemas take, and what is lost is told", async () => {
  const { all, notes } = await exported(readApplication(join(import.meta.dirname, "../../../examples/shop.yaml")));
  assert.deepEqual(kinds(all), [
    "ConfigMap shop-proxy-files",
    "ConfigMap shop-web-files",
    "ConfigMap shop-db-files",
    "Service shop-proxy",
    "Service shop-proxy-public",
    "Deployment shop-proxy",
    "Service shop-web",
    "Deployment shop-web",
    "Service shop-db",
    "StatefulSet shop-db",
  ]);
  for (const lost of [
    /user postgres/,
    /stop signal SIGINT/,
    /limit of processes/,
    /must connect to shop-db/,
    /Sat 03:00/,
  ]) {
    assert.ok(
      notes.some((note) => lost.test(note)),
      String(lost),
    );
  }
});

test("all that a container can say becomes what the schemas take", async () => {
  const everything = container("web", {
    count: 3,
    image: "docker://docker.io/library/nginx:1.27",
    entrypoint: ["/bin/run"],
    command: ["--home=$(HOME)", "$$", "a$b", "yes"],
    workingDirectory: "/srv",
    user: "1000:1001",
    hostname: "web.example.org",
    environment:
      "yes|no|012|1_000|12:30|~|| a|# b|a: b|'|\"|null|0x1f|1e3|.5|line\nline|\u0001|\u2028|- a|{a}|[a]|!a|&a|*a|%a|@a|`a|$(B)"
        .split("|")
        .map((value, index) => ({ name: `V${index}`, value })),
    ports: [port(80, 8080), port(53, 0, { protocol: "udp" }), port(9000), port(1, 1, { address: "127.0.0.1" })],
    mounts: [
      { source: { kind: "volume", name: name("data") }, target: "/data", readOnly: false },
      { source: { kind: "volume", name: name("logs") }, target: "/logs", readOnly: true },
      { source: { kind: "volume", name: name("here") }, target: "/here", readOnly: false },
      { source: { kind: "bind", path: "/srv" }, target: "/srv", readOnly: true },
      { source: { kind: "tmpfs", size: undefined }, target: "/tmp", readOnly: false },
      { source: { kind: "file", content: "yes\n", mode: 0o640 }, target: "/etc/yes", readOnly: true },
    ],
    secrets: [
      { name: name("key"), target: { kind: "file", path: undefined } },
      { name: name("key"), target: { kind: "file", path: "/etc/key" } },
      { name: name("key"), target: { kind: "environment", variable: "KEY" } },
    ],
    health: { test: "true", interval: 500, timeout: 100, retries: 0, startPeriod: 61_000 },
    resources: { memory: 2 ** 40, cpus: 0.0001, cpuWeight: 1, ioWeight: 1, pids: 1 },
    stopTimeout: 1,
    security: {
      newPrivileges: true,
      capabilities: ["NET_ADMIN"],
      writableRoot: true,
      seccomp: "/etc/seccomp/web.json",
      selinuxType: "disable",
      userNamespace: "host",
      devices: [],
    },
    placement: { hosts: ["a", "b"], spread: true },
    labels: [{ name: "org.example/on", value: "yes" }],
  });
  const logs = container("logs", {
    mounts: [{ source: { kind: "volume", name: name("logs") }, target: "/logs", readOnly: false }],
    network: { kind: "host" },
  });
  const app: Application = {
    ...application(everything, logs),
    volumes: [
      { name: name("data"), path: undefined, labels: [] },
      { name: name("logs"), path: undefined, labels: [] },
      { name: name("here"), path: "/srv/here", labels: [] },
    ],
    secrets: [{ name: name("key"), source: { kind: "credential", name: "key" } }],
  };
  const { all } = await exported(app);
  assert.deepEqual(kinds(all), [
    "ConfigMap shop-web-files",
    "PersistentVolumeClaim shop-logs",
    "Service shop-web",
    "Service shop-web-public",
    "StatefulSet shop-web",
    "Deployment shop-logs",
  ]);
  const [spec] = podOf(all, "StatefulSet").containers;
  assert.deepEqual(spec.args, ["--home=$$(HOME)", "$$$", "a$b", "yes"]);
  assert.equal(spec.image, "docker.io/library/nginx:1.27");
  const written = everything.environment.map(({ value }) => (value === "$(B)" ? "$$(B)" : value));
  assert.deepEqual(
    spec.env.flatMap(({ value }: { value?: string }) => (value === undefined ? [] : [value])),
    written,
  );
  assert.deepEqual(spec.securityContext, {
    allowPrivilegeEscalation: true,
    readOnlyRootFilesystem: false,
    capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] },
    seccompProfile: { type: "Localhost", localhostProfile: "web.json" },
    seLinuxOptions: { type: "spc_t" },
    runAsUser: 1000,
    runAsGroup: 1001,
    runAsNonRoot: true,
  });
  assert.deepEqual(spec.readinessProbe, {
    exec: { command: ["/bin/sh", "-c", "true"] },
    timeoutSeconds: 1,
    periodSeconds: 1,
    failureThreshold: 1,
  });
  assert.deepEqual(
    all
      .find(({ metadata }) => metadata.name === "shop-web-public")
      ?.spec.ports.map((one: { port: number }) => one.port),
    [8080, 53],
  );
});

test("what ends is a Job, and what runs at times a CronJob, with claims of their own", async () => {
  const restart = (when: "no" | "on-failure") => ({ ...defaultContainer.restart, when });
  const mounts: Container["mounts"] = [
    { source: { kind: "volume", name: name("data") }, target: "/data", readOnly: false },
  ];
  const app = {
    ...application(
      container("migrate", { restart: restart("no") }),
      container("import", { restart: restart("on-failure") }),
      container("backup", { restart: restart("no"), schedule: "Mon..Fri 03:05", mounts }),
    ),
    volumes: [{ name: name("data"), path: undefined, labels: [] }],
  };
  const { all } = await exported(app);
  assert.deepEqual(kinds(all), [
    "PersistentVolumeClaim shop-data",
    "Job shop-migrate",
    "Job shop-import",
    "CronJob shop-backup",
  ]);
  assert.equal(all.at(-1)?.spec.schedule, "5 3 * * 1,2,3,4,5");
  assert.equal(podOf(all, "CronJob").volumes[0].persistentVolumeClaim.claimName, "shop-data");
});

test("calendar expressions become lines of cron, or are refused", () => {
  const schedule = (calendar: string) => {
    const restart = { ...defaultContainer.restart, when: "no" as const };
    const { files } = exportKubernetes(application(container("a", { schedule: calendar, restart })));
    return /schedule: "?([^"\n]*)/.exec([...files.values()].map(({ content }) => content).join())?.[1];
  };
  assert.equal(schedule("daily"), "0 0 * * *");
  assert.equal(schedule("*-*-01,15 04:30:00"), "30 4 1,15 * *");
  assert.equal(schedule("Sat,Sun 00:00"), "0 0 * * 0,6");
  assert.equal(schedule("Sat..Mon *:00"), "0 * * * 0,1,6");
  for (const calendar of ["2027-01-01 00:00", "*-*-* 00:00:30", "Mon *-*-01 00:00", "Foo 00:00", "00/2:00"]) {
    assert.throws(() => schedule(calendar), { code: "gear-unsupported", message: /^a: cron cannot say/ }, calendar);
  }
});

test("a link to a port that its target does not list gets a Service", async () => {
  const web = container("web", { links: [link("db", { ports: [{ target: 5432, local: undefined }] })] });
  const { all } = await exported(application(web, container("db")));
  assert.deepEqual(kinds(all), ["Deployment shop-web", "Service shop-db", "Deployment shop-db"]);
});

const refused: readonly (readonly [what: string, more: Partial<Container>, message: RegExp])[] = [
  ["a file of the host's environment", { environmentFiles: ["/etc/a"] }, /environment files of the host \(\/etc\/a\)/],
  ["sockets", { sockets: [{ listen: "80", protocol: "stream" }] }, /sockets that the service manager listens on/],
  ["devices", { security: { ...defaultContainer.security, devices: ["/dev/kvm"] } }, /devices of the host/],
  ["no network", { network: { kind: "none" } }, /without a network/],
  ["an image of a file", { image: "oci-archive:/srv/a.tar" }, /cannot pull oci-archive/],
];

for (const [what, more, message] of refused) {
  test(`${what} is refused`, () => {
    assert.throws(() => exportKubernetes(application(container("web", more))), { code: "gear-unsupported", message });
  });
}

test("names that are too long are refused", () => {
  assert.throws(() => exportKubernetes(application(container("x".repeat(63)))), { code: "gear-unsupported" });
});
