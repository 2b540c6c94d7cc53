// SPDX-License-Identifier: Apache-2.0
/**
 * System containers on a real systemd and runc: run by machine.test.ts as a program of its machine. In this order: tests go on
 * where the one before left the machine.
 */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run, silent } from "../../../src/base/index.ts";
import {
  type Allowed,
  type Consent,
  connectSystemd,
  gearError,
  installSystemContainer,
  listSystemContainers,
  type Name,
  pruneSystemContainers,
  recoverSystemContainers,
  requirePermissions,
  rollbackSystemContainer,
  type SystemInstallRequest,
  SystemStore,
  type SystemSurroundings,
  systemClock,
  systemJournal,
  uninstallSystemContainer,
  updateSystemContainer,
} from "../../../src/gear/index.ts";
import { type ImageFiles, writeOciImage } from "../oci-image.ts";

const cleanups: (() => void | Promise<void>)[] = [];
let images: string;
let surroundings: SystemSurroundings;

before(async () => {
  images = mkdtempSync(join(tmpdir(), "atomic-images-"));
  cleanups.push(() => rmSync(images, { recursive: true }));
  const services = await connectSystemd();
  cleanups.push(() => services[Symbol.dispose]());
  const store = new SystemStore();
  surroundings = { store, services, clock: systemClock, journal: systemJournal, progress: silent };
});
after(async () => {
  for (const action of cleanups.toReversed()) await action();
});

const allowOnly =
  (allowed: Allowed): Consent =>
  (what, asked) =>
    requirePermissions(what, asked, allowed);
const name = (text: string) => text as Name;
const path = (inside: string) => join("/", inside);
const health = { minHealthyTime: 1500, healthyDeadline: 30_000 };
const isActive = async (unit: string) =>
  (await run("systemctl", ["is-active", unit], { accept: [0, 3, 4] })).stdout.trim();

async function image(of: string, files: ImageFiles, config: object = {}): Promise<string> {
  await writeOciImage(join(images, of), files, config);
  return `oci:${join(images, of)}`;
}

const request = (of: string, reference: string, given: Partial<SystemInstallRequest> = {}): SystemInstallRequest => ({
  name: name(of),
  image: reference,
  values: {},
  runtime: "/usr/sbin/runc",
  hostNetwork: false,
  consent: allowOnly(new Set()),
  health,
  ...given,
});

const runs = "#!/bin/sh\ntrap 'exit 0' TERM\necho serving $1 as $(id -u)\nwhile :; do sleep 0.1; done\n";
const plain = (version: number, config: object = {}) =>
  image("plain", { "run.sh": runs }, { Cmd: ["/run.sh", `version-${version}`], User: "web", ...config });

async function refused(
  code: "permission" | "bad-exports" | "bad-variable" | "conflict" | "busy",
  work: Promise<unknown>,
  why: RegExp,
) {
  await assert.rejects(work, (error) => {
    assert.ok(gearError.is(error, code), String(error));
    assert.match((error as Error).message, why);
    return true;
  });
}

/** Besides the repository. */
const entries = () =>
  readdirSync(path("var/lib/containers/atomic"))
    .filter((entry) => entry !== ".storage")
    .toSorted();

