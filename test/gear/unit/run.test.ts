// SPDX-License-Identifier: Apache-2.0
/** Rendered units run: by a real systemd, with the podman of the machine. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { placeUnit, render, type Rendered } from "../../../src/gear/index.ts";
import { makeApplication, makeContainer, makePlan, name } from "../application.ts";
import { importImage, usePodman } from "../podman-fixture.ts";
import { startSystemd, type SystemdMachine } from "../systemd-fixture.ts";
import { hostile, podman } from "./applications.ts";

let machine: SystemdMachine;
const ends: (() => void | Promise<void>)[] = [];
before(async () => {
  machine = await startSystemd({ after: (action) => void ends.push(action) });
  await usePodman(machine);
  await importImage(machine, "localhost/box", {
    // Says all that it was given, and stays.
    "bin/tell": '#!/bin/sh\nenv -0 >/out/env; for word; do echo "[$word]"; done >/out/words\nexec sleep 1000\n',
  });
});
after(async () => {
  for (const end of ends) await end();
});

const files = "/var/lib/atomic/gear/shop/1/files";

async function deploy(rendered: Rendered): Promise<void> {
  for (const [unit, text] of rendered.units) machine.writeUnit(unit, placeUnit(text, files, 1));
  for (const [path, { content, mode }] of rendered.files) {
    const target = join(machine.root, files, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content, { mode });
  }
  await machine.run("systemctl", ["daemon-reload"]);
  await machine.run("systemctl", ["enable", "--quiet", ...rendered.start]);
  const { code } = await machine.run("systemctl", ["start", ...rendered.start], [0, 1]);
  if (code !== 0) throw new Error((await machine.run("journalctl", ["-b", "-o", "cat", "--no-pager"])).stdout);
}

async function show(unit: string, property: string): Promise<string> {
  return (await machine.run("systemctl", ["show", "--value", "-p", property, unit])).stdout.trim();
}

const box = { image: "localhost/box", network: { kind: "none" as const } };
const settings = { ...podman, pins: new Map<string, string>() };

test("a container gets every word and value as it is, its secrets, and files of its generation", async () => {
  writeFileSync(join(machine.root, "run/password"), "pass\nword\n", { mode: 0o600 });
  mkdirSync(join(machine.root, "run/out"));
  const told = makeContainer({
    ...box,
    name: name("told"),
    command: ["/bin/tell", ...hostile],
    environment: hostile.map((value, index) => ({ name: `V${index}`, value })),
    mounts: [
      { source: { kind: "bind", path: "/run/out" }, target: "/out", readOnly: false },
      { source: { kind: "file", content: "x=1\n", mode: 0o640 }, target: "/etc/a b,c", readOnly: true },
    ],
    secrets: [
      { name: name("password"), target: { kind: "file", path: undefined } },
      { name: name("password"), target: { kind: "environment", variable: "PASSWORD" } },
    ],
  });
  const secrets = [{ name: name("password"), source: { kind: "file" as const, path: "/run/password" } }];
  await deploy(render(makePlan(makeApplication({ containers: [told], secrets })), "localhost", settings));
  assert.equal(await show("shop-told.service", "ActiveState"), "active");
  await sleep(500);
  const exec = async (...words: string[]) => (await machine.run("podman", ["exec", "shop-told", ...words])).stdout;
  assert.equal(await exec("cat", "/out/words"), hostile.map((word) => `[${word}]\n`).join(""));
  const environment = new Map(
    (await exec("cat", "/out/env"))
      .split("\0")
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  hostile.forEach((value, index) => assert.equal(environment.get(`V${index}`), value));
  assert.equal(environment.get("PASSWORD"), "pass\nword");
  assert.equal(await exec("cat", "/run/secrets/password"), "pass\nword\n");
  assert.equal(await exec("cat", "/etc/a b,c"), "x=1\n");
  await machine.run("systemctl", ["stop", "gear-shop.target"]);
});
