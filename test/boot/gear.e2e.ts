// SPDX-License-Identifier: Apache-2.0
/**
 * The example shop, of three tiers and a tenant, on a booted host that enforces its policy: what is killed comes back, what
 * does not come through is taken back, and nobody else reaches it. In this order: tests go on where the one before left the
 * machine.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { ApplicationHistory, ApplicationStatus, Tenant } from "../../src/gear/index.ts";
import { loginCredentials, type Machine } from "../../src/image/index.ts";
import { type Fixture, journal, makeFixture, start } from "./fixture.ts";
import { auditedArguments, denials, service } from "./selinux.ts";
import { ShopRegistry } from "./shop-registry.ts";

const examples = join(import.meta.dirname, "../../examples");
/** Of this machine, and lead to the shop's in the guest. */
const shopPort = 8453;
const units = ["shop-proxy", "shop-web-1", "shop-web-2", "shop-db"];

let fixture: Fixture;
let registry: ShopRegistry;
let machine: Machine;

before(async () => {
  fixture = await makeFixture(undefined, 8454, auditedArguments);
  registry = await ShopRegistry.start(8455);
  machine = await start({
    disk: fixture.disk,
    snapshot: true,
    unsafe: true,
    memory: 3072,
    credentials: loginCredentials,
    forwards: [{ host: shopPort, guest: 8080 }],
  });
  assert.equal(await machine.waitForBoot(1200), "running", await output("systemctl --failed --no-pager"));
});

after(async () => {
  await machine?.stop();
  await registry?.[Symbol.asyncDispose]();
  fixture?.[Symbol.dispose]();
});

async function output(script: string, accept: readonly number[] | "any" = [0]): Promise<string> {
  return (await machine.run(script, { timeoutSeconds: 1800, accept })).output.trim();
}

/** What an administrator's command says. */
const gear = (words: string, accept: readonly number[] = [0]) => service(machine, `atomic gear ${words}`, accept);

async function readJson<T>(words: string, accept: readonly number[] = [0]): Promise<T> {
  return JSON.parse(await output(`atomic gear ${words} --json --quiet`, accept)) as T;
}

const shop = async () => (await readJson<ApplicationStatus[]>("status shop", [0, 1]))[0]!;

/** The number that the shop gives to who comes by from outside. */
async function visit(): Promise<number> {
  const reply = await fetch(`http://127.0.0.1:${shopPort}/`, { signal: AbortSignal.timeout(60_000) });
  const page = await reply.text();
  assert.equal(reply.status, 200, page);
  return Number(/visitor (\d+)/.exec(page)![1]);
}

/** Tries until it succeeds: what systemd restarts takes its time under emulation, as does asking. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 1_200_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(5000);
    }
  }
}

/** All of the shop is up, and it counts on where it was. */
async function isWell(visitors: number): Promise<number> {
  const services = units.map((unit) => `${unit}.service`);
  await eventually(() => output(`for unit in ${services.join(" ")}; do systemctl is-active $unit || exit; done`));
  const now = await eventually(visit);
  assert.ok(now > visitors, `${now} after ${visitors}`);
  const { instances, change } = await shop();
  const states = instances.map(({ unit, state, health }) => [unit, state, health]);
  assert.deepEqual(states.toSorted(), services.map((unit) => [unit, "active", "healthy"]).toSorted());
  assert.equal(change, undefined);
  return now;
}

/** Its level, by what it is: the processes' and the volume's. */
const labels = () =>
  output(`for container in ${units.join(" ")}; do podman inspect --format '{{.ProcessLabel}}' $container; done
    ls -dZ $(podman volume inspect --format '{{.Mountpoint}}' shop.data) | cut -d ' ' -f 1`);