test("an image without a configuration runs without an engine, closed, as its own user", async () => {
  const reference = await plain(1, { Volumes: { "/data": {} } });
  const report = await installSystemContainer(surroundings, request("plain", reference));
  assert.deepEqual([report.outcome, report.problems, report.to?.asked], ["done", [], []]);
  assert.equal(await isActive("plain.service"), "active");
  assert.equal(readlinkSync(path("var/lib/containers/atomic/plain")), "plain.0");
  // Nobody else runs what is setuid in an image.
  assert.equal(statSync(path("var/lib/containers/atomic")).mode & 0o777, 0o700);
  const logs = await run("journalctl", ["-o", "cat", "-u", "plain.service"]);
  assert.match(logs.stdout, /^serving version-1 as 7$/m);
  // In the unit's control group, and no engine in sight.
  const { stdout: group } = await run("cat", ["/sys/fs/cgroup/system.slice/plain.service/container/cgroup.procs"]);
  assert.match(group, /^\d+$/m);
  const inside = async (command: string) => (await run("runc", ["exec", "plain", "/bin/sh", "-c", command])).stdout;
  assert.match(await inside("cat /proc/self/status"), /^CapEff:\t0+$[^]*^NoNewPrivs:\t1$[^]*^Seccomp:\t2$/m);
  assert.equal(await inside("touch /x 2>/dev/null || echo read-only"), "read-only\n");
  assert.equal(await inside("unshare -r true 2>/dev/null || echo refused"), "refused\n");
  assert.equal(await inside("ls /sys/class/net"), "lo\n");
  assert.match(
    (await run("systemctl", ["show", "-P", "Before", "plain.service"])).stdout,
    /docker\.service.*podman\.service|podman\.service.*docker\.service/,
  );
  assert.equal((await run("systemctl", ["is-enabled", "plain.service"])).stdout.trim(), "enabled");
});

test("the checkout is hard links of the repository, which stock ostree finds whole", async () => {
  const repo = "var/lib/containers/atomic/.storage/ostree";
  assert.ok(statSync(path("var/lib/containers/atomic/plain/rootfs/bin/busybox")).nlink >= 2);
  const { stdout } = await run("ostree", [`--repo=${path(repo)}`, "fsck"]);
  assert.match(stdout, /fsck|object/i);
  const refs = (await run("ostree", [`--repo=${path(repo)}`, "refs"])).stdout;
  assert.equal(refs.match(/^ociimage\/[0-9a-f]{64}$/gm)?.length, 2);
  assert.match(refs, /^atomic\/system-container\/plain\/0$/m);
});

test("an update fetches the layer that changed, and goes back by itself when the new one does not stay up", async () => {
  const again = request("plain", `oci:${join(images, "plain")}`);
  const first = updateSystemContainer(surroundings, again);
  await refused("busy", updateSystemContainer(surroundings, again), /is changing system containers/);
  const unchanged = await first;
  assert.equal(unchanged.outcome, "unchanged");
  await plain(2);
  const updated = await updateSystemContainer(surroundings, {
    name: name("plain"),
    values: {},
    consent: allowOnly(new Set()),
    health,
  });
  assert.deepEqual(
    [updated.outcome, updated.layers?.total, readlinkSync(path("var/lib/containers/atomic/plain"))],
    ["done", 2, "plain.1"],
  );
  await image("plain", { "run.sh": "#!/bin/sh\necho falls over\nsleep 0.3\nexit 3\n" }, { Cmd: ["/run.sh"] });
  const failed = await updateSystemContainer(surroundings, {
    name: name("plain"),
    values: {},
    consent: allowOnly(new Set()),
    // Longer than the runtime needs to start it on a busy machine.
    health: { minHealthyTime: 20_000, healthyDeadline: 180_000 },
  });
  assert.equal(failed.outcome, "taken-back");
  assert.match(failed.reason ?? "", /plain\.service/);
  assert.deepEqual(
    [await isActive("plain.service"), readlinkSync(path("var/lib/containers/atomic/plain"))],
    ["active", "plain.1"],
  );
  assert.deepEqual(entries(), ["plain", "plain.0", "plain.1"]);
});

test("rollback brings back the generation before, and again the other", async () => {
  for (const number of [0, 1]) {
    const report = await rollbackSystemContainer(surroundings, { name: name("plain"), health });
    assert.deepEqual([report.outcome, report.to?.number], ["done", number]);
    assert.match(readFileSync(path("etc/systemd/system/plain.service"), "utf8"), new RegExp(`/plain\\.${number}\\b`));
    assert.equal(await isActive("plain.service"), "active");
  }
});

