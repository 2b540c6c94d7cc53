// SPDX-License-Identifier: Apache-2.0
/** The engines read the command lines that are rendered: podman makes a container of each, Docker's client knows each option. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { splitUnitWords } from "../../../src/formats/index.ts";
import { type Container, render, type Rendered, type RenderSettings } from "../../../src/gear/index.ts";
import { makeApplication, makeContainer, makePlan, name } from "../application.ts";
import {
  digest,
  docker,
  fullApplication,
  fullPlan,
  hostile,
  podman,
  podmanApplication,
  tenant,
} from "./applications.ts";

const root = mkdtempSync(join(tmpdir(), "atomic-podman-"));
const storage = [`--root=${root}/root`, `--runroot=${root}/run`, "--storage-driver=vfs", "--cgroup-manager=cgroupfs"];

function run(program: string, args: readonly string[], input?: Buffer): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", input, maxBuffer: 1 << 26 });
  if (error !== undefined) throw error;
  assert.equal(status, 0, `${program} ${args.join(" ")}\n${stderr}`);
  return stdout;
}

const podmanDo = (...args: string[]): string => run("podman", [...storage, "--events-backend=none", ...args]);

let image = "";
before(() => {
  for (const path of ["srv/a, b:c 100%", "srv/kept 100%", "etc/shop"]) mkdirSync(join(root, path), { recursive: true });
  for (const path of ["etc/shop/env", "etc/shop/a,b 100%.env"]) writeFileSync(join(root, path), "FROM_FILE=1\n");
  writeFileSync(join(root, "etc/seccomp 100%.json"), '{"defaultAction":"SCMP_ACT_ALLOW"}');
  const archive = spawnSync("tar", ["-c", "-C", "/etc", "hostname"]).stdout;
  image = run(
    "podman",
    [...storage, "--events-backend=none", "import", "-q", "--change=CMD /x", "-", "localhost/box"],
    archive,
  ).trim();
});
after(() => {
  // Their locks are the machine's, and there are 2048.
  podmanDo("rm", "--all", "--force");
  podmanDo("volume", "rm", "--all", "--force");
  rmSync(root, { recursive: true, force: true });
});

/** Words that the unit's ExecStart= gives the engine; that systemd splits them so is what run.test.ts shows. */
function wordsOf({ units }: Rendered, unit: string): string[] {
  const line = /^ExecStart=(.*)$/m.exec(units.get(unit)!)![1]!;
  const words = splitUnitWords(line).map((word) => word.replaceAll("$$", "$").replaceAll("%%", "%"));
  return words.slice(words.findIndex((word) => /^\/usr\/bin\/(?:podman|docker)$/.test(word)) + 1);
}

interface Inspected {
  readonly Image: string;
  readonly Args: readonly string[];
  readonly Path: string;
  readonly EffectiveCaps: readonly string[] | null;
  readonly Mounts: readonly { readonly Source: string; readonly Destination: string; readonly RW: boolean }[];
  readonly Config: {
    readonly Env: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
    readonly User: string;
    readonly WorkingDir: string;
    readonly Hostname: string;
    readonly StopSignal: number;
    readonly StopTimeout: number;
    readonly Healthcheck?: { readonly Test: readonly string[]; readonly Interval: number; readonly Retries: number };
  };
  readonly HostConfig: {
    readonly SecurityOpt: readonly string[];
    readonly ReadonlyRootfs: boolean;
    readonly Tmpfs: Readonly<Record<string, string>>;
    readonly Memory: number;
    readonly NanoCpus: number;
    readonly PidsLimit: number;
    readonly IDMappings?: { readonly UidMap: readonly string[] };
  };
}

