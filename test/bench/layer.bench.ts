// SPDX-License-Identifier: Apache-2.0
/**
 * One package layered on a host of 200 Debian packages with 100 files each: the first time, after it was taken back (warm),
 * and an upgrade that finds nothing new. Needs root.
 *
 *   node test/bench/layer.bench.ts
 */
import type { PackageSpec } from "../compose/archive.ts";
import { DebDistribution, DebHost, script } from "../host/layers/deb-host.ts";

const packages = 200;
const filesEach = 100;

function filler(number: number): PackageSpec {
  const name = `filler-${number}`;
  const content = (at: number) => `${name} ${at}\n`.repeat(1 + ((number * 7 + at * 13) % 400));
  const paths = Array.from(
    { length: filesEach },
    (_, at) => [`/usr/share/${name}/${at % 10}/${at}`, content(at)] as const,
  );
  return { name, files: Object.fromEntries(paths) };
}

const fillers = Array.from({ length: packages }, (_, number) => filler(number));
const tool: PackageSpec = {
  name: "tool",
  fields: { Depends: "tool-data" },
  files: { "/usr/bin/tool": "tool\n" },
  control: { postinst: script("true") },
};

await using distribution = new DebDistribution();
await distribution.publish([...fillers, tool, { name: "tool-data", files: { "/usr/share/tool": "data\n" } }]);
const host = await DebHost.make(distribution, "bench", fillers.map(({ name }) => name).join(", "));

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - began) / 1000;
  console.log(`${what}: ${seconds.toFixed(2)} s, ${((user + system) / 1e6).toFixed(2)} s of CPU`);
}

await timed("install, cold", () => host.change({ install: ["tool"] }));
for (const round of [1, 2, 3]) {
  await timed(`uninstall ${round}`, () => host.change({ uninstall: ["tool"] }));
  await timed(`install, warm ${round}`, () => host.change({ install: ["tool"] }));
}
await timed("upgrade with nothing new", () => host.upgrade());
