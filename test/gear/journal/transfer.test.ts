// SPDX-License-Identifier: Apache-2.0
/** Journals of two hosts on a collector: three real systemds that reach each other, with stock systemd-journal-upload and -remote. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { UploadReport } from "../../../src/gear/index.ts";
import { startSystemd, type SystemdMachine } from "../systemd-fixture.ts";
import { makeAuthority, makeCertificate } from "./certificates.ts";

const checkout = join(import.meta.dirname, "../../..");
/** Where units find the checkout also when it is below /tmp, of which the receiver has its own. */
const place = "/srv";
const placed = (path: string) => (path.startsWith(`${checkout}/`) ? join(place, relative(checkout, path)) : path);
const program = placed(join(checkout, "src/cli/atomic.ts"));
const cleanups: (() => void | Promise<void>)[] = [];
const pki = mkdtempSync(join(tmpdir(), "atomic-journal-"));
let [collector, web1, web2]: SystemdMachine[] = [];

before(async () => {
  const start = () => startSystemd({ after: (action) => cleanups.push(action) }, { mounts: { [place]: checkout } });
  [collector, web1, web2] = await Promise.all([start(), start(), start()]);
  makeAuthority(pki, "ca");
  makeAuthority(pki, "stranger");
  makeCertificate(pki, "logs", { authority: "ca", host: "logs.example" });
  makeCertificate(pki, "web1", { authority: "ca", host: "web1.example" });
  makeCertificate(pki, "web2", { authority: "ca", host: "web2.example" });
  makeCertificate(pki, "intruder", { authority: "stranger", host: "web1.example" });
  makeCertificate(pki, "late", { authority: "ca", host: "web2.example", days: -1 });
  for (const machine of [collector!, web1!, web2!]) await equip(machine);
  await connect(web1!, 1);
  await connect(web2!, 2);
});
after(async () => {
  for (const action of cleanups) await action();
  rmSync(pki, { recursive: true, force: true });
});

async function equip(machine: SystemdMachine): Promise<void> {
  const call = `#!/bin/sh\nexec ${placed(process.execPath)} --disable-warning=ExperimentalWarning ${program} "$@"\n`;
  writeFileSync(join(machine.root, "usr/bin/atomic"), call, { mode: 0o755 });
  cpSync(pki, join(machine.root, "root/pki"), { recursive: true });
  // So that the host's own journal is kept, as that of a host is.
  await machine.run("sh", ["-c", "mkdir -p /var/log/journal && journalctl --flush"]);
}

/** A cable from a host to the collector. */
async function connect(machine: SystemdMachine, number: number): Promise<void> {
  const [here, there] = [`10.88.${number}.1`, `10.88.${number}.2`];
  const [port, peer] = [`up${number}-${machine.pid}`, `down${number}-${machine.pid}`];
  execFileSync("ip", ["link", "add", port, "type", "veth", "peer", "name", peer]);
  execFileSync("ip", ["link", "set", port, "netns", String(machine.pid)]);
  execFileSync("ip", ["link", "set", peer, "netns", String(collector!.pid)]);
  for (const [one, device, address] of [[machine, port, there] as const, [collector!, peer, here] as const]) {
    await one.run("ip", ["address", "add", `${address}/24`, "dev", device]);
    await one.run("ip", ["link", "set", device, "up"]);
  }
  appendFileSync(join(machine.root, "etc/hosts"), `${here} logs.example\n`);
}

const atomic = (machine: SystemdMachine, args: readonly string[], accept: readonly number[] = [0]) =>
  machine.run("atomic", args, accept);
const paths = (name: string, trust = "ca") => [
  `--key=/root/pki/${name}.key`,
  `--certificate=/root/pki/${name}.pem`,
  `--trust=/root/pki/${trust}.pem`,
];
const upload = (machine: SystemdMachine, name: string, accept: readonly number[] = [0], trust = "ca") =>
  atomic(machine, ["gear", "journal", "upload", "https://logs.example", ...paths(name, trust), "--json"], accept);

/** What a unit of an application of a tenant says, with the fields that its units have. */
function say(machine: SystemdMachine, namespace: string | undefined, words: string) {
  const fields = [
    "ATOMIC_APP=shop",
    "ATOMIC_COMPONENT=web",
    ...(namespace === undefined ? [] : [`ATOMIC_TENANT=${namespace}`]),
  ];
  const own = namespace === undefined ? [] : ["-p", `LogNamespace=${namespace}`];
  const said = fields.flatMap((field) => ["-p", `LogExtraFields=${field}`]);
  return machine.run("systemd-run", ["--quiet", "--wait", ...said, ...own, "/bin/echo", words]);
}

