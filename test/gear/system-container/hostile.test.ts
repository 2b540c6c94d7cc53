// SPDX-License-Identifier: Apache-2.0
/** What images could say of themselves to get at the host. */
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { silent } from "../../../src/base/index.ts";
import type { ContainerImage } from "../../../src/ostree/index.ts";
import { gearError, type Name, SystemStore } from "../../../src/gear/index.ts";
import { checkConfig } from "../../../src/gear/system-container/checked-config.ts";
import { readExports } from "../../../src/gear/system-container/exports.ts";
import { hostFileConflicts, placeHostFiles, readHostFiles } from "../../../src/gear/system-container/host-files.ts";
import { placeOnHost } from "../../../src/gear/system-container/host-place.ts";
import type { SystemGeneration } from "../../../src/gear/system-container/model.ts";
import { type GenerationRequest, renderGeneration } from "../../../src/gear/system-container/render-generation.ts";
import { stateDirectories } from "../../../src/gear/system-container/runtime-config.ts";
import { tmpfilesPermissions } from "../../../src/gear/system-container/tmpfiles.ts";
import { completeUnit, unitPermissions } from "../../../src/gear/system-container/unit.ts";
import { findUser } from "../../../src/gear/system-container/user.ts";
import { containerVariables, expandTemplate } from "../../../src/gear/system-container/variables.ts";

const name = "web" as Name;
const scene = { name, isOwn: (path: string) => path === "/run/web" || path === "/etc/web" };

const process = { args: ["/run"], user: { uid: 0, gid: 0 }, cwd: "/" };
const root = { path: "rootfs", readonly: true };
const namespaces = ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type }));
const config = (given: object = {}, linux: object = {}) => ({
  process,
  root,
  mounts: [],
  linux: { namespaces, ...linux },
  ...given,
});
const asked = (given: object, linux: object = {}) =>
  checkConfig(config(given, linux), scene).asked.map(({ permission, what }) => `${permission}: ${what}`);

function refused(
  work: () => unknown,
  why: RegExp,
  code: "bad-exports" | "bad-variable" | "conflict" = "bad-exports",
): void {
  assert.throws(work, (error) => {
    assert.ok(gearError.is(error, code), String(error));
    assert.match((error as Error).message, why);
    return true;
  });
}

test("what a configuration does not say is closed", () => {
  const { config: written, asked: nothing } = checkConfig(
    config({ annotations: { "run.oci.handler": "wasm" } }),
    scene,
  );
  assert.deepEqual(nothing, []);
  assert.deepEqual(Object.keys(written).toSorted(), ["linux", "mounts", "ociVersion", "process", "root"]);
  const { capabilities, noNewPrivileges, terminal } = written["process"] as Record<string, unknown>;
  assert.deepEqual([capabilities, noNewPrivileges, terminal], [{}, true, false]);
  const linux = written["linux"] as {
    seccomp: { syscalls: { names: string[] }[] };
    maskedPaths: string[];
    resources: unknown;
  };
  assert.ok(linux.seccomp.syscalls.some(({ names }) => names.includes("kexec_load")));
  assert.ok(linux.maskedPaths.includes("/proc/kcore"));
  assert.deepEqual(linux.resources, { devices: [{ allow: false, access: "rwm" }] });
});

test("what cannot be allowed is refused", () => {
  refused(() => checkConfig(config({ hooks: { prestart: [{ path: "/bin/sh" }] } }), scene), /hooks/);
  refused(() => checkConfig(config({ root: { path: "rootfs", readonly: false } }), scene), /readonly/);
  refused(() => checkConfig(config({ root: { path: "/", readonly: true } }), scene), /root\.path/);
  refused(() => checkConfig(config({}, { namespaces: [{ type: "pid" }] }), scene), /no mount namespace/);
  refused(
    () => checkConfig(config({}, { namespaces: [{ type: "mount", path: "/proc/1/ns/mnt" }] }), scene),
    /no mount namespace/,
  );
  for (const source of ["../../../etc", "/etc/../..", undefined])
    refused(
      () => checkConfig(config({ mounts: [{ destination: "/x", type: "bind", source }] }), scene),
      /no whole path/,
    );
  refused(
    () => checkConfig(config({ mounts: [{ destination: "/../x", type: "tmpfs" }] }), scene),
    /mounts something at/,
  );
  refused(
    () => checkConfig(config({ mounts: [{ destination: "/x", type: "ext4", source: "/dev/sda1" }] }), scene),
    /ext4/,
  );
  refused(() => checkConfig(config({ process: { ...process, args: [] } }), scene), /no program/);
  refused(() => checkConfig(config({ process: { ...process, user: { uid: -1 } } }), scene), /whole number/);
});

