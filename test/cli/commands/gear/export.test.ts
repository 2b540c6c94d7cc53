// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const root = join(import.meta.dirname, "../../../..");
const directory = mkdtempSync(join(tmpdir(), "atomic-test-"));
after(() => rmSync(directory, { recursive: true }));

const file = join(directory, "shop.yaml");
writeFileSync(
  file,
  "containers:\n  web: {image: localhost/web, stop-signal: SIGINT, volumes: ['data:/data']}\nvolumes: {data: }\napplication: shop\n",
);

const run = (...args: string[]) =>
  spawnSync(join(root, "atomic"), ["gear", "export", ...args], { encoding: "utf8", cwd: directory });

test("an export is printed, and what is lost is told beside it", () => {
  const { stdout, stderr, status } = run("shop.yaml", "--kubernetes", "--volume-size=10Gi");
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^apiVersion: apps\/v1\nkind: StatefulSet\n[^]*storage: 10Gi\n$/);
  assert.match(stderr, /web: stop signal SIGINT is left out/);
});

test("an export is written to a directory, which is made", () => {
  const { stdout, status } = run("shop.yaml", "--kubernetes", "--output=a/b", "--json");
  assert.equal(status, 0);
  const data = JSON.parse(stdout) as { output: string; files: { path: string; content: string }[] };
  assert.equal(data.output, join(directory, "a/b"));
  assert.deepEqual(
    data.files.map(({ path }) => path),
    ["shop.yaml"],
  );
  assert.equal(readFileSync(join(data.output, "shop.yaml"), "utf8"), data.files[0]?.content);
});

test("several files are printed below their names", () => {
  const { stdout, status } = run("shop.yaml", "--quadlet");
  assert.equal(status, 0);
  assert.match(stdout, /^# shop\.network\n\[Network\]\n[^]*\n\n# shop-web\.container\n\[Unit\]\n/);
});

test("units are written with the files that they use", () => {
  const { stdout, status } = run("shop.yaml", "--units", "-o", "units");
  assert.equal(status, 0);
  assert.ok(stdout.split("\n").includes(join(directory, "units/shop-web.service")), stdout);
});

test("what is asked for must be said, once, and be a size or an engine", () => {
  assert.equal(run("shop.yaml", "--kubernetes", "--quadlet").status, 2);
  assert.equal(run("shop.yaml", "--units", "--engine=rkt").status, 2);
  assert.equal(run("shop.yaml").status, 2);
  assert.equal(run("shop.yaml", "--kubernetes", "--volume-size=1;2").status, 2);
});