const remote = "/var/log/journal/remote";
const received = async (...match: string[]) =>
  (await collector!.run("journalctl", ["-q", "-o", "cat", `--directory=${remote}`, ...match], [0, 1])).stdout;

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await done()); tries++) {
    assert.ok(tries < 300, what);
    await sleep(300);
  }
}
const arrives = (words: string, ...match: string[]) =>
  until(`${words} arrives`, async () => (await received(...match)).split("\n").includes(words));

test("keys and certificates that cannot work are refused before anything is set up", async () => {
  const refused: [args: string[], told: RegExp][] = [
    [["http://logs.example", ...paths("web1")], /gear-bad-collector.*not https/],
    [["https://logs.example/x", ...paths("web1")], /gear-bad-collector/],
    [["https://logs.$HOME", ...paths("web1")], /gear-bad-collector/],
    [["https://logs.example", ...paths("none")], /gear-bad-certificate.*none\.pem cannot be read/],
    [
      ["https://logs.example", ...paths("late")],
      /gear-bad-certificate.*\(O=Example, CN=web2\.example\) that expired on/,
    ],
    [
      ["https://logs.example", "--key=/root/pki/web2.key", ...paths("web1").slice(1)],
      /gear-bad-certificate.*web2\.key is not the key of .*web1\.pem/,
    ],
    [
      ["https://logs.example", "--key=/root/pki/none.key", ...paths("web1").slice(1)],
      /gear-bad-certificate.*none\.key cannot be read/,
    ],
    [["https://logs.example", ...paths("web1").slice(0, 2)], /cli-usage.*--trust is missing/],
  ];
  for (const [args, told] of refused) {
    const { stderr } = await atomic(web1!, ["gear", "journal", "upload", ...args], [1, 2]);
    assert.match(stderr, told);
  }
  await web1!.run("chmod", ["644", "/root/pki/web1.key"]);
  const { stderr } = await upload(web1!, "web1", [1]);
  assert.match(stderr, /gear-bad-certificate.*can be read by everybody\n.*chmod 600/);
  await web1!.run("chmod", ["600", "/root/pki/web1.key"]);
  assert.equal((await web1!.run("systemctl", ["is-enabled", "systemd-journal-upload"], [1])).stdout.trim(), "disabled");
});

test("journals of two hosts and their tenants arrive, each in the host's own files, with all fields", async () => {
  await say(web1!, "acme", "words before the upload");
  await atomic(collector!, ["gear", "journal", "receive", ...paths("logs")]);
  for (const [machine, name] of [[web1!, "web1"] as const, [web2!, "web2"] as const]) {
    const report = JSON.parse((await upload(machine, name)).stdout) as UploadReport;
    assert.deepEqual([report.refused, report.name], [undefined, `${name}.example`]);
  }
  await arrives("words before the upload", "ATOMIC_TENANT=acme");
  await say(web1!, undefined, "words of the host web1");
  await say(web2!, "acme", "words of a tenant on web2");
  await arrives("words of the host web1");
  await arrives("words of a tenant on web2");
  assert.deepEqual(readdirSync(join(collector!.root, remote)).sort(), [
    "remote-web1.example+acme.journal",
    "remote-web1.example.journal",
    "remote-web2.example+acme.journal",
    "remote-web2.example.journal",
  ]);
  const { stdout } = await atomic(collector!, [
    "gear",
    "logs",
    "shop",
    "--tenant=acme",
    "--from=web2.example",
    "--output=json",
  ]);
  const [entry, ...more] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, string>);
  assert.equal(more.length, 0);
  const machineId = (await web2!.run("cat", ["/etc/machine-id"])).stdout.trim();
  assert.deepEqual(
    ["MESSAGE", "_NAMESPACE", "_MACHINE_ID", "ATOMIC_COMPONENT"].map((field) => entry![field]),
    ["words of a tenant on web2", "acme", machineId, "web"],
  );
  const merged = (await atomic(collector!, ["gear", "logs", "shop", "--merge", "--output=cat"])).stdout;
  for (const words of ["words of the host web1", "words of a tenant on web2"]) assert.ok(merged.includes(words));
  const { stderr } = await atomic(collector!, ["gear", "logs", "--from=web3.example"], [1]);
  assert.match(stderr, /gear-no-logs.*web3\.example[^]*did you mean web1\.example or web2\.example/);
});

