// SPDX-License-Identifier: Apache-2.0
/** Logs by the command line on a real systemd and podman, with a tenant's journal beside the host's; judged by journalctl. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { importImage, usePodman } from "../podman-fixture.ts";
import { startSystemd, type SystemdMachine } from "../systemd-fixture.ts";

const program = join(import.meta.dirname, "../../../src/cli/atomic.ts");
const cleanups: (() => void | Promise<void>)[] = [];
let machine: SystemdMachine;

const loud =
  "#!/bin/sh\ni=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; sleep 3; echo loud again; exec sleep 100000\n";

before(async () => {
  machine = await startSystemd({ after: (action) => cleanups.push(action) });
  await usePodman(machine);
  const call = `#!/bin/sh\nexec ${process.execPath} --disable-warning=ExperimentalWarning ${program} "$@"\n`;
  writeFileSync(join(machine.root, "usr/bin/atomic"), call, { mode: 0o755 });
  // A user namespace may mount a /proc only where there is one that nothing is mounted over (mount_too_revealing).
  await machine.run("mount", ["--mkdir", "-t", "proc", "proc", "/run/proc"]);
  const says = 'CMD ["/bin/sh", "-c", "echo $WORDS; echo $WORDS failed >&2; exec sleep 100000"]';
  await importImage(machine, "localhost/says:1", {}, [says]);
  await importImage(machine, "localhost/loud:1", { "run.sh": loud }, ['CMD ["/run.sh"]']);
  await importImage(machine, "localhost/falls:1", {}, ['CMD ["/bin/false"]']);
  await atomic(["gear", "tenant", "add", "acme", "--journal-rate-limit", "10000"]);
  await deploy("shop", shop("localhost/says:1"));
  await deploy(
    "plain",
    "containers:\n  web: {image: localhost/says:1, environment: {WORDS: words of plain}, stop-timeout: 1s}\n",
  );
});
after(async () => {
  for (const action of cleanups) await action();
});

const shop = (image: string) => `tenant: acme
containers:
  web:
    image: ${image}
    count: 2
    environment: {WORDS: words of web}
    links: ["db:5432"]
    stop-timeout: 1s
  db: {image: localhost/says:1, environment: {WORDS: words of db}, ports: [5432], stop-timeout: 1s}
`;

async function deploy(application: string, containers: string, accept = [0]) {
  const update = "update: {min-healthy-time: 1s, healthy-deadline: 3m}\n";
  writeFileSync(join(machine.root, `root/${application}.yaml`), `application: ${application}\n${containers}${update}`);
  return atomic(["gear", "deploy", `/root/${application}.yaml`], accept);
}

async function atomic(args: readonly string[], accept: readonly number[] = [0]) {
  return machine.run("atomic", args, accept);
}

const logs = async (...args: string[]) => (await atomic(["gear", "logs", "--output=cat", ...args])).stdout;
const journalctl = async (...args: string[]) => (await machine.run("journalctl", ["-q", "-o", "cat", ...args])).stdout;

test("by every field, over the host's journal and the tenant's, as journalctl finds them", async () => {
  assert.match(await logs("plain"), /^words of plain$/m);
  assert.doesNotMatch(await logs("plain"), /words of (web|db)/);
  const { stdout } = await machine.run("podman", ["image", "inspect", "-f", "{{.Id}}", "localhost/says:1"]);
  const digest = `sha256:${stdout.trim()}`;
  const fields: [options: string[], match: string][] = [
    [["--image=localhost/says:1"], "ATOMIC_IMAGE=localhost/says:1"],
    [[`--digest=${digest}`], `ATOMIC_IMAGE_DIGEST=${digest}`],
    [[`--digest=${digest.slice(7, 19)}`], `ATOMIC_IMAGE_DIGEST=${digest}`],
    [["--generation=1"], "ATOMIC_GENERATION=1"],
    [["--link=db"], "ATOMIC_LINK=db"],
    [["ATOMIC_GENERATION=1", "--priority=err"], "ATOMIC_GENERATION=1"],
  ];
  for (const [options, match] of fields) {
    const more = options.includes("--priority=err") ? ["--priority=err"] : [];
    const [got, wanted] = [await logs(...options), await journalctl("--namespace=*", ...more, match)];
    assert.ok(wanted.includes("words of"), match);
    assert.equal(got, wanted, options.join(" "));
  }
  const web = await logs("shop/web");
  assert.match(web, /^words of web$/m);
  assert.doesNotMatch(web, /words of db/);
  assert.equal(await logs("shop", "--container=web", "--grep=^words"), await logs("shop/web", "--grep=^words"));
  const one = await logs("--instance=shop-web-2");
  assert.equal(one.match(/^words of web$/gm)?.length, 1);
  assert.equal(one, await logs("shop/web-2"));
  const tenant = await logs("--tenant=acme");
  assert.match(tenant, /^words of web$[^]*shop: deploy of generation none to 1 done/m);
  assert.doesNotMatch(tenant, /plain/);
  const all = await logs("--grep=^words");
  for (const words of ["web", "db", "plain"]) assert.match(all, new RegExp(`^words of ${words}$`, "m"));
  const parsed = (await logs("shop/db", "--output=json", "--lines=1", "--grep=failed", "--reverse")).trim();
  const entry = JSON.parse(parsed) as Record<string, string>;
  assert.deepEqual(
    [entry["MESSAGE"]?.trim(), entry["ATOMIC_TENANT"], entry["ATOMIC_INSTANCE"], entry["_NAMESPACE"]],
    ["words of db failed", "acme", "shop-db", "acme"],
  );
});

test("what systemd says of its units, and why a deployment was taken back", async () => {
  assert.match(await logs("shop/db"), /^Started shop-db\.service/m);
  assert.doesNotMatch(await logs("shop/db"), /^Started shop-web/m);
  await deploy("shop", shop("localhost/falls:1"), [1]);
  const told = await logs("shop");
  assert.match(told, /^shop-web-1\.service: Main process exited/m);
  assert.match(told, /^shop: deploy of generation 1 to 2 taken back: shop-web-1\.service/m);
  assert.match(await logs("--tenant=acme", "--priority=err"), /^shop: deploy of generation 1 to 2 taken back/m);
});

test("a changed link is found by either end", async () => {
  await atomic(["gear", "link", "shop-web-1", "127.0.0.1:5432=192.0.2.17:4001"]);
  const moved = /^shop-web-1: 127\.0\.0\.1:5432 leads to 192\.0\.2\.17:4001, before to @shop-db:5432$/m;
  for (const query of [["--link=db"], ["--link=shop-db"], ["--link=192.0.2.17"], ["shop"], ["shop/web"]])
    assert.match(await logs(...query), moved, query.join(" "));
  assert.doesNotMatch(await logs("plain"), moved);
  await atomic(["gear", "unlink", "shop-web-1", "127.0.0.1:5432"]);
  assert.match(await logs("--link=192.0.2.17"), /5432 leads nowhere, before to 192\.0\.2\.17:4001$/m);
  await atomic(["gear", "link", "shop-web-1", "--revert"]);
  assert.match(await logs("--link=db"), /^shop-web-1: 127\.0\.0\.1:5432 leads to @shop-db:5432$/m);
  await machine.run("systemctl", ["restart", "shop-db.service"]);
  assert.match(await logs("shop/web"), /^shop-web-\d: 127\.0\.0\.1:5432 leads to [0-9.]+:5432 \(shop-db\)/m);
});

test("a container's own limit drops its messages, and what was dropped shows", async () => {
  const limited = (limit: string) =>
    `tenant: acme\ncontainers:\n  web: {image: localhost/loud:1, log-rate-limit: ${limit}, stop-timeout: 1s}\n`;
  const { stderr } = await deploy("loud", limited("none"), [1]);
  assert.match(stderr, /error\[gear-unsupported\]: web: log-rate-limit is above its tenant's, 10000 messages/);
  await deploy("loud", limited("{burst: 20, period: 2s}"));
  for (;;) {
    const text = await logs("loud");
    if (!text.includes("loud again")) {
      await sleep(500);
      continue;
    }
    const kept = text.match(/^line \d+$/gm)?.length ?? 0;
    const dropped = Number(/^Suppressed (\d+) messages from loud-web\.service$/m.exec(text)?.[1]);
    assert.ok(kept < 2000 && dropped > 0, `${kept} kept, ${dropped} dropped`);
    // The engine writes a line as well.
    assert.ok(kept + dropped >= 2000, `${kept} kept, ${dropped} dropped`);
    return;
  }
});

test("it follows, also the journal of a tenant that begins later", async () => {
  await atomic(["gear", "tenant", "add", "late"]);
  const follow = "atomic gear logs --follow --output=cat --tenant=late >/root/followed 2>&1 & echo $!";
  const { stdout: pid } = await machine.run("sh", ["-c", follow]);
  const followed = () => readFileSync(join(machine.root, "root/followed"), "utf8");
  const say = (words: string) =>
    machine.run("systemd-run", [
      "--wait",
      "-p",
      "LogNamespace=late",
      "-p",
      "LogExtraFields=ATOMIC_TENANT=late",
      "/bin/echo",
      words,
    ]);
  await say("the first words");
  for (let tries = 0; !followed().includes("the first words"); tries++) {
    assert.ok(tries < 600, followed());
    await sleep(200);
  }
  await machine.run("kill", ["-INT", pid.trim()]);
});

test("what nobody knows is refused, with what there is", async () => {
  const refused: [words: string[], told: RegExp][] = [
    [["shopp"], /error\[gear-no-application\].*\n.*did you mean shop\?/],
    [["shop/wbe"], /error\[gear-no-logs\]: there is no container of shop called "wbe"[^]*did you mean web\?/],
    [["--tenant=acm"], /error\[gear-no-tenant\][^]*there are: acme/],
    [["--link=dbb"], /error\[gear-no-logs\]: there is no link "dbb"[^]*did you mean db\?/],
    [["ATOMIC_APPS=shop"], /error\[gear-no-logs\]: there is no field "ATOMIC_APPS"[^]*did you mean ATOMIC_APP\?/],
    [["--generation=0"], /error\[cli-usage\]/],
    [["shop/"], /error\[cli-usage\]/],
  ];
  for (const [words, told] of refused) {
    const { stderr } = await atomic(["gear", "logs", ...words], [1, 2]);
    assert.match(stderr, told, words.join(" "));
  }
});