test("a command that is killed at any step is taken back by the next one", async () => {
  await plain(3);
  const { store } = surroundings;
  const update = (die: (step: number) => void) => {
    let step = 0;
    const dying = new Proxy(store, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (["writeChange", "setCurrent", "removeGeneration"].includes(String(key))) die(step++);
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
    const services = new Proxy(surroundings.services, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (["stop", "daemonReload", "enable", "start"].includes(String(key))) die(step++);
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
    const given = { name: name("plain"), values: {}, consent: allowOnly(new Set()), health };
    return updateSystemContainer({ ...surroundings, store: dying, services }, given);
  };
  for (let last = 0; ; last++) {
    let died = false;
    await update((step) => {
      if (step < last) return;
      died = true;
      throw new Error("killed");
    }).catch(() => {});
    if (!died) break;
    using _lock = store.lock();
    await recoverSystemContainers(surroundings);
    const current = store.current(name("plain"))!;
    assert.equal(await isActive("plain.service"), "active", `killed at step ${last}`);
    assert.match(readFileSync(path("etc/systemd/system/plain.service"), "utf8"), new RegExp(`/plain\\.${current}\\b`));
    assert.equal(store.change(name("plain")), undefined);
    assert.deepEqual(
      entries().filter((entry) => entry.startsWith(".")),
      [],
    );
    if (current !== 1) break;
  }
  assert.ok(store.current(name("plain"))! > 1);
});

test("the templates of Project Atomic's images: variables, files of the host, unit and directories", async () => {
  const files = {
    "run.sh": runs,
    "exports/manifest.json": JSON.stringify({
      version: "1.0",
      defaultValues: { PORT: "8081", RECEIVER: "World" },
      renameFiles: { "/usr/local/lib/placeholder-file": "/usr/local/lib/renamed-$NAME" },
      installedFilesTemplate: ["/usr/local/lib/message"],
    }),
    "exports/hostfs/usr/local/lib/message": "hello $RECEIVER\n",
    "exports/hostfs/usr/local/lib/placeholder-file": "cost: $PORT\n",
    "exports/tmpfiles.template": "D    ${RUN_DIRECTORY}/${NAME}   0700 - - - -\n",
    "exports/service.template":
      "[Unit]\nDescription=Hello World System Container\n\n[Service]\nExecStart=$EXEC_START\nExecStop=$EXEC_STOP\nRestart=on-failure\nWorkingDirectory=$DESTDIR\n\n[Install]\nWantedBy=multi-user.target\n",
    "exports/config.json.template": JSON.stringify({
      ociVersion: "0.3.0",
      platform: { os: "linux", arch: "amd64" },
      process: {
        terminal: false,
        user: { uid: 0, gid: 0 },
        args: ["/run.sh", "$RECEIVER-${PORT}"],
        env: ["UUID=$UUID", "MISSING=$VAR_WITH_NO_DEFAULT", "PATH=/bin"],
        cwd: "/",
      },
      root: { path: "rootfs", readonly: true },
      mounts: [
        { destination: "/proc", type: "proc", source: "proc" },
        {
          destination: "/dev",
          type: "tmpfs",
          source: "tmpfs",
          options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
        },
        { type: "bind", source: "${RUN_DIRECTORY}/${NAME}", destination: "/run", options: ["rbind", "rw", "mode=755"] },
      ],
      hooks: {},
      linux: {
        capabilities: ["CAP_AUDIT_WRITE", "CAP_KILL"],
        rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
        resources: { devices: [{ allow: false, access: "rwm" }] },
        namespaces: [{ type: "pid" }, { type: "ipc" }, { type: "mount" }],
        devices: null,
        apparmorProfile: "",
        selinuxProcessLabel: "",
        seccomp: { defaultAction: "", architectures: null },
      },
    }),
  };
  const reference = await image("hello", files);
  const values = { RECEIVER: "Moon", VAR_WITH_NO_DEFAULT: "x" };
  await refused(
    "bad-variable",
    installSystemContainer(surroundings, request("hello", reference)),
    /no value for VAR_WITH_NO_DEFAULT/,
  );
  await refused(
    "bad-variable",
    installSystemContainer(surroundings, request("hello", reference, { values: { ...values, RECEIVR: "x" } })),
    /RECEIVR/,
  );
  await refused(
    "permission",
    installSystemContainer(surroundings, request("hello", reference, { values })),
    /host-namespaces: the network of the host[^]*host-files: \/usr\/local\/lib\/message/,
  );
  assert.equal(existsSync(path("usr/local/lib/message")), false);
  const consent = allowOnly(new Set(["host-namespaces", "host-files"]));
  writeFileSync(path("usr/local/lib/renamed-hello"), "of somebody else\n");
  await refused(
    "conflict",
    installSystemContainer(surroundings, request("hello", reference, { values, consent })),
    /renamed-hello is there already/,
  );
  rmSync(path("usr/local/lib/renamed-hello"));
  const report = await installSystemContainer(surroundings, request("hello", reference, { values, consent }));
  assert.deepEqual([report.outcome, report.problems], ["done", []]);
  assert.equal(readFileSync(path("usr/local/lib/message"), "utf8"), "hello Moon\n");
  assert.equal(readFileSync(path("usr/local/lib/renamed-hello"), "utf8"), "cost: $PORT\n");
  assert.match((await run("journalctl", ["-o", "cat", "-u", "hello.service"])).stdout, /serving Moon-8081 as 0/);
  assert.equal(statSync(path("run/hello")).mode & 0o777, 0o700);
  const [status] = (await listSystemContainers(surroundings)).filter((one) => one.name === "hello");
  assert.deepEqual([status?.state, status?.current.values["RECEIVER"]], ["active", "Moon"]);
});

test("uninstalled, nothing is left but what somebody has changed", async () => {
  writeFileSync(path("usr/local/lib/message"), "mine now\n");
  const report = await uninstallSystemContainer(surroundings, name("hello"));
  assert.deepEqual([report.outcome, report.left], ["done", ["/usr/local/lib/message"]]);
  assert.equal(existsSync(path("usr/local/lib/renamed-hello")), false);
  await uninstallSystemContainer(surroundings, name("plain"));
  assert.deepEqual(entries(), []);
  assert.deepEqual(
    readdirSync(path("etc/systemd/system")).filter((entry) => /hello|plain/.test(entry)),
    [],
  );
  assert.deepEqual(
    readdirSync(path("etc/tmpfiles.d")).filter((entry) => /hello|plain/.test(entry)),
    [],
  );
  assert.equal(await isActive("plain.service"), "inactive");
  await pruneSystemContainers(surroundings);
  const repo = `--repo=${path("var/lib/containers/atomic/.storage/ostree")}`;
  assert.equal((await run("ostree", [repo, "refs"])).stdout, "");
  assert.deepEqual(
    await run("sh", ["-c", `ls ${path("var/lib/containers/atomic/.storage/ostree/objects")}/* | grep -c file`], {
      accept: [0, 1],
    }).then(({ stdout }) => stdout.trim()),
    "0",
  );
});

test("a host's own repository is taken where its files can be linked to", async () => {
  // Here /var/lib/containers is a mount of its own, so that links from /ostree would have to cross it.
  const [crossing, beside] = ["/ostree/repo", "/var/lib/containers/host/ostree/repo"];
  for (const repo of [crossing, beside]) {
    mkdirSync(repo, { recursive: true });
    await run("ostree", [`--repo=${repo}`, "init", "--mode=bare"]);
  }
  const report = await installSystemContainer(surroundings, request("plain", await plain(4)));
  assert.equal(report.outcome, "done");
  assert.equal((await run("ostree", [`--repo=${crossing}`, "refs"])).stdout, "");
  await uninstallSystemContainer(surroundings, name("plain"));
  rmSync("/ostree/repo", { recursive: true });
  symlinkSync(beside, crossing);
  await run("ostree", [`--repo=${beside}`, "commit", "--branch=os", "--tree=dir=/etc/systemd"]);
  await installSystemContainer(surroundings, request("plain", await plain(5)));
  assert.match((await run("ostree", [`--repo=${beside}`, "refs"])).stdout, /^atomic\/system-container\/plain\/0$/m);
  await uninstallSystemContainer(surroundings, name("plain"));
  assert.equal((await run("ostree", [`--repo=${beside}`, "refs"])).stdout, "os\n");
  await run("ostree", [`--repo=${beside}`, "fsck"]);
});

test("the command line says what is asked for, what runs, and how to undo it", async () => {
  const cli = join(import.meta.dirname, "../../../src/cli/atomic.ts");
  const node = ["--disable-warning=ExperimentalWarning", cli, "gear"];
  const atomic = (args: readonly string[], accept = [0]) => run(process.execPath, [...node, ...args], { accept });
  const hostRoot = { args: ["/run.sh"], user: { uid: 0, gid: 0 } };
  const config = {
    process: hostRoot,
    root: { path: "rootfs", readonly: true },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/host", type: "bind", source: "/", options: ["rbind", "ro"] },
    ],
    linux: { namespaces: ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type })) },
  };
  const reference = await image("agent", {
    "run.sh": runs,
    "host/x": "",
    "exports/config.json": JSON.stringify(config),
  });
  const refusal = await atomic(["install", "--system", reference], [1]);
  assert.match(
    refusal.stderr,
    /error\[gear-permission\][^]*host-root: all files of the host at \/host, read-only[^]*--allow=host-root/,
  );
  const { stdout } = await atomic(["install", "--system", reference, "--allow=host-root"]);
  assert.match(stdout, /^agent: generation 0 runs\.[^]*Undo: {2}atomic gear uninstall agent$/m);
  assert.match((await atomic(["system", "list"])).stdout, /^agent +0 +active/);
  await installSystemContainer(surroundings, request("plain", await plain(6)));
  await plain(7);
  rmSync(join(images, "agent"), { recursive: true });
  assert.match((await atomic(["system", "update", "--all", "--rebase", reference], [2])).stderr, /--rebase is of one/);
  const all = await atomic(["system", "update", "--all"], [1]);
  assert.match(all.stdout, /^agent was not updated: [^]*^plain: generation 1 runs\./m);
  assert.match((await atomic(["uninstall", "agent", "--display"], [2])).stderr, /--display is for labels/);
  assert.match((await atomic(["uninstall", "agent"])).stdout, /^agent is uninstalled/);
});