test("without a certificate, or with one of somebody else, nothing is taken; nor does a host send to a stranger", async () => {
  const url = "https://logs.example:19532/upload";
  const entry =
    "__REALTIME_TIMESTAMP=1700000000000000\n__MONOTONIC_TIMESTAMP=1\n_BOOT_ID=00000000000000000000000000000001\nMESSAGE=forged\n\n";
  writeFileSync(join(web2!.root, "root/forged"), entry);
  const post = (...more: string[]) =>
    web2!.run(
      "curl",
      [
        "-sS",
        "--cacert",
        "/root/pki/ca.pem",
        "-H",
        "Content-Type: application/vnd.fdo.journal",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "--data-binary",
        "@/root/forged",
        ...more,
      ],
      [0, 35, 52, 55, 56],
    );
  const own = (name: string) => ["--cert", `/root/pki/${name}.pem`, "--key", `/root/pki/${name}.key`];
  assert.notEqual((await post(url)).code, 0);
  assert.notEqual((await post(url, ...own("intruder"))).code, 0);
  for (const path of ["/", "/a/b/upload", "/..%2fx/upload", "/-/upload"])
    assert.equal((await post(`https://logs.example:19532${path}`, ...own("web2"), "--path-as-is")).stdout, "404", path);
  assert.equal((await post(url, ...own("web2"))).stdout, "202");
  assert.equal((await received("MESSAGE=forged")).trim(), "forged");
  const { stdout } = await collector!.run("journalctl", [
    "-q",
    "-o",
    "cat",
    "--file",
    `${remote}/remote-web2.example.journal`,
    "MESSAGE=forged",
  ]);
  assert.equal(stdout.trim(), "forged");

  const { refused } = JSON.parse((await upload(web2!, "intruder", [1])).stdout) as UploadReport;
  assert.ok(refused !== undefined);
  const stranger = JSON.parse((await upload(web2!, "web2", [1], "stranger")).stdout) as UploadReport;
  assert.match(stranger.refused ?? "", /certificate/);
  await say(web2!, undefined, "words for a stranger");
  await sleep(2000);
  assert.equal(await received("MESSAGE=words for a stranger"), "");
  // They were not sent, and are not lost.
  await upload(web2!, "web2");
  await arrives("words for a stranger");
});

test("what is said while the collector is away arrives when it is back, once", async () => {
  const stop = (unit: string) => collector!.run("systemctl", ["stop", unit]);
  await stop("atomic-gear-journal-receive.socket");
  await stop("atomic-gear-journal-receive.service");
  for (const number of [1, 2, 3]) await say(web1!, "acme", `words ${number} to nobody`);
  await say(web1!, undefined, "words 4 to nobody");
  await sleep(1500);
  await collector!.run("systemctl", ["start", "atomic-gear-journal-receive.socket"]);
  for (const number of [1, 2, 3, 4]) await arrives(`words ${number} to nobody`);
  // Ended in the middle, which no collector says goodbye for.
  await collector!.run("systemctl", ["kill", "-s", "KILL", "atomic-gear-journal-receive.service"]);
  await say(web1!, "acme", "words 5 to nobody");
  await arrives("words 5 to nobody");
  const all = (await received("_NAMESPACE=acme")).split("\n").filter((line) => /^words \d to nobody$/.test(line));
  assert.deepEqual(all, ["words 1 to nobody", "words 2 to nobody", "words 3 to nobody", "words 5 to nobody"]);
});

test("a host's journals stay within their limit", async () => {
  await atomic(collector!, ["gear", "journal", "receive", ...paths("logs"), "--max-use=64M"]);
  const old = join(
    collector!.root,
    remote,
    `remote-web1.example@${"0".repeat(32)}-${"0".repeat(16)}-${"1".repeat(16)}.journal`,
  );
  const other = old.replace("web1", "web10");
  for (const path of [old, other]) writeFileSync(path, Buffer.alloc(64 << 20, 1));
  await say(web1!, undefined, "words that make no room");
  await arrives("words that make no room");
  // An entry can be read before its batch has ended, after which room is made.
  await until("the oldest file goes", async () => !existsSync(old));
  assert.ok(existsSync(other), "another host's are its own matter");
});

test("both ends stop and leave nothing behind but what came", async () => {
  await atomic(web1!, ["gear", "journal", "upload", "--stop"]);
  await atomic(collector!, ["gear", "journal", "receive", "--stop"]);
  for (const machine of [web1!, collector!]) {
    const { stdout } = await machine.run("systemctl", [
      "list-units",
      "--plain",
      "--no-legend",
      "*journal-upload*",
      "*journal-receive*",
    ]);
    assert.equal(stdout, "");
    assert.deepEqual(
      readdirSync(join(machine.root, "etc/systemd/system"), { recursive: true }).filter((name) =>
        /journal/.test(String(name)),
      ),
      [],
    );
  }
  assert.ok((await received("ATOMIC_APP=shop")).includes("words of the host web1"));
});