/** The example, from the test's registry, with checks and times that fit a processor that is emulated. */
function emulatedShop(): string {
  const slow: readonly (readonly [string | RegExp, string])[] = [
    [/localhost\/shop/g, `${registry.host}/shop`],
    [/health: (curl.*)/, 'health: { test: "$1", interval: 30s, timeout: 60s }'],
    ["timeout: 5s", "timeout: 60s\n      retries: 1"],
    [/interval: 10s/g, "interval: 30s"],
    ["start-period: 1m", "timeout: 60s, start-period: 10m"],
    [/min-healthy-time: .*/, "min-healthy-time: 45s"],
    [/healthy-deadline: .*/, "healthy-deadline: 25m"],
  ];
  return slow.reduce(
    (text, [what, by]) => {
      const changed = text.replace(what, by);
      assert.notEqual(changed, text, String(what));
      return changed;
    },
    readFileSync(join(examples, "shop.yaml"), "utf8"),
  );
}

async function bring(path: string, text: string): Promise<void> {
  await output(
    `mkdir -p $(dirname ${path}) && base64 -d >${path} <<'END'\n${Buffer.from(text).toString("base64")}\nEND`,
  );
}

let visitors = 0;

test("the shop is deployed as its guide says, and answers", async () => {
  await bring(
    "/etc/containers/registries.conf.d/shop.conf",
    `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`,
  );
  await bring("/var/srv/shop.yaml", emulatedShop());
  for (const file of ["nginx.conf", "web.py", "start-db.sh"])
    await bring(`/var/srv/shop/${file}`, readFileSync(join(examples, "shop", file), "utf8"));
  await output("echo something long | install -D -m 600 /dev/stdin /etc/shop/db-password");
  await gear("tenant add acme");
  await gear("deploy /var/srv/shop.yaml");
  visitors = await isWell(0);
  assert.equal(await output("getenforce"), "Enforcing");
  const written = "gear-shop.target shop-*.service tenant-*.slice";
  assert.equal(await output(`cd /etc/systemd/system && systemd-analyze verify ${written} 2>&1`), "");
  assert.equal(await output("systemctl show --property=NeedDaemonReload --value dbus.service"), "no");
});

test("every process and the volume have the tenant's level, and every line of the journal says whose it is", async () => {
  const [level, ...others] = new Set((await labels()).split("\n").map((label) => label.split(":").slice(3).join(":")));
  assert.match(level!, /^s0:c\d+,c\d+$/);
  assert.deepEqual(others, []);
  await gear("tenant show acme");
  const read = await output(journal("--namespace=acme --output=json ATOMIC_COMPONENT=db"));
  const entries = read.split("\n").map((line) => JSON.parse(line) as Record<string, string>);
  assert.ok(entries.some(({ MESSAGE }) => MESSAGE?.includes("ready to accept connections")));
  const { generation } = await shop();
  for (const entry of entries) {
    const { ATOMIC_APP, ATOMIC_TENANT, ATOMIC_INSTANCE, ATOMIC_GENERATION } = entry;
    assert.deepEqual(
      [ATOMIC_APP, ATOMIC_TENANT, ATOMIC_INSTANCE, ATOMIC_GENERATION],
      ["shop", "acme", "shop-db", String(generation)],
    );
  }
});

for (const [process, what] of [
  ["Pid", "program"],
  ["ConmonPid", "conmon"],
])
  test(`the shop comes back when each container's ${what} is killed`, async () => {
    for (const unit of units) {
      const invocation = () => output(`systemctl show --property=InvocationID --value ${unit}.service`);
      const earlier = await invocation();
      await output(`kill -9 $(podman inspect --format '{{.State.${process}}}' ${unit})`);
      await eventually(async () => assert.notEqual(await invocation(), earlier));
    }
    visitors = await isWell(visitors);
  });

