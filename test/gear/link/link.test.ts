// SPDX-License-Identifier: Apache-2.0
/** Links by the command line, judged by real programs that connect through a real kernel's network namespaces. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Network } from "./namespaces.ts";

const options = { skip: process.getuid?.() !== 0 && "only root makes network namespaces" };

/** A container that runs with links, as its unit would have started it. */
async function linked(network: Network, ...lines: string[]) {
  const { pid } = network.start("container", "sleep", "600");
  const file = join(network.root, "web.links");
  writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
  const apply = () =>
    network.gear("link", "apply", "shop-web", "--root", network.root, "--file", file, "--pid", String(pid));
  const applied = await apply();
  return { applied, apply, gear: (...args: string[]) => network.gear(...args, "--root", network.root) };
}

test(
  "addresses of the loopback network, others and those of IPv6 lead to their targets; others are refused",
  options,
  async (t) => {
    const network = new Network(t);
    await network.serve(4001, 4002);
    const { applied, apply, gear } = await linked(
      network,
      "127.0.0.1:8081=localhost:4001",
      "127.0.0.2:27017=10.77.0.1:4002",
      "192.168.1.1:27017=localhost:4001",
      "192.168.1.2:27017=10.77.0.1:4002",
      "[fd00:1::1]:80=localhost:4002",
    );
    assert.equal(applied.code, 0, applied.stderr);
    assert.match(applied.stdout, /^\+ 127\.0\.0\.1:8081 -> 10\.77\.0\.1:4001$/m);
    assert.equal(await network.get("127.0.0.1:8081"), "4001");
    assert.equal(await network.get("127.0.0.2:27017"), "4002");
    assert.equal(await network.get("192.168.1.1:27017"), "4001");
    assert.equal(await network.get("192.168.1.2:27017"), "4002");
    assert.equal(await network.get("[fd00:1::1]:80"), "4002");
    for (const other of ["127.0.0.1:27017", "127.0.0.2:8081", "192.168.1.1:8081", "[fd00:1::1]:81"])
      assert.equal(await network.get(other), "curl 7", other);

    const again = await apply();
    assert.equal(again.stdout, "Nothing changed: shop-web has its 5 links.\n");
    const { stdout } = await network.run("container", "nft", "list", "chain", "inet", "atomic_link", "output");
    assert.equal(stdout.match(/dnat/g)?.length, 2, "rules are not added a second time");

    const list = await gear("link", "list");
    assert.equal(list.code, 0, list.stdout);
    assert.match(list.stdout, /^shop-web\n {2}127\.0\.0\.1:8081 -> 10\.77\.0\.1:4001 {2}\(localhost\)$/m);
  },
);

test(
  "links change while the container runs, wait for its next start, and come back with --revert",
  options,
  async (t) => {
    const network = new Network(t);
    await network.serve(4001, 4002);
    const { apply, gear } = await linked(network, "127.0.0.1:80=localhost:4001", "192.168.1.1:80=localhost:4001");

    const changed = await gear("link", "shop-web", "127.0.0.1:80=localhost:4002", "127.0.0.3:80=localhost:4001");
    assert.equal(
      changed.stdout,
      "- 127.0.0.1:80 -> 10.77.0.1:4001\n+ 127.0.0.1:80 -> 10.77.0.1:4002\n+ 127.0.0.3:80 -> 10.77.0.1:4001\n",
    );
    assert.equal(await network.get("127.0.0.1:80"), "4002");
    assert.equal(await network.get("127.0.0.3:80"), "4001");

    assert.equal((await gear("unlink", "shop-web", "192.168.1.1:80", "--runtime")).code, 0);
    assert.notEqual(await network.get("192.168.1.1:80"), "4001");
    const { stdout } = await network.run("container", "ip", "address", "show", "dev", "lo");
    assert.doesNotMatch(stdout, /192\.168\.1\.1/);

    await apply();
    assert.equal(await network.get("127.0.0.1:80"), "4002", "a change outlives the container");
    await gear("link", "shop-web", "--revert");
    assert.equal(await network.get("127.0.0.1:80"), "4001");
    assert.equal(await network.get("127.0.0.3:80"), "curl 7");
    assert.equal(await network.get("192.168.1.1:80"), "4001");

    const waiting = await gear("link", "shop-db", "127.0.0.1:80=localhost:4002");
    assert.equal(waiting.stdout, "shop-db does not run here; it gets these links when it starts.\n");
  },
);

