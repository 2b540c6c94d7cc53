// SPDX-License-Identifier: Apache-2.0
/**
 * The same services as podman's own generator, key by key. The generator is of Debian forky's package; $ATOMIC_QUADLET names
 * another one.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { splitUnitWords, SystemdUnit, type UnitEntry } from "../../../src/formats/index.ts";
import { convertQuadlets, loadQuadlets } from "../../../src/gear/quadlet/index.ts";
import { AptJudge } from "../../packages/apt-judge.ts";
import { samples, writeFiles } from "./samples.ts";

const work = mkdtempSync(join(tmpdir(), "atomic-generator-"));
let generator = process.env["ATOMIC_QUADLET"];

before(async () => {
  if (generator !== undefined) return;
  const forky = { uri: "http://deb.debian.org/debian", suite: "forky", components: ["main"], architecture: "amd64" };
  const apt = await AptJudge.make(join(work, "apt"), [forky]);
  execFileSync("dpkg-deb", ["-x", await apt.download("podman", work), join(work, "podman")]);
  generator = join(work, "podman/usr/libexec/podman/quadlet");
});

after(() => rmSync(work, { recursive: true }));

function theirs(directory: string): { services: Map<string, SystemdUnit>; messages: string } {
  const { PODMAN: _, ...env } = process.env;
  const { stdout, stderr } = spawnSync(generator!, ["-dryrun", "-no-kmsg-log"], {
    env: { ...env, QUADLET_UNIT_DIRS: directory },
    encoding: "utf8",
  });
  const parts = stdout.split(/^---(.+\.service)---$/m).slice(1);
  const services = new Map<string, SystemdUnit>();
  for (let at = 0; at < parts.length; at += 2) services.set(parts[at]!, SystemdUnit.parse(parts[at + 1]!, parts[at]!));
  return { services, messages: stderr };
}

/** Options of equal rank come in any order from podman, which takes them from a Go map: they are compared sorted, each with its value. */
function essence(unit: SystemdUnit): Record<string, unknown> {
  const commands = ["ExecStart", "ExecStartPre", "ExecStop", "ExecStopPost", "ExecReload", "RequiresMountsFor"];
  const value = (section: string, entry: UnitEntry): unknown => {
    if (!commands.includes(entry.key) || section.startsWith("X-")) return entry.value;
    const words = splitUnitWords(entry.value, { relaxed: true });
    const starts = words.flatMap((word, at) => (at === 0 || word.startsWith("-") ? [at] : []));
    return starts.map((start, index) => words.slice(start, starts[index + 1]).join("\0")).toSorted();
  };
  const keys = (section: string) => Object.groupBy(unit.entries(section), ({ key }) => key);
  const values = (section: string) =>
    Object.entries(keys(section)).map(([key, entries = []]) => [key, entries.map((entry) => value(section, entry))]);
  return Object.fromEntries(unit.sections().map((section) => [section, Object.fromEntries(values(section))]));
}

/** What podman 6 knows and 5.8.6 does not: it also writes its own Restart= over that of a pod. */
const newer = /^(?:UID=|GID=|Restart=no).*\n/gm;

test("services are podman's", (context) => {
  const known = Object.entries(samples).map(([name, text]) => [name, text.replace(newer, "")]);
  const directory = writeFiles(Object.fromEntries(known));
  const { services, messages } = theirs(directory);
  const ours = convertQuadlets(loadQuadlets([directory]).files);
  rmSync(directory, { recursive: true });
  assert.deepEqual(ours.failures, [], messages);
  assert.deepEqual(ours.services.map(({ service }) => service).toSorted(), [...services.keys()].toSorted(), messages);
  let keys = 0;
  for (const { service, unit } of ours.services) {
    assert.deepEqual(essence(unit), essence(services.get(service)!), service);
    for (const section of unit.sections()) keys += unit.entries(section).length;
  }
  context.diagnostic(`${ours.services.length} services with ${keys} keys`);
});

const refused: Readonly<Record<string, string>> = {
  "a.container": "[Container]\nImage=x/y\nBogus=1\n",
  "b.container": "[Container]\nImage=x/y\nPod=none.pod\n",
  "c.container": "[Container]\nImage=x/y\n\n[Service]\nKillMode=process\n",
  "d.container": "[Container]\nImage=x/y\n\n[Service]\nType=simple\n",
  "e.container": "[Container]\nImage=x/y\nRootfs=/z\n",
  "f.container": "[Container]\nImage=x/y\nNetwork=none.network\n",
  "g.container": "[Container]\nImage=x/y\nNetwork=a.container:ip=1\n",
  "h.container": "[Container]\nImage=x/y\nRemapUsers=other\n",
  "i.container": "[Container]\nImage=x/y\nExposeHostPort=http\n",
  "j.container": "[Container]\nImage=x/y\n\n[Unit]\nAfter=none.volume\n",
  "k.container": "[Container]\nImage=x/y\n\n[Quadlet]\nBogus=1\n",
  "l.volume": "[Volume]\nType=bind\n",
  "m.kube": "[Kube]\n",
  "n.kube": "[Kube]\nYaml=x\nSetWorkingDirectory=file\n",
  "o.artifact": "[Artifact]\n",
  "p.build": "[Build]\nImageTag=x\n",
  "q.container": "[Container]\nImage=x/y\nMount=type=bind,src,dst=/a\n",
  "r.container": "[Container]\nImage=x/y\nVolume=none.volume:/a\n",
};

test("files are refused as podman does", () => {
  const directory = writeFiles(refused);
  const { services, messages } = theirs(directory);
  const { failures, services: accepted } = convertQuadlets(loadQuadlets([directory]).files);
  assert.deepEqual([...services.keys()], [], messages);
  assert.deepEqual(
    accepted.map(({ service }) => service),
    [],
  );
  for (const name of Object.keys(refused)) {
    const own = failures.find(({ message }) => message.startsWith(`${directory}/${name}:`))?.message ?? "";
    const podmans = new RegExp(`converting "${name}": (.*)`).exec(messages)?.[1]?.replace(/ in \/.*/, "");
    assert.ok(own.includes(podmans!.trim()), `${own}\n${podmans}`);
  }
  rmSync(directory, { recursive: true });
});