test("links change under load, and no connection is lost", async () => {
  const loop =
    'failed=0; n=0; while [ ! -e /tmp/stop ]; do n=$((n+1)); curl -fs -o /dev/null http://127.0.0.1:8000/healthy || failed=$((failed+1)); done; echo "$n requests, $failed failed"';
  await bring(
    "/var/srv/load.sh",
    `podman exec shop-proxy rm -f /tmp/stop; podman exec shop-proxy sh -c '${loop}' >/var/srv/load.log 2>&1\n`,
  );
  await output("systemd-run --quiet --unit=load sh /var/srv/load.sh");
  for (const target of [2, 1, 2]) await gear(`link shop-proxy 127.0.0.1:8000=@shop-web-${target}:8000`);
  await gear("link shop-proxy --revert");
  await output("podman exec shop-proxy touch /tmp/stop; while systemctl is-active --quiet load; do sleep 1; done");
  const [, requests, failed] = /(\d+) requests, (\d+) failed/.exec(await output("cat /var/srv/load.log"))!;
  assert.ok(Number(requests) > 5);
  assert.equal(failed, "0");
});

/** Fails after its first success, as only a watch over time finds out. */
const sickAfterwards = `
import http.server

answers = 0
send = http.server.BaseHTTPRequestHandler.send_response


def send_response(self, code, message=None):
    global answers
    answers += 1
    send(self, code if answers == 1 else 500, message)


http.server.BaseHTTPRequestHandler.send_response = send_response
`;

/** Runs an update that does not come through, and sees that nothing of the shop has changed. */
async function isTakenBack(outcome: RegExp): Promise<string> {
  const earlier = await shop();
  const said = await gear("update shop --images=registry", [1]);
  assert.match(said, outcome);
  visitors = await isWell(visitors);
  const now = await shop();
  assert.equal(now.generation, earlier.generation);
  const pins = (status: ApplicationStatus) => status.instances.map(({ unit, pinned }) => [unit, pinned]);
  assert.deepEqual(pins(now), pins(earlier));
  return said;
}

test("an image that turns unhealthy after its first check is taken back", async () => {
  const lines = "COPY sick.py sick.pth /usr/lib/python3/dist-packages/";
  await registry.replace("shop-web", lines, { "sick.py": sickAfterwards, "sick.pth": "import sick\n" });
  await isTakenBack(/shop-web-\d.*(unhealthy|failed)/);
  const { events } = await readJson<ApplicationHistory>("history shop");
  assert.equal(events[0]?.outcome, "taken-back");
  assert.match(await output(journal("ATOMIC_APP=shop PRIORITY=3")), /update of generation \d+ to \d+ taken back: /);
});

const much = "RUN head -c 150000000 /dev/urandom >/srv/much";

test("a disk that is full while it pulls, and a registry that dies, leave everything as it was", async () => {
  await registry.replace("shop-web", much);
  await output("fallocate -l $(($(df --output=avail -B1 /var | tail -1) - 80000000)) /var/filler");
  await isTakenBack(/[Nn]o space left on device/);
  await output("rm /var/filler");
  registry.dieAfter(20_000_000);
  await isTakenBack(/shop-web:1/);
  await registry.revive();
  await registry.replace("shop-web", 'ENV SHOP="next"');
  await gear("update shop --images=registry");
  visitors = await isWell(visitors);
  assert.equal(await output("podman exec shop-web-2 printenv SHOP"), "next");
});

test("the shop comes back with the machine, with the same levels, and nothing was ever denied", async () => {
  const earlier = await labels();
  assert.deepEqual(await denials(machine), []);
  assert.equal(await machine.reboot(1800), "running", await output("systemctl --failed --no-pager"));
  visitors = await isWell(visitors);
  assert.equal(await labels(), earlier);
  assert.deepEqual(await denials(machine, -1), []);
  assert.deepEqual(await denials(machine), []);
});

