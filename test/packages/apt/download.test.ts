// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import type { ProgressEvent } from "../../../src/base/index.ts";
import { type DebPackage, downloadPackages, loadApt } from "../../../src/packages/index.ts";
import { buildDeb, FileServer, publish, SigningKey, temporaryDirectory } from "../fixture.ts";

let directory: string;
let root: string;
let server: FileServer;
let packages: DebPackage[];
let cacheDir: string;
let caches = 0;

before(async () => {
  directory = temporaryDirectory();
  root = join(directory, "mirror");
  const key = new SigningKey(directory, "archive");
  for (let number = 0; number < 9; number++) {
    const files = { "usr/share/data": `${number}`.repeat(200_000 * (number + 1)) };
    buildDeb({ name: `package${number}`, files }, join(root, "pool"), "none");
  }
  publish(root, key);
  server = await FileServer.start(root);
  const source = {
    uri: server.url,
    suite: "stable",
    components: ["main"],
    architecture: "amd64",
    signedBy: key.keyring,
  };
  const set = await loadApt([source], join(directory, "lists"));
  packages = [...set.names()].sort().map((name) => set.candidate(name)!);
  key.close();
});

after(() => {
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

beforeEach(() => {
  cacheDir = join(directory, `cache-${caches++}`);
  server.answers.clear();
  server.requests.length = 0;
});

const poolPath = (one: DebPackage) => `/pool/${one.name}_1.0_all.deb`;

function kept(): string[] {
  return readdirSync(join(cacheDir, "debs"))
    .filter((name) => name.endsWith(".deb"))
    .sort();
}

test("all packages arrive, and the second time none is asked for", async () => {
  const paths = await downloadPackages(packages, cacheDir);
  for (const [one, path] of paths) assert.ok(readFileSync(path).equals(readFileSync(join(root, poolPath(one)))));
  assert.equal(server.requests.length, packages.length);
  assert.deepEqual(await downloadPackages(packages, cacheDir), paths);
  assert.equal(server.requests.length, packages.length);
  assert.deepEqual(await downloadPackages(packages, cacheDir, undefined, { offline: true }), paths);
});

test("progress tells the total first and ends at it", async () => {
  const events: ProgressEvent[] = [];
  await downloadPackages(packages, cacheDir, (event) => events.push(event));
  const total = packages.reduce((sum, one) => sum + one.size, 0);
  const steps = events.filter((event) => event.type === "steps");
  assert.equal(events[0]?.type, "start");
  assert.deepEqual(steps[0], { type: "steps", task: "packages.download", done: 0, total, unit: "bytes" });
  assert.equal(steps.at(-1)?.done, total);
  assert.ok(steps.every((step, at) => at === 0 || step.done >= steps[at - 1]!.done));
});

test("a download that broke off goes on where it stopped", async () => {
  const one = packages[8]!;
  const whole = readFileSync(join(root, poolPath(one)));
  const ranges: (string | undefined)[] = [];
  let first = true;
  server.answers.set(poolPath(one), (request, response) => {
    ranges.push(request.headers.range);
    if (first) {
      first = false;
      response.writeHead(200, { "content-length": whole.length });
      response.write(whole.subarray(0, 100_000), () => response.destroy());
      return;
    }
    const start = Number(request.headers.range?.match(/\d+/)?.[0] ?? 0);
    response.writeHead(206, { "content-length": whole.length - start }).end(whole.subarray(start));
  });
  const path = (await downloadPackages([one], cacheDir)).get(one)!;
  assert.ok(readFileSync(path).equals(whole));
  assert.equal(ranges.length, 2);
  assert.match(ranges[1] ?? "", /^bytes=[1-9]\d*-$/);
});

test("a package that is not what the index says is refused, removed, and fetched anew the next time", async () => {
  const one = packages[0]!;
  const whole = readFileSync(join(root, poolPath(one)));
  const wrong = Buffer.from(whole);
  wrong[wrong.length - 100]! ^= 1;
  server.answers.set(poolPath(one), (_, response) => response.end(wrong));
  await assert.rejects(downloadPackages(packages, cacheDir), { code: "packages-bad-download", message: /package0/ });
  assert.ok(!kept().includes(`${one.sha256}.deb`));
  assert.ok(!existsSync(join(cacheDir, "debs", `${one.sha256}.deb.partial`)));
  server.answers.clear();
  const paths = await downloadPackages(packages, cacheDir);
  assert.ok(readFileSync(paths.get(one)!).equals(whole));
});

test("longer, missing and unavailable packages are errors that name the address", async () => {
  const one = packages[1]!;
  const whole = readFileSync(join(root, poolPath(one)));
  server.answers.set(poolPath(one), (_, response) => response.end(Buffer.concat([whole, whole])));
  await assert.rejects(downloadPackages([one], cacheDir), { code: "base-too-large" });
  server.answers.set(poolPath(one), (_, response) => response.writeHead(404).end());
  await assert.rejects(downloadPackages([one], cacheDir), { code: "base-http-status", message: /package1.*404/ });
  server.answers.set(poolPath(one), (_, response) => response.writeHead(403).end());
  await assert.rejects(downloadPackages([one], cacheDir), { code: "base-http-status", message: /403/ });
  assert.deepEqual(kept(), []);
  server.answers.clear();
  assert.equal((await downloadPackages([one], cacheDir)).size, 1);
});

test("a partial file with other content is thrown away", async () => {
  const one = packages[2]!;
  await downloadPackages([packages[0]!], cacheDir);
  writeFileSync(join(cacheDir, "debs", `${one.sha256}.deb.partial`), "something else");
  const path = (await downloadPackages([one], cacheDir)).get(one)!;
  assert.ok(readFileSync(path).equals(readFileSync(join(root, poolPath(one)))));
});

test("offline, what is missing is named", async () => {
  await assert.rejects(downloadPackages(packages, cacheDir, undefined, { offline: true }), {
    code: "packages-offline",
    message: /9 packages are not in the cache: package0, .*\.\.\./,
  });
});