test("what somebody changes in the network by hand is shown, and mended by the next apply", options, async (t) => {
  const network = new Network(t);
  const { apply, gear } = await linked(network, "127.0.0.1:80=10.77.0.1:4001");
  const elements = "{ tcp . 127.0.0.1 . 81 : 10.77.0.1 . 22 }";
  await network.run("container", "nft", `add element inet atomic_link links4 ${elements}`);
  await network.run("container", "nft", "delete element inet atomic_link links4 { tcp . 127.0.0.1 . 80 }");
  const list = await gear("link", "list", "shop-web");
  assert.equal(list.code, 1);
  assert.match(list.stdout, /^ {2}missing: 127\.0\.0\.1:80 -> 10\.77\.0\.1:4001\n {2}not ours: 127\.0\.0\.1:81 -> /m);
  await apply();
  assert.equal((await gear("link", "list", "shop-web")).code, 0);
});

test("neighbours do not reach what listens on the container's loopback address", options, async (t) => {
  const network = new Network(t);
  await linked(network, "127.0.0.1:80=10.77.0.1:4001");
  const listening = network.start(
    "container",
    process.execPath,
    "-e",
    "require('node:net').createServer(() => console.log('reached')).listen(9000, '127.0.0.1', () => console.log('up'))",
  );
  const heard: string[] = [];
  await new Promise<void>((up) => listening.stdout!.on("data", (text: Buffer) => (heard.push(String(text)), up())));
  // As an attacker on the same bridge would (CVE-2020-8558).
  await network.run("host", "ip", "address", "delete", "127.0.0.1/8", "dev", "lo");
  await network.run(
    "host",
    "sh",
    "-c",
    "ip rule add pref 5 table 7 && ip rule add pref 9 lookup local && ip rule delete pref 0 && ip route add 127.0.0.1/32 via 10.77.0.2 dev bridge0 table 7 && echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet",
  );
  const { code } = await network.run("host", "curl", "-s", "-m", "2", "http://127.0.0.1:9000/");
  assert.equal(code, 28, "the packets are dropped");
  assert.deepEqual(heard, ["up\n"]);
  await network.run("container", "nft", "flush", "chain", "inet", "atomic_link", "guard");
  await network.run("host", "curl", "-s", "-m", "2", "http://127.0.0.1:9000/");
  assert.deepEqual(heard, ["up\n", "reached\n"], "without that rule they would arrive");
});

test("no request fails and no connection breaks while a link changes under load", options, async (t) => {
  const network = new Network(t);
  await network.serve(4001, 4002);
  const { gear } = await linked(network, "127.0.0.1:80=localhost:4001");
  const load = network.start("container", process.execPath, "-e", loadProgram);
  const lines = load.stdout!.toArray();
  for (let round = 0; round < 6; round++) {
    const { code, stderr } = await gear("link", "shop-web", `127.0.0.1:80=localhost:${4002 - (round % 2)}`);
    assert.equal(code, 0, stderr);
  }
  await network.run("container", "kill", "-TERM", String(load.pid));
  const { kept, fresh, failed } = JSON.parse(Buffer.concat(await lines).toString()) as Record<
    string,
    Record<string, number>
  >;
  assert.deepEqual(failed, {});
  assert.deepEqual(Object.keys(kept!), ["4001"], "a connection that exists keeps its target");
  assert.deepEqual(Object.keys(fresh!).sort(), ["4001", "4002"], "a later one has the target of then");
  t.diagnostic(`${kept!["4001"]} requests over one connection, ${fresh!["4001"]! + fresh!["4002"]!} over their own`);
});

/** Requests as fast as they are answered, over one connection and over one each, until it is told to end. */
const loadProgram = `
  const http = require("node:http");
  const counts = { kept: {}, fresh: {}, failed: {} };
  let going = true;
  process.on("SIGTERM", () => { going = false; });
  const count = (kind, key) => { counts[kind][key] = (counts[kind][key] ?? 0) + 1; };
  const get = (agent) => new Promise((resolve, reject) => {
    http.get({ host: "127.0.0.1", port: 80, agent }, (reply) => {
      let body = "";
      reply.on("data", (text) => { body += text; });
      reply.on("end", () => resolve(body));
    }).on("error", reject);
  });
  const keep = async (kind, agent) => {
    while (going) await get(agent).then((body) => count(kind, body), (error) => count("failed", error.code));
  };
  const one = new http.Agent({ keepAlive: true, maxSockets: 1 });
  Promise.all([keep("kept", one), keep("fresh", false), keep("fresh", false)]).then(() => {
    console.log(JSON.stringify(counts));
    process.exit();
  });
`;

