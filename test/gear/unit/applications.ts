// SPDX-License-Identifier: Apache-2.0
/** Applications that between them say every key of the model, for judges that look at whatever is rendered. */
import type { Application, Container, Plan, RenderSettings, TenantSettings } from "../../../src/gear/index.ts";
import { makeApplication, makeContainer, makePlan, name } from "../application.ts";

export const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

/** What values of somebody else's may have that means something to systemd, a shell, or an engine. */
export const hostile = [
  "two\nlines\n[Service]\nExecStart=/bin/evil",
  "100%n %%n %GENERATION% %GENERATION_NUMBER%",
  "$HOME ${HOME} $$ $(id) `id`",
  "back\\slash\\n end\\",
  `"double" and 'single'`,
  "; rm -rf / ;",
  "a,b=c:d",
  "#comment",
  "-dash",
  " spaces  around ",
  "tab\tand \u00e9 \u{1F980} \u0007",
  "",
];

export const tenant: TenantSettings = {
  level: "s0:c100,c200",
  users: { first: 300_000, count: 65_536 },
  logNamespace: "acme",
  logRateLimit: 1000,
};

const health = { test: ["/bin/check", "a b"], interval: 1000, timeout: 500, retries: 2, startPeriod: 250 };

const full: Partial<Container> = {
  entrypoint: ["/bin/serve", "two words"],
  command: hostile,
  environment: [...hostile.map((value, index) => ({ name: `V${index}`, value })), { name: "ODD.NAME-1", value: "x" }],
  environmentFiles: ["/etc/shop/env", "/etc/shop/a,b 100%.env"],
  workingDirectory: "/srv/a b",
  user: "1000:1000",
  hostname: "front",
  mounts: [
    { source: { kind: "volume", name: name("data") }, target: "/data", readOnly: false },
    { source: { kind: "volume", name: name("kept") }, target: "/kept", readOnly: true },
    { source: { kind: "bind", path: "/srv/a, b:c 100%" }, target: "/bound: here", readOnly: true },
    { source: { kind: "tmpfs", size: 1 << 20 }, target: "/scratch", readOnly: false },
    { source: { kind: "file", content: "listen 80;\n", mode: 0o644 }, target: "/etc/front.conf", readOnly: true },
  ],
  secrets: [
    { name: name("password"), target: { kind: "file", path: undefined } },
    { name: name("password"), target: { kind: "environment", variable: "PASSWORD" } },
    { name: name("token"), target: { kind: "file", path: "/etc/the token" } },
  ],
  restart: { when: "on-failure", delay: 1500, burst: 3, period: undefined },
  resources: { memory: 64 << 20, cpus: 0.5, cpuWeight: 200, ioWeight: 50, pids: 100 },
  stopSignal: "SIGQUIT",
  stopTimeout: 2500,
  security: {
    newPrivileges: true,
    capabilities: ["NET_BIND_SERVICE", "CHOWN"],
    writableRoot: true,
    seccomp: "unconfined",
    selinuxType: "spc_t",
    userNamespace: "host",
    devices: ["/dev/null"],
  },
  labels: hostile.map((value, index) => ({ name: `label.${index}`, value })),
};

const volumes = [
  { name: name("data"), path: undefined, labels: [{ name: "of", value: "100%; $HOME" }] },
  { name: name("kept"), path: "/srv/kept 100%", labels: [] },
];

const secrets = [
  { name: name("password"), source: { kind: "file" as const, path: "/etc/shop/100% password" } },
  { name: name("token"), source: { kind: "credential" as const, name: "shop.token" } },
];

const networks = [
  { name: name("front"), internal: false },
  { name: name("back"), internal: true },
];

/** Every container of it by itself means something to both engines. */
export function fullApplication(given: Partial<Application> = {}): Application {
  const onDb = (condition: "started" | "healthy") => [{ on: name("db"), condition }];
  return makeApplication({
    volumes,
    secrets,
    networks,
    containers: [
      makeContainer({ ...full, name: name("front"), after: onDb("healthy"), health }),
      makeContainer({ name: name("db"), ready: "started", health: { ...health, test: "check || exit 1" } }),
      makeContainer({ name: name("cache"), ready: "healthy", health: { ...health, test: ["/bin/check"] }, count: 2 }),
      makeContainer({ name: name("migrate"), after: onDb("started"), health: "none" }),
      makeContainer({
        name: name("web"),
        after: [
          { on: name("migrate"), condition: "completed" },
          { on: name("cache"), condition: "healthy" },
        ],
        network: { kind: "own", networks: [{ name: name("back"), aliases: ["web.internal"] }] },
        security: { ...makeContainer().security, seccomp: "/etc/seccomp 100%.json", selinuxType: "disable" },
      }),
      makeContainer({ name: name("backup"), schedule: "*-*-* 03:00:00", network: { kind: "none" } }),
      makeContainer({ name: name("metrics"), network: { kind: "host" }, restart: { ...full.restart!, when: "no" } }),
    ],
    ...given,
  });
}

/** What only podman can do. */
export function podmanApplication(given: Partial<Application> = {}): Application {
  const { containers } = fullApplication();
  return fullApplication({
    tenant: name("acme-inc"),
    containers: [
      ...containers,
      makeContainer({ name: name("notifying"), ready: "notify" }),
      makeContainer({
        name: name("listening"),
        sockets: [
          { listen: "127.0.0.1:8081", protocol: "stream" },
          { listen: "/run/shop 100%.sock", protocol: "datagram" },
        ],
      }),
      makeContainer({
        name: name("joined"),
        network: { kind: "own", networks: networks.map((network) => ({ name: network.name, aliases: ["j.example"] })) },
      }),
    ],
    ...given,
  });
}

export function fullPlan(application: Application): Plan {
  const port = { container: 80, host: 8080, address: undefined, protocol: "tcp" as const, shared: undefined };
  return makePlan(application, [
    {
      from: name("front"),
      ports: [port, { ...port, host: 8443, address: "::1", protocol: "udp" }, { ...port, host: undefined }],
      links: [
        {
          from: { address: "127.0.0.1", port: 5432 },
          protocol: "tcp",
          to: { instance: name("db"), containerPort: 5432, host: "localhost", port: undefined },
        },
      ],
    },
    { from: name("db"), ports: [{ ...port, host: undefined, shared: { address: "127.0.0.1", port: 5432 } }] },
    { from: name("cache"), id: name("cache-1") },
    { from: name("cache"), id: name("cache-2") },
  ]);
}

export const podman: RenderSettings = {
  engine: "podman",
  pins: new Map([["docker.io/library/nginx:1.27", `docker.io/library/nginx@${digest}`]]),
  tenant: undefined,
};
export const docker: RenderSettings = { ...podman, engine: "docker" };