test("all else that reaches the host is asked for", () => {
  const mount = (source: string, options: string[] = []) => ({
    mounts: [{ destination: "/x", type: "bind", source, options }],
  });
  assert.deepEqual(asked(mount("/run/web")), []);
  assert.deepEqual(asked(mount("/etc/resolv.conf", ["ro"])), []);
  assert.deepEqual(asked(mount("/etc/web", ["ro"])), []);
  assert.deepEqual(asked(mount("/etc/web")), ["mounts: /etc/web of the host at /x, writable"]);
  assert.deepEqual(asked(mount("/run/web/sub")), ["mounts: /run/web/sub of the host at /x, writable"]);
  assert.deepEqual(asked(mount("/")), ["host-root: all files of the host at /x, writable"]);
  assert.deepEqual(asked(mount("//./", ["ro"])), ["host-root: all files of the host at /x, read-only"]);
  // A type that only looks harmless.
  assert.deepEqual(asked({ mounts: [{ destination: "/x", type: "tmpfs", source: "/etc", options: ["rbind"] }] }), [
    "mounts: /etc of the host at /x, writable",
  ]);
  assert.deepEqual(asked({ mounts: [{ destination: "/x", source: "/etc" }] }), [
    "mounts: /etc of the host at /x, writable",
  ]);
  assert.deepEqual(asked({}, { namespaces: [{ type: "mount" }, { type: "pid" }, { type: "ipc" }, { type: "uts" }] }), [
    "host-namespaces: the network of the host",
  ]);
  assert.match(
    asked({}, { namespaces: [...namespaces, { type: "user", path: "/proc/1/ns/user" }] })[0]!,
    /^host-namespaces/,
  );
  const capabilities = { bounding: ["CAP_CHOWN", "CAP_SYS_ADMIN"], effective: ["cap_bpf"] };
  assert.deepEqual(asked({ process: { ...process, capabilities } }), ["capabilities: CAP_BPF, CAP_SYS_ADMIN"]);
  assert.deepEqual(asked({}, { capabilities: ["CAP_SYS_MODULE"] }), ["capabilities: CAP_SYS_MODULE"]);
  assert.match(asked({}, { devices: [{ path: "/dev/sda" }] })[0]!, /^devices: \/dev\/sda/);
  assert.match(asked({}, { resources: { devices: [{ allow: true, access: "rwm" }] } })[0]!, /^devices/);
  assert.match(asked({}, { seccomp: { defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/run/x" } })[0]!, /^confinement/);
  assert.match(asked({}, { maskedPaths: [] })[0]!, /^confinement: .*\/proc\/kcore.* not hidden/);
  const junk = Array.from({ length: 20 }, (_, index) => `/x${index}`);
  assert.match(asked({}, { maskedPaths: junk })[0]!, /^confinement: .*\/proc\/kcore.* not hidden/);
  assert.match(asked({}, { readonlyPaths: junk })[0]!, /^confinement: .*\/proc\/sys, .* not read-only/);
  assert.match(asked({}, { sysctl: { "kernel.core_pattern": "|/x" } })[0]!, /^confinement: sets kernel\.core_pattern/);
  assert.match(asked({ process: { ...process, noNewPrivileges: false } })[0]!, /^confinement/);
  assert.match(asked({ process: { ...process, selinuxLabel: "system_u:system_r:spc_t:s0" } })[0]!, /^confinement/);
  assert.match(asked({}, { rootfsPropagation: "shared" })[0]!, /^confinement/);
});

test("files of the kernel that root may write to are asked for: where nothing hides them, or writable", () => {
  const mounted = (type: string, destination: string, options: string[] = []) =>
    asked({ mounts: [{ destination, type, source: type, options }] });
  assert.deepEqual(mounted("proc", "/proc"), []);
  assert.deepEqual(mounted("sysfs", "/sys", ["nosuid", "ro"]), []);
  assert.deepEqual(mounted("cgroup", "/sys/fs/cgroup", ["ro"]), []);
  assert.deepEqual(mounted("proc", "/p"), ["confinement: proc at /p, writable"]);
  assert.deepEqual(mounted("proc", "/p", ["ro"]), ["confinement: proc at /p, with nothing of it hidden"]);
  assert.deepEqual(mounted("sysfs", "/sys"), ["confinement: sysfs at /sys, writable"]);
  assert.deepEqual(mounted("cgroup", "/sys/fs/cgroup"), ["confinement: cgroup at /sys/fs/cgroup, writable"]);
  // The last word counts.
  assert.deepEqual(mounted("sysfs", "/sys", ["ro", "rw"]), ["confinement: sysfs at /sys, writable"]);
  assert.deepEqual(
    asked({ mounts: [{ destination: "/x", type: "bind", source: "/etc/web", options: ["ro", "rw"] }] }),
    ["mounts: /etc/web of the host at /x, writable"],
  );
});

const forced = {
  name,
  directory: "/d/web.0",
  runtime: "/usr/sbin/runc",
  image: "i",
  id: "sha256:0",
  stopSignal: "TERM",
};
const variables = containerVariables(forced, {}, {});

test("a unit that runs programs of the host or pulls in others is asked for, one that runs its container is not", () => {
  const unit = (service: string, more = "") =>
    unitPermissions(
      expandTemplate(
        `[Unit]\nDescription=x\n${more}\n[Service]\nExecStart=$EXEC_START\n${service}\n`,
        "x",
        variables,
        new Set(),
      ),
      "x",
      variables,
    ).map(({ permission, what }) => `${permission}: ${what}`);
  const harmless =
    "ExecStartPre=-$EXEC_STARTPRE\nExecStop=$EXEC_STOP\nExecStopPost=$EXEC_STOPPOST\nWorkingDirectory=$DESTDIR\nRestart=always\nMemoryMax=1G";
  assert.deepEqual(unit(harmless, "After=network-online.target\nWants=network-online.target"), []);
  for (const line of [
    "ExecStartPre=/bin/rm -rf /etc",
    "ExecStartPre=$EXEC_STARTPRE; touch /x",
    "ExecStart=+$EXEC_START",
    "ExecCondition=/bin/true",
    "Environment=LD_PRELOAD=/d/web.0/rootfs/x.so",
    "EnvironmentFile=/etc/shadow",
    "RootDirectory=/d/web.0/rootfs",
    "WorkingDirectory=/",
    "StandardOutput=file:/etc/x",
    "BusName=org.freedesktop.login1",
    "PIDFile=/etc/passwd",
    // Its output would be that of another application.
    "LogExtraFields=ATOMIC_APP=shop",
  ])
    assert.equal(unit(line).length, 1, line);
  for (const line of [
    "OnFailure=x.service",
    "Conflicts=ssh.service",
    "Wants=reboot.target",
    "Requires=a.service",
    "Before=sysinit.target",
    "After=multi-user.target",
    "DefaultDependencies=no",
  ])
    assert.equal(unit("", line).length, 1, line);
  const other = containerVariables(forced, { PIDFILE: "/run/sshd.pid" }, {});
  assert.deepEqual(unitPermissions("[Service]\nPIDFile=/run/atomic-web.pid\n", "x", other), []);
  assert.equal(unitPermissions("[Service]\nPIDFile=/run/sshd.pid\n", "x", other).length, 1);
  assert.equal(unit("[Install]\nAlias=ssh.service\nWantedBy=multi-user.target").length, 1);
  assert.equal(unit("[Socket]\nListenStream=22").length, 1);
  assert.match(
    completeUnit("[Service]\nExecStart=/x\n", "x", "/d/web.0"),
    /^Delegate=yes$[^]*^Before=.*docker\.service/m,
  );
});

test("lines of tmpfiles.d are its own directories, or asked for", () => {
  const lines = (text: string) => tmpfilesPermissions(text, (path) => path === "/run/web").length;
  assert.equal(lines("# x\nd /run/web 0700 - - -\nD /run/web\n"), 0);
  for (const line of [
    "d /etc/cron.d/x",
    "d /run/web/x",
    "L+ /run/web - - - - /etc",
    "w /run/web - - - - x",
    "R /home",
    "d+ /run/web",
    "d /run/web/../x",
  ])
    assert.equal(lines(line), 1, line);
});

test("what systemd takes for the end of a line is none within one", () => {
  for (const end of ["\r", "\0"]) {
    refused(() => tmpfilesPermissions(`# x${end}f /etc/cron.d/x`, () => true), /control characters/);
    refused(
      () => unitPermissions(`[Service]\nType=exec${end}ExecStartPre=/bin/sh`, "x", variables),
      /control characters/,
    );
  }
  const joined = "[Unit]\nDescription=x\\ \n[Service]\n";
  refused(() => unitPermissions(joined, "x", variables), /backslash before blanks/);
  assert.deepEqual(unitPermissions("[Service]\r\nType=exec\r\n", "x", variables), []);
});

test("names of volumes are no more than words of a line of tmpfiles.d", () => {
  const given = { name, rootfs: "/", stateDirectory: "/var/lib", hostNetwork: false };
  const sources = (...paths: string[]) =>
    stateDirectories(Object.fromEntries(paths.map((path) => [path, {}])), given).map(({ source }) => source);
  assert.deepEqual(sources("/data", "/srv/my_db.v2/"), ["/var/lib/web/data", "/var/lib/web/srv-my_db.v2"]);
  for (const path of ["/a\nZ %S 0777", "/%h", "/a b", "/a/../b", "data", "/"])
    refused(() => sources(path), /a volume of the image is/);
});

test("variables are the operator's, and never more than words", () => {
  refused(() => containerVariables(forced, {}, { DESTDIR: "/" }), /DESTDIR cannot be set/, "bad-variable");
  refused(() => containerVariables(forced, {}, { A: "x\nExecStartPre=/bin/sh" }), /line breaks/, "bad-variable");
  refused(() => containerVariables(forced, { "A-B": "x" }, {}), /A-B/, "bad-variable");
  refused(
    () => containerVariables(forced, { STATE_DIRECTORY: "/etc 0777 - - - x" }, {}),
    /STATE_DIRECTORY .* no plain path/,
    "bad-variable",
  );
  assert.equal(containerVariables(forced, { DESTDIR: "/", A: "1" }, { A: "2" }).get("DESTDIR"), "/d/web.0");
  assert.equal(containerVariables(forced, { A: "1" }, { A: "2" }).get("A"), "2");
  const used = new Set<string>();
  assert.equal(expandTemplate("$NAME ${NAME}x $$NAME 5$", "x", variables, used), "web webx $NAME 5$");
  refused(() => expandTemplate("$A ${B}", "x", variables, used), /no value for A, B/, "bad-variable");
  const long = containerVariables(forced, { A: "x".repeat(1 << 20) }, {});
  refused(() => expandTemplate("$A".repeat(1 << 19), "x", long, used), /x is larger than/, "bad-variable");
});

function rootfs(t: TestContext, files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), "atomic-rootfs-"));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    if (text.startsWith("->")) symlinkSync(text.slice(2), join(directory, path));
    else writeFileSync(join(directory, path), text);
  }
  return directory;
}

