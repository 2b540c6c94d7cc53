// SPDX-License-Identifier: Apache-2.0
/** Sealed journals of a host and a tenant, by a real journald; judged by `journalctl --verify`. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { VerifiedFile } from "../../../src/gear/index.ts";
import { startSystemd, type SystemdMachine } from "../systemd-fixture.ts";

const program = join(import.meta.dirname, "../../../src/cli/atomic.ts");
const cleanups: (() => void | Promise<void>)[] = [];
let machine: SystemdMachine;
let keys = "";

before(async () => {
  machine = await startSystemd({ after: (action) => cleanups.push(action) });
  await atomic("gear", "tenant", "add", "acme");
  await say("acme", "words from before");
});
after(async () => {
  for (const action of cleanups) await action();
});

const atomic = async (...args: string[]) => {
  const { stdout } = await machine.run(process.execPath, ["--disable-warning=ExperimentalWarning", program, ...args]);
  return stdout;
};
const say = (tenant: string, words: string) =>
  machine.run("systemd-run", ["--quiet", "--wait", "-p", `LogNamespace=${tenant}`, "/bin/echo", words]);

async function verify(directory: string, given = keys): Promise<VerifiedFile[]> {
  writeFileSync(join(machine.root, "run/keys"), given, { mode: 0o600 });
  const command = `exec "$@" --keys=- </run/keys`;
  const args = [program, "gear", "journal", "verify", "--json", `--directory=${directory}`];
  const node = [process.execPath, "--disable-warning=ExperimentalWarning", ...args];
  const { stdout, stderr } = await machine.run("sh", ["-c", command, "sh", ...node], [0, 1]);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as VerifiedFile[];
}

const copyTo = (directory: string) => machine.run("cp", ["-a", "/var/log/journal", directory]);
const active = (files: readonly VerifiedFile[], journal: string) =>
  files.find((file) => file.journal === journal && file.path.endsWith("/system.journal"))!;

test("the journals of the host and of a tenant are sealed, each with a key that stays nowhere on the host", async () => {
  keys = await atomic("gear", "journal", "seal", "--interval=2s");
  assert.match(keys, /^host \S+\nacme \S+\n$/);
  assert.equal(await atomic("gear", "journal", "seal"), "");
  const since = Date.now();
  // Both journalds bring their keys forward at the same time.
  for (let round = 0; round < 6; round++) {
    await machine.run("logger", [`round ${round} of the host`]);
    await say("acme", `round ${round} of a tenant`);
    await sleep(1500);
  }
  const files = await verify("/var/log/journal");
  assert.deepEqual(
    files.filter(({ state }) => state === "failed"),
    [],
  );
  for (const journal of ["host", "acme"]) {
    const { state, sealed } = active(files, journal);
    assert.equal(state, "verified");
    assert.ok(sealed !== undefined && sealed.from <= since + 2000 && sealed.to > since, JSON.stringify(sealed));
  }
  assert.ok(
    files.some(({ journal, state }) => journal === "acme" && state === "unsealed"),
    "that of before",
  );
  for (const line of keys.trim().split("\n")) {
    const [journal = "", key = ""] = line.split(" ");
    const path = active(files, journal).path;
    const { stderr } = await machine.run("journalctl", ["--verify", `--verify-key=${key}`, `--file=${path}`]);
    assert.match(stderr, /=> Validated from/);
    const found = await machine.run(
      "grep",
      ["-rlF", key.split("/")[0]!, "/etc", "/var/lib", "/var/log", "/root"],
      [0, 1],
    );
    assert.equal(found.stdout, "");
  }
});

test("a key is told once it is made, also when the tenant's journald does not start with it", async () => {
  await atomic("gear", "tenant", "add", "late");
  await machine.run("systemctl", ["mask", "systemd-journald@late.service"]);
  const args = ["--disable-warning=ExperimentalWarning", program, "gear", "journal", "seal", "--interval=2s"];
  const { stdout, stderr } = await machine.run(process.execPath, args, [1]);
  assert.match(stdout, /^late \S+\n$/);
  assert.match(stderr, /late is not sealed before its journald starts anew: .*masked/);
  await machine.run("systemctl", ["unmask", "systemd-journald@late.service"]);
  await atomic("gear", "tenant", "delete", "late");
});

test("without keys it is told that they are missing; with those of another journal nothing verifies", async () => {
  assert.equal(active(await verify("/var/log/journal", ""), "acme").state, "no-key");
  const [host = "", acme = ""] = keys
    .trim()
    .split("\n")
    .map((line) => line.split(" ")[1]!);
  const files = await verify("/var/log/journal", `host ${acme}\nacme ${host}\n`);
  for (const journal of ["host", "acme"]) assert.equal(active(files, journal).state, "failed");
  await assert.rejects(verify("/var/log/journal", `host ${acme.slice(3)}!\n`), (error: Error) => {
    assert.match(error.message, /line 1 of the verification keys/);
    return !error.message.includes(acme.slice(3));
  });
});

test("a changed word shows, and so does a whole file that somebody else wrote", async () => {
  await copyTo("/root/changed");
  const changed = active(await verify("/root/changed"), "acme").path;
  const path = join(machine.root, changed);
  const bytes = readFileSync(path);
  const at = bytes.indexOf("MESSAGE=round 2 of a tenant");
  assert.ok(at > 0);
  bytes.write("MESSAGE=round 9 of a tenant", at);
  writeFileSync(path, bytes);
  const after = await verify("/root/changed");
  assert.deepEqual([active(after, "acme").state, active(after, "host").state], ["failed", "verified"]);

  await copyTo("/root/forged");
  const forged = active(await verify("/root/forged"), "acme").path;
  const script = `journalctl --file="$1" -o export -g "round [13]" >/run/entries; rm "$1"
    /lib/systemd/systemd-journal-remote --split-mode=none --output="$1" - </run/entries`;
  await machine.run("sh", ["-ec", script, "sh", forged]);
  const { state, reason } = active(await verify("/root/forged"), "acme");
  assert.deepEqual([state, reason], ["failed", "it has no seals, though it was begun after sealing was"]);
});

test("a tenant that is deleted leaves no key", async () => {
  await machine.run("systemctl", ["stop", "systemd-journald@acme.service"]);
  await atomic("gear", "tenant", "delete", "acme");
  assert.deepEqual(readdirSync(join(machine.root, "var/lib/atomic/gear/journal-keys")), []);
  const fss = execFileSync("find", [join(machine.root, "var/log/journal"), "-name", "fss"], { encoding: "utf8" });
  assert.equal(fss.trim().split("\n").length, 1);
  assert.equal(lstatSync(fss.trim()).mode & 0o007, 0);
});
