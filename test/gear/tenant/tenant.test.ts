// SPDX-License-Identifier: Apache-2.0
/** The verbs on a file tree that stands for a host's. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test, type TestContext } from "node:test";
import { getXattr, setXattr } from "../../../src/base/index.ts";
import { addTenant, createVolume, labelVolume, type Name, parseName, TenantStore } from "../../../src/gear/index.ts";

const atomic = resolve(import.meta.dirname, "../../../src/cli/atomic.ts");
const options = { skip: process.getuid?.() !== 0 && "only root labels files" };

interface Host {
  readonly root: string;
  run(...args: string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  add(name: string): Promise<{ categories: [number, number]; users: { first: number; count: number } }>;
}

function host(t: TestContext): Host {
  const root = mkdtempSync(join(tmpdir(), "atomic-tenant-"));
  t.after(() => rmSync(root, { recursive: true }));
  const run: Host["run"] = async (...args) => {
    const command = ["--disable-warning=ExperimentalWarning", atomic, "gear", "tenant", ...args, "--root", root];
    const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr] = [child.stdout.toArray(), child.stderr.toArray()];
    const code = await new Promise<number>((done) => child.on("close", (status) => done(status ?? -1)));
    return { code, stdout: (await stdout).join(""), stderr: (await stderr).join("") };
  };
  const add: Host["add"] = async (name) => {
    const { code, stdout, stderr } = await run("add", name, "--json");
    assert.equal(code, 0, stderr);
    return (JSON.parse(stdout) as { tenant: Awaited<ReturnType<Host["add"]>> }).tenant;
  };
  return { root, run, add };
}

const level = ({ categories }: { categories: [number, number] }) => `s0:c${categories.join(",c")}`;

test("tenants that are made at the same time have nothing in common", async (t) => {
  const { run, add } = host(t);
  const names = ["acme", "globex", "initech", "umbrella"];
  const tenants = await Promise.all(names.map((name) => add(name)));
  assert.equal(new Set(tenants.map(level)).size, names.length);
  assert.equal(new Set(tenants.map(({ users }) => users.first)).size, names.length);
  const { stdout } = await run("list");
  assert.match(stdout, /^acme {6}s0:c\d+,c\d+ +users 6\d{8}-6\d{8}$/m);
  assert.equal(stdout.trim().split("\n").length, names.length);
});

test("limits are written for systemd, and change without anything else", async (t) => {
  const { root, run } = host(t);
  await run("add", "a-b", "--memory", "512M", "--cpus", "1.5", "--pids-limit", "100", "--journal-max-use", "64M");
  const slice = () => readFileSync(join(root, "etc/systemd/system/tenant-a\\x2db.slice"), "utf8");
  assert.match(slice(), /^MemoryMax=536870912\nCPUQuota=150%\nTasksMax=100$/m);
  assert.match(readFileSync(join(root, "etc/systemd/journald@a-b.conf"), "utf8"), /^SystemMaxUse=67108864$/m);
  const { stdout } = await run("add", "a-b", "--memory", "1G");
  assert.match(stdout, /^Tenant a-b has other limits now/);
  assert.match(slice(), /MemoryMax=1073741824\nCPUQuota=150%/);
  assert.match((await run("add", "a-b")).stdout, /^Tenant a-b is as it was/);
  for (const [option, value] of [
    ["--memory", "1\nX=1"],
    ["--cpus", "0"],
    ["--cpu-weight", "1.5"],
    ["--pids-limit", "-1"],
  ]) {
    const { code, stderr } = await run("add", "a-b", `${option}=${value}`);
    assert.equal(code, 2, stderr);
  }
  assert.match((await run("add", "../x")).stderr, /bad-name/);
});

test("volumes have the tenant's label and root from the start", options, async (t) => {
  const { root, run, add } = host(t);
  const acme = await add("acme");
  const { stdout } = await run("volume", "acme", "data");
  const path = stdout.trim();
  assert.equal(path, join(root, "var/lib/atomic/gear/tenants/acme/volumes/data"));
  const { uid, gid, mode } = statSync(path);
  assert.deepEqual([uid, gid, mode & 0o777], [acme.users.first, acme.users.first, 0o700]);
  assert.equal(getXattr(path, "security.selinux")?.toString(), `system_u:object_r:container_file_t:${level(acme)}\0`);

  writeFileSync(join(path, "file"), "");
  setXattr(join(path, "file"), "security.selinux", Buffer.from("system_u:object_r:container_file_t:s0\0"));
  const drifted = await run("show", "acme");
  assert.equal(drifted.code, 1);
  assert.match(drifted.stdout, /Open to others: .*data\/file has the label system_u:object_r:container_file_t:s0$/m);
  assert.match((await run("label", "acme")).stdout, /data: 1 of 2 files labelled/);
  assert.equal((await run("show", "acme")).code, 0);
});

test("a deleted tenant's level and users are kept from others while it has files", options, async (t) => {
  const { run, add } = host(t);
  const acme = await add("acme");
  await run("volume", "acme", "data");
  const kept = await run("delete", "acme");
  assert.match(kept.stdout, /stay its own while it has files:\n.*volumes\/data: 1 files/);
  assert.match((await run("list")).stdout, /deleted/);
  assert.match((await run("show", "acme")).stderr, /no-tenant/);
  const other = await add("globex");
  assert.notEqual(other.users.first, acme.users.first);
  assert.deepEqual(level(await add("acme")), level(acme), "by the same name it has again what it had");

  assert.equal((await run("delete", "acme", "--volumes")).stdout, "Tenant acme was deleted.\n");
  assert.doesNotMatch((await run("list")).stdout, /acme/);
  assert.equal((await add("initech")).users.first, acme.users.first, "what nothing on the disk has is free");
});

test("what is the system's or another tenant's is not labelled", options, (t) => {
  const { root } = host(t);
  const store = new TenantStore(root);
  const [acme, globex] = ["acme", "globex"].map((name) => parseName(name, "a tenant"));
  for (const name of [acme!, globex!]) addTenant(store, name, {}, { levels: new Set(), users: [] });
  for (const path of ["etc/x", "usr/share/x", "var/lib/x", "srv/acme/sub", "srv/globex"])
    mkdirSync(join(root, path), { recursive: true });
  symlinkSync("/etc", join(root, "srv/link"));
  createVolume(store, acme!, acme!);
  const label = (tenant: Name, path: string) => () => labelVolume(store, tenant, join(root, path));
  assert.equal(label(acme!, "srv/acme")().files, 2);
  for (const path of [
    "",
    "etc",
    "etc/x",
    "usr/share/x",
    "var",
    "var/lib",
    "srv",
    "srv/link",
    "var/lib/atomic/gear/tenants",
  ])
    assert.throws(label(acme!, path), { code: "gear-not-a-volume" }, path);
  for (const path of ["srv/acme", "srv/acme/sub", "var/lib/atomic/gear/tenants/acme/volumes/acme"])
    assert.throws(label(globex!, path), { code: "gear-not-a-volume" }, path);
  assert.equal(label(globex!, "var/lib/x")().files, 1);
  assert.throws(label(parseName("nobody", "a tenant"), "srv/globex"), { code: "gear-no-tenant" });
});

test("users and levels that the host has in use already are not given out", options, async (t) => {
  const first = host(t);
  const acme = await first.add("acme");
  const { root, add } = host(t);
  mkdirSync(join(root, "etc"));
  writeFileSync(join(root, "etc/subuid"), `# comment\nalice:${acme.users.first}:65536\n`);
  writeFileSync(join(root, "etc/subgid"), `alice:${acme.users.first + 65536}:1\n`);
  mkdirSync(join(root, "proc/7/attr"), { recursive: true });
  writeFileSync(join(root, "proc/7/attr/current"), `system_u:system_r:container_t:${level(acme)}\0`);
  const again = await add("acme");
  assert.notEqual(level(again), level(acme));
  assert.equal(again.users.first, acme.users.first + 2 * 65536);

  const volume = join(root, "var/lib/containers/storage/volumes/data/_data");
  mkdirSync(volume, { recursive: true });
  const globex = await first.add("globex");
  setXattr(volume, "security.selinux", Buffer.from(`system_u:object_r:container_file_t:${level(globex)}\0`));
  assert.notEqual(level(await add("globex")), level(globex));
});

test("a damaged table gives nobody what another one may have", async (t) => {
  const { root, run, add } = host(t);
  await add("acme");
  writeFileSync(join(root, "var/lib/atomic/gear/tenants/tenants.json"), '{"version":1,"tenants":[');
  for (const args of [["add", "globex"], ["list"], ["delete", "acme"]])
    assert.match((await run(...args)).stderr, /bad-tenants/);
});