test("a container with a level of another tenant reads, signals and reaches nothing of it", async () => {
  await gear("tenant add other");
  const tenants = await readJson<Tenant[]>("tenant list");
  const level = (wanted: string) => {
    const [low, high] = tenants.find(({ name }) => name === wanted)!.categories;
    return `s0:c${low},c${high}`;
  };
  const users = tenants.find(({ name }) => name === "acme")!.users;
  const map = `0:${users.first}:${users.count}`;
  const volume = (await gear("tenant volume acme shared")).split("\n").find((line) => line.startsWith("/"))!;
  const serve =
    'open F,">/d/file";print F "secret of acme\\n";close F;chmod 0666,"/d/file";' +
    '$s=IO::Socket::UNIX->new(Local=>"/d/s",Listen=>5);chmod 0777,"/d/s";while($c=$s->accept){close $c}';
  const reach =
    'cat /d/file; kill -CONT 1 && echo signalled; perl -MIO::Socket::UNIX -e "IO::Socket::UNIX->new(Peer=>q(/d/s)) and print qq(connected\\n)"';
  const image = await output("podman inspect --format '{{.ImageName}}' shop-db");
  const runs = (words: string, at: string) =>
    `podman run --pull=never --network=none --uidmap=${map} --gidmap=${map} --user=postgres --cap-drop=ALL --security-opt=label=level:${at} --volume=${volume}:/d ${words}`;
  await output(`chmod 777 ${volume}`);
  await bring("/var/srv/serve.pl", serve);
  await bring("/var/srv/reach.sh", reach);
  await bring(
    "/var/srv/served.sh",
    runs(`--rm --name=served ${image} perl -MIO::Socket::UNIX -e "$(cat /var/srv/serve.pl)"\n`, level("acme")),
  );
  await output("systemd-run --quiet --unit=served sh /var/srv/served.sh");
  await eventually(() => output(`test -S ${volume}/s`));
  const reached = async (at: string) => {
    await bring(
      "/var/srv/reached.sh",
      runs(`--rm --pid=container:served ${image} sh -c "$(cat /var/srv/reach.sh)"\n`, at),
    );
    return await service(machine, "sh /var/srv/reached.sh", "any");
  };
  assert.match(await reached(level("acme")), /secret of acme\n+signalled\n+connected/);
  const refused = await reached(level("other"));
  assert.match(refused, /Permission denied/);
  assert.doesNotMatch(refused, /secret|signalled|connected/);
});

test("a container with a policy of its own does what it declares, and nothing else", async () => {
  await bring(
    "/var/srv/front.yaml",
    `application: front
tenant: other
containers:
  page:
    image: ${registry.host}/shop-proxy:1
    command: [nginx, -c, /etc/shop/nginx.conf, -g, daemon off;]
    user: www-data
    files: { /etc/shop/nginx.conf: { content: "pid /tmp/nginx.pid; error_log stderr; events {} http { access_log off; client_body_temp_path /tmp/a; fastcgi_temp_path /tmp/b; proxy_temp_path /tmp/c; scgi_temp_path /tmp/d; uwsgi_temp_path /tmp/e; server { listen 8080; location / { return 200 here; } } }" } }
    ports: ["8090:8080"]
    health: { test: "curl -fs http://127.0.0.1:8080/", interval: 30s, timeout: 60s }
    security: { selinux-type: generated }
update: { min-healthy-time: 5s, healthy-deadline: 25m }
`,
  );
  await gear("deploy /var/srv/front.yaml");
  assert.match(
    await output("podman inspect --format '{{.ProcessLabel}}' front-page"),
    /:gear_front_page_t:s0:c\d+,c\d+$/,
  );
  assert.match(await output("podman exec shop-proxy curl -s http://10.0.2.15:8090/"), /here/);
  const outside = (container: string) =>
    service(machine, `podman exec ${container} curl -s -m 60 http://${registry.host}/v2/`, "any");
  assert.equal(await outside("shop-proxy"), "{}");
  assert.notEqual(await outside("front-page"), "{}");
  assert.match((await denials(machine)).join("\n"), /gear_front_page_t.*name_connect|name_connect.*gear_front_page_t/);
});