/** Has podman make the container of a unit, without running it. */
function create(rendered: Rendered, unit: string): Inspected {
  const words = wordsOf(rendered, unit).flatMap((word) => {
    if (word === "run") return ["create", "--network=none"];
    if (word === "--detach") return [];
    // There may be no journal here, networks would be made on this machine, and /run and /srv are not the test's.
    if (word === "--log-driver=journald") return ["--log-driver=k8s-file"];
    if (word.startsWith("--network=")) return [];
    const placed = word.replaceAll(/((?:^|")src=|,src=|seccomp=|--env-file="?)\//g, `$1${root}/`);
    const source = /(?:^|,)"?src=([^"]*?)(?:"|,dst)/.exec(placed)?.[1];
    if (source?.includes("/run/atomic/") === true) {
      mkdirSync(dirname(source), { recursive: true });
      writeFileSync(source, "");
    }
    return [placed];
  });
  podmanDo(...words);
  const name = unit.replace(/\.service$/, "");
  return (JSON.parse(podmanDo("inspect", name)) as Inspected[])[0]!;
}

const rendered = (): Rendered =>
  render(fullPlan(podmanApplication()), "localhost", {
    ...podman,
    pins: new Map([["docker.io/library/nginx:1.27", image]]),
    tenant,
  });

test("podman makes what a container says of it, hostile as it is", () => {
  const { Config, HostConfig, Mounts, EffectiveCaps, Path, Args } = create(rendered(), "shop-front.service");
  assert.deepEqual([Path, ...Args], ["/bin/serve", "two words", ...hostile]);
  hostile.forEach((value, index) => assert.ok(Config.Env.includes(`V${index}=${value}`), JSON.stringify(value)));
  assert.ok(Config.Env.includes("FROM_FILE=1"));
  hostile.forEach((value, index) => assert.equal(Config.Labels[`label.${index}`], value));
  assert.equal(Config.Labels["atomic.app"], "shop");
  assert.deepEqual([Config.User, Config.WorkingDir, Config.Hostname], ["1000:1000", "/srv/a b", "front"]);
  assert.deepEqual([Config.StopSignal, Config.StopTimeout], [3, 3]);
  assert.deepEqual(Config.Healthcheck?.Test, ["CMD", "/bin/check", "a b"]);
  assert.deepEqual([Config.Healthcheck?.Interval, Config.Healthcheck?.Retries], [1e9, 2]);
  assert.deepEqual(EffectiveCaps, ["CAP_CHOWN", "CAP_NET_BIND_SERVICE"]);
  assert.deepEqual(HostConfig.SecurityOpt, ["label=type:spc_t,label=level:s0:c100,c200", "seccomp=unconfined"]);
  assert.deepEqual([HostConfig.Memory, HostConfig.NanoCpus, HostConfig.PidsLimit], [64 << 20, 5e8, 100]);
  const mounted = Object.fromEntries(
    Mounts.map(({ Destination, Source, RW }) => [Destination, [Source.replace(root, ""), RW]]),
  );
  assert.deepEqual(mounted["/bound: here"], ["/srv/a, b:c 100%", false]);
  assert.deepEqual(mounted["/kept"], ["/srv/kept 100%", false]);
  assert.equal(mounted["/etc/the token"]?.[0], "/run/atomic/gear/instances/shop-front/token");
  assert.equal(mounted["/data"]?.[1], true);
});

test("what is not loosened is closed", () => {
  const { HostConfig, EffectiveCaps, Image } = create(rendered(), "shop-db.service");
  assert.equal(Image, image.replace(/^sha256:/, ""));
  assert.deepEqual(EffectiveCaps ?? [], []);
  assert.equal(HostConfig.ReadonlyRootfs, true);
  assert.ok(["/run", "/tmp"].every((path) => path in HostConfig.Tmpfs));
  assert.deepEqual(HostConfig.SecurityOpt, ["no-new-privileges", "label=level:s0:c100,c200"]);
  assert.deepEqual(HostConfig.IDMappings?.UidMap, ["0:300000:65536"]);
  assert.ok(wordsOf(rendered(), "shop-db.service").includes("--log-driver=passthrough"), "a tenant's own journal");
});

test("podman takes every container of the matrix", () => {
  const all = rendered();
  for (const { unit } of all.instances) create(all, unit);
  const tests = ["db", "cache-1"].map((id) => create(all, `shop-${id}.service`).Config.Healthcheck?.Test);
  assert.deepEqual(tests, [
    ["CMD-SHELL", "check || exit 1"],
    ["CMD", "/bin/check"],
  ]);
});

test("Docker's client knows every option", () => {
  const known = new Set(
    [...run("docker", ["run", "--help"]).matchAll(/(?:^|\s)(--[a-z][a-z-]+)/g)].map(([, option]) => option),
  );
  const all = render(fullPlan(fullApplication()), "localhost", docker);
  const words = all.instances.flatMap(({ unit }) => {
    const said = wordsOf(all, unit);
    // Behind the image are the container's own.
    return said.slice(
      0,
      said.findIndex((word) => word.endsWith(digest)),
    );
  });
  const options = new Set(words.flatMap((word) => /^--[a-z-]+/.exec(word) ?? []));
  assert.ok(options.size > 25, [...options].join(" "));
  assert.deepEqual(
    [...options].filter((option) => !known.has(option)),
    [],
  );
});

test("what an engine or systemd cannot do is refused by name", () => {
  const refuse = (container: Partial<Container>, settings: RenderSettings, message: RegExp) => {
    const secrets = [{ name: name("kept"), source: { kind: "file" as const, path: "/etc/kept" } }];
    const application = makeApplication({ tenant: name("acme"), containers: [makeContainer(container)], secrets });
    assert.throws(() => render(makePlan(application), "localhost", settings), { code: "gear-unsupported", message });
  };
  const security = makeContainer().security;
  refuse({ ready: "notify" }, docker, /web: Docker does not pass on what ready: notify needs/);
  refuse({ sockets: [{ listen: "80", protocol: "stream" }] }, docker, /Docker does not pass on what sockets/);
  refuse({}, { ...docker, tenant }, /Docker has no user namespace for each tenant/);
  const two = ["a", "b"].map((one) => ({ name: name(one), aliases: [] }));
  refuse({ network: { kind: "own", networks: two } }, docker, /Docker joins one network/);
  refuse({ security: { ...security, capabilities: ["ALL"] } }, podman, /capability "ALL"/);
  refuse({ security: { ...security, userNamespace: "keep-id" } }, podman, /user namespace "keep-id"/);
  refuse(
    { secrets: [{ name: name("no"), target: { kind: "file", path: undefined } }] },
    podman,
    /secret no is used and not/,
  );
  refuse(
    { mounts: [{ source: { kind: "bind", path: "srv" }, target: "/srv", readOnly: true }] },
    podman,
    /not an absolute/,
  );
  refuse({ image: "--privileged" }, podman, /no reference of an image/);
  refuse({ environment: [{ name: "A=B", value: "" }] }, podman, /no name of a variable/);
  refuse({ schedule: "daily", after: [{ on: name("web"), condition: "started" }] }, podman, /runs by a schedule/);
  refuse({ stopSignal: "SIGNOT" }, podman, /no signal/);
  refuse({ schedule: "daily", ready: "healthy" }, podman, /web runs to its end and would be ready before/);
  refuse(
    { schedule: "daily", sockets: [{ listen: "80", protocol: "stream" }] },
    podman,
    /has sockets and runs to its end/,
  );
  refuse({ security: { ...security, selinuxType: "spc_t:s0,x" } }, podman, /no type of SELinux/);
  refuse({ labels: [{ name: "atomic.app", value: "other" }] }, podman, /label atomic.app is Atomic's own/);
  for (const variable of [
    "LD_PRELOAD",
    "PATH",
    "DOCKER_HOST",
    "CONTAINER_HOST",
    "GODEBUG",
    "BASH_ENV",
    "XDG_CONFIG_HOME",
  ])
    refuse(
      { secrets: [{ name: name("kept"), target: { kind: "environment", variable } }] },
      podman,
      /the engine's client's/,
    );
});
