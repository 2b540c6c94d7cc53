// SPDX-License-Identifier: Apache-2.0
/**
 * The host's D-Bus service as an operating system runs it: started by the system bus, polkitd deciding, systemd confining it,
 * upgrading the machine, ending when idle; then the timer of automatic updates, which waits for its window and reboots in it. In this order: tests go on where the one before left the machine.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Machine } from "../../src/image/index.ts";
import type { RunningServer } from "../../src/ostree/index.ts";
import { osPath, service, sysrootPath, transactionClient } from "../host/service/bus-fixture.ts";
import { deployments, type Fixture, journal, makeFixture, publish, serve, start } from "./fixture.ts";

let fixture: Fixture;
let machine: Machine;
let server: RunningServer;

/** Not that of the other boot tests, which may run at the same time. */
const port = 8440;
const root = join(import.meta.dirname, "../..");

const shipped = [
  ["systemd/atomic-host.service", "systemd/system/atomic-host.service"],
  ["systemd/atomic-update.service", "systemd/system/atomic-update.service"],
  ["systemd/atomic-update.timer", "systemd/system/atomic-update.timer"],
  [`dbus-1/system-services/${service}.service`, "../share/dbus-1/system-services/"],
  [`dbus-1/system.d/${service}.conf`, "../share/dbus-1/system.d/"],
  [`polkit-1/actions/${service}.policy`, "../share/polkit-1/actions/"],
];

/** The example host with the service, polkit and a client of libdbus; the second release has a package more. */
function treefiles(directory: string): Promise<readonly [string, string]> {
  const files = shipped.map(([from, to]) => {
    const target = join("/usr/lib", to!, to!.endsWith("/") ? from!.split("/").at(-1)! : "");
    return `  - [${join(root, "system", from!)}, ${target.replace(/\/$/, "")}]\n`;
  });
  const [first, second] = [join(directory, "first.yaml"), join(directory, "second.yaml")];
  writeFileSync(
    first,
    `include: ${join(root, "examples/debian-container-host.yaml")}
packages: [polkitd, python3-dbus, python3-gi]
add-files:
${files.join("")}units: [atomic-update.timer]
`,
  );
  writeFileSync(second, "include: first.yaml\npackages: [tree]\n");
  return Promise.resolve([first, second]);
}

before(async () => {
  fixture = await makeFixture(treefiles, port);
  server = await serve(fixture.repo.path, port);
  machine = await start({ disk: fixture.disk, snapshot: true, unsafe: true });
  assert.equal(await machine.waitForBoot(1200), "running", await output("systemctl --failed --no-pager"));
});

after(async () => {
  await machine?.stop();
  await server?.close();
  fixture?.[Symbol.dispose]();
});

async function output(script: string, accept: readonly number[] | "any" = [0]): Promise<string> {
  return (await machine.run(script, { timeoutSeconds: 1200, accept })).output.trim();
}

const unit = "atomic-host.service";
const property = (name: string, of = unit) => output(`systemctl show -P ${name} ${of}`);
const call = (words: string) => `busctl --timeout=120 call ${service} ${osPath} ${service}.OS ${words}`;
const asUser = (command: string) => `setpriv --reuid=nobody --regid=nogroup --clear-groups ${command} 2>&1`;
const cleanup = call("Cleanup as 1 base");
const upgrade = call('Upgrade "a{sv}" 0');

test("the bus starts the service when it is called", async () => {
  assert.equal(await property("ActiveState"), "inactive");
  const version = await output(`busctl --timeout=120 get-property ${service} ${sysrootPath} ${service}.Sysroot Booted`);
  assert.equal(version, `o "${osPath}"`);
  assert.equal(await property("ActiveState"), "active");
});