test("one that is stopped before its runtime has made it ends by its signal, and has not failed", async () => {
  const slow = "/usr/local/bin/slow-runc";
  writeFileSync(slow, '#!/bin/sh\n[ "$1" != run ] || sleep 1\nexec /usr/sbin/runc "$@"\n', { mode: 0o755 });
  const script =
    "#!/bin/sh\ntrap 'echo heard INT; exit 0' INT\ntrap 'echo heard TERM' TERM\nwhile :; do sleep 0.1; done\n";
  const reference = await image("quick", { "run.sh": script }, { Cmd: ["/run.sh"], StopSignal: "SIGINT" });
  await installSystemContainer(surroundings, request("quick", reference, { runtime: slow }));
  const { services } = surroundings;
  await services.stop("quick.service");
  await services.start("quick.service");
  await services.stop("quick.service");
  const { stdout: state } = await run("systemctl", ["show", "-P", "ActiveState", "-P", "Result", "quick.service"]);
  assert.deepEqual(state.split("\n").toSorted(), ["", "inactive", "success"]);
  const { stdout: said } = await run("journalctl", ["-o", "cat", "-u", "quick.service", "--grep=^heard"]);
  assert.equal(said, "heard INT\nheard INT\n");
  await uninstallSystemContainer(surroundings, name("quick"));
});
