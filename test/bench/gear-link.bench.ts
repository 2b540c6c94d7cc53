// SPDX-License-Identifier: Apache-2.0
/**
 * A link that changes again and again under the requests of four clients, two of which keep their connections: how many requests
 * failed, how long they took with and without changes, and how long a change takes.
 */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Network } from "../gear/link/namespaces.ts";
import { atomic } from "./compare.ts";

const changes = Number(process.env["ATOMIC_BENCH_ROUNDS"] ?? 20);

/** Writes to a file `failed` and, of each kind of request, its times in milliseconds. */
const clients = `
  const http = require("node:http");
  const times = { kept: [], fresh: [] };
  let failed = 0, going = true;
  process.on("SIGTERM", () => { going = false; });
  const get = (agent) => new Promise((resolve, reject) => {
    http.get({ host: "127.0.0.1", port: 80, agent }, (reply) => reply.resume().on("end", resolve)).on("error", reject);
  });
  const client = async (kind, agent) => {
    while (going) {
      const began = performance.now();
      await get(agent).then(() => times[kind].push(performance.now() - began), () => failed++);
    }
  };
  const keep = () => new http.Agent({ keepAlive: true, maxSockets: 1 });
  Promise.all([client("kept", keep()), client("kept", keep()), client("fresh", false), client("fresh", false)]).then(() => {
    // All of it is written before the end, also to a pipe.
    require("node:fs").writeFileSync(process.argv[1], JSON.stringify({ failed, ...times }));
    process.exit();
  });
`;

interface Told {
  readonly failed: number;
  readonly kept: readonly number[];
  readonly fresh: readonly number[];
}

const ends: (() => void)[] = [];
try {
  const network = new Network({ after: (end: () => void) => void ends.push(end) });
  await network.serve(4001, 4002);
  const { pid } = network.start("container", "sleep", "3600");
  const file = join(network.root, "web.links");
  writeFileSync(file, "127.0.0.1:80=localhost:4001\n");
  const gear = async (...words: string[]) => {
    const began = performance.now();
    const { code, stderr } = await network.run("host", atomic, "gear", ...words, `--root=${network.root}`);
    if (code !== 0) throw new Error(stderr);
    return performance.now() - began;
  };
  await gear("link", "apply", "shop-web", `--file=${file}`, `--pid=${pid}`);
  /** Runs the clients while something is done. */
  const during = async (work: () => Promise<void>): Promise<Told> => {
    const told = join(network.root, "told.json");
    const load = network.start("container", process.execPath, "-e", clients, told);
    const ended = once(load, "exit");
    await work();
    await network.run("container", "kill", "-TERM", String(load.pid));
    await ended;
    return JSON.parse(readFileSync(told, "utf8")) as Told;
  };
  const took: number[] = [];
  const changing = await during(async () => {
    for (let change = 0; change < changes; change++)
      took.push(await gear("link", "shop-web", `127.0.0.1:80=localhost:${4002 - (change % 2)}`));
  });
  const still = await during(() => sleep(took.reduce((sum, time) => sum + time, 0)));
  const at = (times: readonly number[], part: number) =>
    `${(times.toSorted((a, b) => a - b)[Math.floor((times.length - 1) * part)] ?? 0).toFixed(1)} ms`.padStart(12);
  const line = (name: string, times: readonly number[]) =>
    console.log(name.padEnd(36) + String(times.length).padStart(9) + at(times, 0.5) + at(times, 0.99) + at(times, 1));
  console.log(
    `\n${"link changes under load".padEnd(36)}${"times".padStart(9)}${["median", "99 %", "longest"].map((title) => title.padStart(12)).join("")}`,
  );
  line("atomic gear link", took);
  for (const [name, told] of [
    ["while it changes", changing],
    ["while it does not", still],
  ] as const) {
    line(`kept connections, ${name}`, told.kept);
    line(`new connections, ${name}`, told.fresh);
    console.log(`failed ${name}: ${told.failed}`);
  }
} finally {
  for (const end of ends) end();
}