test(
  "a link to an instance of the same host follows it: refused while it does not run, then at its address",
  options,
  async (t) => {
    const network = new Network(t);
    const { applied, gear } = await linked(network, "127.0.0.1:80=@shop-db:4001", "127.0.0.1:53/udp=@shop-db:53");
    assert.equal(
      applied.stdout,
      "127.0.0.1:80 waits for shop-db to run.\n127.0.0.1:53/udp waits for shop-db to run.\n",
    );
    assert.equal(await network.get("127.0.0.1:80"), "curl 7");

    const { pid } = await network.addContainer("10.77.0.3", 4001);
    const none = join(network.root, "db.links");
    writeFileSync(none, "");
    const started = await gear("link", "apply", "shop-db", "--file", none, "--pid", String(pid));
    assert.equal(started.code, 0, started.stderr);
    assert.equal(await network.get("127.0.0.1:80"), "4001");
    const list = await gear("link", "list", "shop-web");
    assert.match(list.stdout, /127\.0\.0\.1:53\/udp -> 10\.77\.0\.3:53 {2}\(@shop-db\)/);

    assert.equal((await gear("link", "release", "shop-db")).code, 0);
    assert.equal(await network.get("127.0.0.1:80"), "curl 7", "its address may be another container's by now");
  },
);

test("instances that start at the same time and lead to each other all find each other", options, async (t) => {
  const network = new Network(t);
  const names = ["a", "b", "c", "d"];
  const started = names.map(async (name, index) => {
    const { pid } = await network.addContainer(`10.77.0.${10 + index}`, 4001);
    const file = join(network.root, name);
    writeFileSync(file, names.map((other, port) => `127.0.0.1:${80 + port}=@${other}:4001\n`).join(""));
    return network.gear("link", "apply", name, "--root", network.root, "--file", file, "--pid", String(pid));
  });
  for (const { code, stderr } of await Promise.all(started)) assert.equal(code, 0, stderr);
  const list = await network.gear("link", "list", "--root", network.root);
  assert.equal(list.code, 0, list.stdout);
  assert.equal(list.stdout.match(/ -> 10\.77\.0\.1\d:4001 /g)?.length, 16, list.stdout);
});

test("what cannot be a link is refused before anything is changed", options, async (t) => {
  const network = new Network(t);
  await network.serve(4001);
  const { gear } = await linked(network, "127.0.0.1:80=10.77.0.1:4001");
  const refusals: [link: string, reason: RegExp][] = [
    ["127.0.0.1:80=10.77.0.1:4001 }; delete table inet atomic_link; {", /bad-link.*is not HOST:PORT/],
    ["127.0.0.1:80=[fd77::1]:1", /unresolved.*has no IPv4 address/],
    ["127.0.0.1:80=nowhere.invalid:1", /unresolved.*nowhere\.invalid has no IPv4 address/],
    ["10.77.0.2:80=10.77.0.1:1", /link-conflict.*10\.77\.0\.2 is an address of the container's network/],
    ["10.77.0.1:80=10.77.0.1:1", /link-conflict.*10\.77\.0\.1 is an address of the container's network/],
  ];
  for (const [link, reason] of refusals) {
    const { code, stderr } = await gear("link", "shop-web", link);
    assert.equal(code, 1, link);
    assert.match(stderr.replace(/\n/g, " "), reason, link);
  }
  assert.equal(await network.get("127.0.0.1:80"), "4001");
  const { code, stdout } = await gear("link", "list", "--json");
  assert.equal(code, 0);
  assert.equal((JSON.parse(stdout) as { links: unknown[] }[])[0]?.links.length, 1, "nothing of it was kept");
});

test("a container that shares the host's network, or has ended, is refused", options, async (t) => {
  const network = new Network(t);
  const file = join(network.root, "links");
  writeFileSync(file, "");
  const { pid } = network.start("host", "sleep", "600");
  const apply = (of: number) =>
    network.gear("link", "apply", "a", "--root", network.root, "--file", file, "--pid", String(of));
  assert.match((await apply(pid)).stderr, /no-namespace.*is the host's network/);
  assert.match((await apply(4194304)).stderr, /no-namespace.*the container does not run/);
  assert.match((await network.gear("link", "list", "../x", "--root", network.root)).stderr, /bad-name/);
  assert.match((await network.gear("link", "list", "x", "--root", network.root)).stderr, /not-running/);
});