test("a user without rights may look, but is refused what changes the host; root is not", async () => {
  const looks = `busctl --timeout=120 get-property ${service} ${sysrootPath} ${service}.Sysroot Path`;
  assert.equal(await output(asUser(looks)), 's "/"');
  assert.match(await output(asUser(upgrade), [1]), /Access denied/);
  assert.match(await output(asUser(cleanup), [1]), /Access denied/);
  assert.equal(await property("ActiveState", "polkit.service"), "active");
  assert.match(await output(cleanup), /^s "unix:path=\/run\/atomic\/transaction-/);
});

test("a rule of polkit's gives a user one of the rights", async () => {
  const rule = `polkit.addRule(function (action, subject) {
  if (action.id == "${service}.cleanup") return polkit.Result.YES;
});`;
  await output(
    `cat > /etc/polkit-1/rules.d/10-test.rules <<'END'\n${rule}\nEND\nrestorecon -R /etc/polkit-1; systemctl restart polkit.service`,
  );
  assert.match(await output(asUser(cleanup)), /^s "unix:path=/);
  assert.match(await output(asUser(upgrade), [1]), /Access denied/);
});

test("systemd confines it", async () => {
  const status = await output(`cat /proc/$(systemctl show -P MainPID ${unit})/status`);
  assert.match(status, /^NoNewPrivs:\t1$/m);
  assert.match(status, /^Seccomp:\t2$/m);
  const bounding = BigInt(`0x${/^CapBnd:\t([0-9a-f]+)$/m.exec(status)![1]}`);
  // CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_PTRACE, CAP_SYS_BOOT, CAP_SYS_TIME (capabilities(7))
  for (const capability of [16n, 17n, 19n, 22n, 25n]) assert.equal((bounding >> capability) & 1n, 0n);
  const inside = `nsenter -m -t $(systemctl show -P MainPID ${unit}) sh -c`;
  assert.match(await output(`${inside} 'touch /etc/x' 2>&1`, [1]), /Read-only file system/);
  assert.match(await output(`${inside} 'ls -A /root /home'`), /^\/home:\s+\/root:$/);
  const told = await output(`systemd-analyze security --no-pager ${unit}`);
  const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(told)?.[1]);
  assert.ok(exposure < 5, told);
});

test("sandboxes for scripts of packages can be made in it", async () => {
  const unshare = "--unshare-pid --unshare-net --unshare-uts --unshare-ipc --unshare-cgroup-try";
  const sandbox = `/usr/bin/bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp ${unshare} /bin/true`;
  await output(`sed -e 's,^ExecStart=.*,ExecStart=${sandbox},' -e 's,^Type=.*,Type=oneshot,' -e '/^BusName/d' \
    /usr/lib/systemd/system/${unit} >/run/systemd/system/sandbox.service
    systemctl daemon-reload; systemctl start sandbox.service || { ${journal("-u sandbox.service")}; exit 1; }`);
});

test("it upgrades the machine, in less than 150 MB", async () => {
  publish(fixture, fixture.second);
  const client = Buffer.from(transactionClient).toString("base64");
  const words = `${osPath} ${service}.OS Upgrade 'a{sv}' '(dbus.Dictionary({}, signature="sv"),)'`;
  const told = await output(`echo ${client} | base64 -d >/run/client.py; python3 /run/client.py ${words}`);
  assert.match(told, /"Finished", (1|true), ""\]/, told);
  const [next] = await deployments(machine);
  assert.deepEqual([next?.version, next?.staged], [fixture.second.version, true]);
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(await output(`cat /proc/$(systemctl show -P MainPID ${unit})/status`))![1];
  assert.ok(Number(peak) < 150 * 1024, `${peak} kB`);
  await output("atomic host cleanup --pending");
});

test("it ends when nobody uses it, and is started again", async () => {
  const pid = await property("MainPID");
  await output(`for i in $(seq 300); do systemctl -q is-active ${unit} || break; sleep 1; done`);
  assert.deepEqual([await property("ActiveState"), await property("Result")], ["inactive", "success"]);
  await output(`busctl --timeout=120 get-property ${service} ${sysrootPath} ${service}.Sysroot Path`);
  assert.notEqual(await property("MainPID"), pid);
});

const configure = (text: string) =>
  output(`mkdir -p /etc/atomic
    printf '[Updates]\nPolicy=apply\nTimeZone=UTC\n${text}' >/etc/atomic/updates.conf`);

test("the timer stages an update, and arms another for the window in which the machine may reboot", async () => {
  const [opens, closes] = (await output("date -u -d '+6 hours' +%H:00; date -u -d '+7 hours' +%H:00")).split("\n");
  await configure(`Windows=${opens}-${closes}\n`);
  const soon = "[Timer]\nOnBootSec=\nOnActiveSec=1s\nRandomizedDelaySec=0\n";
  await output(`d=/run/systemd/system/atomic-update.timer.d; mkdir -p $d; printf '${soon}' >$d/soon.conf
    ended() { systemctl show -P ExecMainExitTimestampMonotonic atomic-update.service; }
    before=$(ended); systemctl daemon-reload; systemctl restart atomic-update.timer
    for i in $(seq 600); do [ "$(ended)" != "$before" ] && break; sleep 1; done`);
  const told = await output(journal("-u atomic-update.service"));
  assert.equal(await property("Result", "atomic-update.service"), "success", told);
  const [next] = await deployments(machine);
  assert.deepEqual([next?.version, next?.staged], [fixture.second.version, true], told);
  const armed = await property("NextElapseUSecRealtime", "atomic-update-reboot.timer");
  assert.ok(armed.includes(` ${opens}:00 UTC`), `${armed}\n${told}`);
});

test("in the window a program may hold the reboot back; then the machine boots the new version by itself", async () => {
  await configure("Windows=00:00-24:00\nRetrySec=60\n");
  const hook = "#!/bin/sh\n[ -e /run/ready ] || { echo backup; exit 1; }\n";
  const armed = await output(`mkdir -p /etc/atomic/reboot.d; printf '${hook}' >/etc/atomic/reboot.d/10-backup
    chmod +x /etc/atomic/reboot.d/10-backup; systemctl stop atomic-update-reboot.timer
    systemctl start atomic-update.service; systemctl show -P ActiveState atomic-update-reboot.timer`);
  const told = await output(journal("-u atomic-update.service"));
  assert.equal(armed, "active", told);
  assert.match(told, /Not rebooting now: .*10-backup: backup/);
  machine.forgetConsole();
  await output("touch /run/ready");
  await machine.waitForConsole(/ login: /, 1200);
  assert.equal(await machine.waitForBoot(1200), "running", await output("systemctl --failed --no-pager"));
  const [now] = await deployments(machine);
  assert.deepEqual([now?.version, now?.booted], [fixture.second.version, true]);
});