const noManifest = { defaultValues: {}, installedFilesTemplate: [], renameFiles: {}, noContainerService: false };
const hostFiles = (directory: string, given: Partial<typeof noManifest> = {}) =>
  readHostFiles(directory, { ...noManifest, ...given }, variables, new Set());

test("an image's links are never followed to files of the host", (t) => {
  refused(() => readExports(rootfs(t, { "exports/config.json": "->/etc/shadow" })), /symbolic link/);
  refused(() => readExports(rootfs(t, { "exports/manifest.json": "[1]" })), /not an object/);
  refused(() => readExports(rootfs(t, { "exports/manifest.json": "x".repeat((1 << 20) + 1) })), /larger/);
  assert.equal(readExports(rootfs(t, { exports: "->/etc" })).config, undefined);
  assert.deepEqual(hostFiles(rootfs(t, { exports: "->/usr" })), []);
  assert.deepEqual(hostFiles(rootfs(t, { "exports/hostfs": "->/etc" })), []);
  refused(() => findUser(rootfs(t, { "etc/passwd": "->/etc/passwd" }), "daemon"), /symbolic link/);
  refused(() => findUser(rootfs(t, { etc: "->/etc" }), "daemon"), /does not have/);
});

test("files for the host stay where they may be, overwrite nothing and follow nothing", (t) => {
  for (const path of [
    "usr/bin/x",
    "boot/x",
    "etc/systemd/system/x.service",
    "var/lib/containers/x",
    "root/x",
    "etcx/y",
  ])
    refused(() => hostFiles(rootfs(t, { [`exports/hostfs/${path}`]: "x" })), /outside of what it may bring/);
  const renamed = { "/etc/x": "/etc/../usr/bin/x" };
  refused(() => hostFiles(rootfs(t, { "exports/hostfs/etc/x": "x" }), { renameFiles: renamed }), /outside of what/);
  const source = rootfs(t, { "exports/hostfs/etc/web/x": "x", "exports/hostfs/usr/local/bin/y": "->/etc/shadow" });
  chmodSync(join(source, "exports/hostfs/etc/web/x"), 0o4755);
  const files = hostFiles(source);
  assert.deepEqual(
    files.map(({ path, mode, link }) => [path, mode, link]),
    [
      ["/etc/web/x", 0o755, undefined],
      ["/usr/local/bin/y", 0o777, "/etc/shadow"],
    ],
  );
  const host = rootfs(t, { "etc/web": "->/tmp", "usr/local/bin/y": "of somebody" });
  refused(() => placeHostFiles(host, source, files), /symbolic link/, "conflict");
  const other = rootfs(t, { "usr/local/bin/y": "of somebody" });
  assert.deepEqual(hostFileConflicts(other, files, []), ["/usr/local/bin/y is there already"]);
  assert.deepEqual(hostFileConflicts(other, files, files), []);
});

test("what an image brings to the host is counted, wherever it stands", (t) => {
  const many = rootfs(t, {});
  for (let directory = 0; directory < 3; directory++) {
    const path = join(many, `exports/hostfs/etc/web/${directory}`);
    mkdirSync(path, { recursive: true });
    for (let index = 0; index < 700; index++) symlinkSync("x", join(path, String(index)));
  }
  refused(() => hostFiles(many), /more than 2000 files/);
  const large = rootfs(t, { "exports/hostfs/etc/web/0": "x".repeat(1 << 20) });
  // As OSTree checks out equal files.
  for (let index = 1; index < 65; index++)
    linkSync(join(large, "exports/hostfs/etc/web/0"), join(large, `exports/hostfs/etc/web/${index}`));
  refused(() => hostFiles(large), /larger than 67108864 bytes/);
});

test("a volume's directory that a generation before has made a link of is not mounted", async (t) => {
  const host = rootfs(t, { "var/lib/web/data": "->/etc" });
  const generation = {
    name,
    number: 1,
    unit: "[Service]\nExecStart=/x\n",
    tmpfiles: "d /var/lib/web 0755 - - - -\nd /var/lib/web/data 0755 - - - -\n",
    hostFiles: [],
    ownDirectories: ["/var/lib/web"],
  } as unknown as SystemGeneration;
  const place = () => placeOnHost(new SystemStore(host), name, undefined, generation);
  await assert.rejects(place, /\/var\/lib\/web\/data is to be a directory .* is a symbolic link/);
  assert.equal(existsSync(join(host, "etc/systemd/system/web.service")), false);
  rmSync(join(host, "var/lib/web/data"));
  await place();
  assert.ok(lstatSync(join(host, "var/lib/web/data")).isDirectory());
  // What nothing was written to goes with it, so that it is the container's own when it comes again.
  writeFileSync(join(host, "var/lib/web/kept"), "");
  await placeOnHost(new SystemStore(host), name, generation, undefined);
  assert.deepEqual(readdirSync(join(host, "var/lib/web")), ["kept"]);
});

test("an image without a configuration has its volumes where the host has them, or asks for another place", (t) => {
  const image = {
    config: { execution: { Cmd: ["/run"], Volumes: { "/data": {} } } },
    digest: "d",
    id: "i",
    commit: "c",
  };
  const rendered = (defaultValues: object) => {
    const files = rootfs(t, { "exports/manifest.json": JSON.stringify({ defaultValues }) });
    const request: GenerationRequest = {
      name,
      image: "i",
      values: {},
      given: [],
      runtime: "/usr/sbin/runc",
      hostNetwork: false,
      before: undefined,
      progress: silent,
    };
    const store = new SystemStore(rootfs(t, {}));
    return renderGeneration(store, request, image as unknown as ContainerImage, 0, files).generation;
  };
  const { asked: nothing, tmpfiles } = rendered({});
  assert.deepEqual(nothing, []);
  // What it writes to a volume, such as setuid programs, is out of reach for users of the host.
  assert.equal(tmpfiles, "d /var/lib/web 0700 - - - -\nd /var/lib/web/data 0755 - - - -\n");
  assert.deepEqual(rendered({ STATE_DIRECTORY: "/etc" }).asked, [
    { permission: "mounts", what: "directories below /etc/web of the host, writable" },
  ]);
});
