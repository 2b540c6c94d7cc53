// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { downloadRpms, loadRepomd } from "../../../src/packages/index.ts";
import { FileServer } from "../fixture.ts";
import { dnfPackages, factsOf } from "./dnf-packages.ts";
import { buildRpms, createRepository } from "./fixture.ts";

const work = mkdtempSync(join(tmpdir(), "atomic-repomd-"));
const repository = join(work, "repository");
let server: FileServer;

before(async () => {
  buildRpms(
    [
      {
        name: "appd",
        version: "1.2~rc1",
        fields: [
          "Epoch: 2",
          "Requires: (libfoo >= 1 if base-fs else /bin/sh)",
          "Requires(pre): base-fs = 1.0-1",
          "Recommends: docs",
          "Suggests: toys < 3",
          "Supplements: (base-fs and libfoo)",
          "Enhances: toys",
          "Provides: daemon = 3.1, virtual(thing)",
          "Obsoletes: oldappd < 1:4",
          "Conflicts: otherd > 1",
        ],
        files: { "/etc/appd.conf": "a", "/usr/bin/appd": "b", "/usr/share/appd/data": "c" },
      },
      { name: "libfoo", version: "1.0^git1", files: { "/usr/lib/sendmail": "d" } },
      { name: "base-fs", files: { "/usr/share/base/with space & more": "e" } },
    ],
    repository,
  );
  createRepository(repository);
  server = await FileServer.start(work);
});

after(() => {
  server.close();
  rmSync(work, { recursive: true });
});

const local = { id: "local", baseUrls: [repository] };
const cacheDir = () => mkdtempSync(join(work, "cache-"));
const remote = () => ({ id: "remote", baseUrls: [`${server.url}/repository`] });

test("the packages of a new repository are read as dnf reads them", async () => {
  const set = await loadRepomd([local], cacheDir());
  assert.deepEqual([...set.names()].sort(), ["appd", "base-fs", "libfoo"]);
  const ours = new Map(set.all().map((one) => [one.name, factsOf(one)]));
  for (const { files: _, ...theirs } of dnfPackages(repository)) {
    assert.deepEqual(ours.get(String(theirs["name"])), theirs);
  }
});

test("packages are found by name, by what they provide, obsolete and supplement, and by file", async () => {
  const set = await loadRepomd([local], cacheDir());
  const names = (packages: readonly { name: string }[]) => packages.map(({ name }) => name);
  assert.equal(set.named("appd")[0]!.nevra, "appd-2:1.2~rc1-1.noarch");
  assert.deepEqual(set.named("absent"), []);
  assert.deepEqual(names(set.providing("daemon")), ["appd"]);
  assert.deepEqual(names(set.providing("/usr/bin/appd")), ["appd"]);
  assert.deepEqual(names(set.providing("/usr/lib/sendmail")), ["libfoo"]);
  assert.deepEqual(names(set.obsoleting("oldappd")), ["appd"]);
  assert.deepEqual(names(set.having("supplements")), ["appd"]);
  const requires = set.named("appd")[0]!.dependencies("requires");
  assert.deepEqual(
    requires.find(({ name }) => name === "base-fs"),
    { name: "base-fs", operator: "=", evr: { epoch: 0, version: "1.0", release: "1" }, pre: true },
  );
  assert.deepEqual(set.unknownPaths, []);
  assert.ok(set.named("appd")[0]!.hasFile("/etc/appd.conf"));
  assert.ok(!set.named("libfoo")[0]!.hasFile("/etc/appd.conf"));
});

test("filelists are fetched only for paths that primary.xml does not list, and only once", async () => {
  const cache = cacheDir();
  const set = await loadRepomd([remote()], cache);
  server.requests.length = 0;
  set.withFile("/usr/bin/appd");
  await set.loadFilelists();
  assert.deepEqual(server.requests, []);
  const paths = ["/usr/share/appd/data", "/usr/share/base/with space & more", "/nowhere"];
  for (const path of paths) assert.deepEqual(set.providing(path), []);
  assert.deepEqual(set.unknownPaths, paths);
  await set.loadFilelists();
  assert.equal(server.requests.length, 1);
  assert.deepEqual(
    paths.map((path) => set.providing(path).map(String)),
    [["appd-2:1.2~rc1-1.noarch"], ["base-fs-1.0-1.noarch"], []],
  );
  assert.deepEqual(set.unknownPaths, []);
  const again = await loadRepomd([remote()], cache, { offline: true });
  again.withFile("/nowhere");
  await again.loadFilelists();
  assert.equal(again.withFile("/usr/share/appd/data")[0]!.name, "appd");
  assert.equal(server.requests.length, 1);
});

test("what is known is not fetched again, and needs no network; the address may change", async () => {
  const cache = cacheDir();
  await loadRepomd([remote()], cache);
  server.requests.length = 0;
  assert.equal((await loadRepomd([remote()], cache)).count, 3);
  assert.deepEqual(server.requests, ["/repository/repodata/repomd.xml"]);
  server.requests.length = 0;
  assert.equal((await loadRepomd([remote()], cache, { offline: true })).count, 3);
  assert.deepEqual(server.requests, []);
  await assert.rejects(loadRepomd([remote()], cacheDir(), { offline: true }), { code: "packages-offline" });
});

test("a damaged cache is made anew", async () => {
  const cache = cacheDir();
  await loadRepomd([local], cache);
  for (const path of globSync(join(cache, "repomd/indices/*"))) truncateSync(path, 5000);
  assert.equal((await loadRepomd([local], cache)).count, 3);
});

test("of several addresses the one that answers is used, for each file", async () => {
  const sources = [{ id: "m", baseUrls: [`${server.url}/absent`, `${server.url}/repository`] }];
  assert.equal((await loadRepomd(sources, cacheDir())).count, 3);
  const primary = globSync("*primary.xml*", { cwd: join(repository, "repodata") })[0]!;
  // The first has repomd.xml, but another file of that name.
  server.answers.set("/absent/repodata/repomd.xml", (_, response) =>
    response.end(readFileSync(join(repository, "repodata/repomd.xml"))),
  );
  server.answers.set(`/absent/repodata/${primary}`, (_, response) => response.end("something else"));
  assert.equal((await loadRepomd(sources, cacheDir())).count, 3);
  server.answers.clear();
});

test("a repository that is not there, is no metadata, or is not what it says is refused", async () => {
  const load = (path: string) => loadRepomd([{ id: "bad", baseUrls: [`${server.url}/${path}`] }], cacheDir());
  await assert.rejects(load("nowhere"), { code: "packages-not-found" });
  server.answers.set("/html/repodata/repomd.xml", (_, response) => response.end("<html><body>Hello</body></html>"));
  await assert.rejects(load("html"), { code: "packages-bad-index" });
  server.answers.set("/text/repodata/repomd.xml", (_, response) => response.end("Hello"));
  await assert.rejects(load("text"), { code: "formats-xml" });
  const repomd = readFileSync(join(repository, "repodata/repomd.xml"), "utf8");
  const changed = repomd.replace(/(<data type="primary">\s*<checksum type="sha256">)..../, "$10000");
  server.answers.set("/changed/repodata/repomd.xml", (_, response) => response.end(changed));
  for (const file of globSync("*primary*", { cwd: join(repository, "repodata") })) {
    const content = readFileSync(join(repository, "repodata", file));
    server.answers.set(`/changed/repodata/${file}`, (_, response) => response.end(content));
  }
  await assert.rejects(load("changed"), { code: "packages-bad-index" });
  server.answers.clear();
});

test("packages are downloaded once, checked, and used in place where the repository is local", async () => {
  const cache = cacheDir();
  const packages = (await loadRepomd([remote()], cache)).all();
  await assert.rejects(downloadRpms(packages, cache, undefined, { offline: true }), { code: "packages-offline" });
  server.requests.length = 0;
  const paths = await downloadRpms(packages, cache);
  assert.equal(server.requests.length, 3);
  for (const [one, path] of paths) {
    assert.equal(execFileSync("rpm", ["-qp", "--qf", "%{NAME}", path]).toString(), one.name);
  }
  assert.deepEqual(await downloadRpms(packages, cache, undefined, { offline: true }), paths);
  const [inPlace] = await downloadRpms((await loadRepomd([local], cache)).named("appd"), cacheDir());
  assert.ok(inPlace![1].startsWith(repository));
});

test("a package that is not what the metadata says is refused, and another mirror asked", async () => {
  const cache = cacheDir();
  const sources = [{ id: "m", baseUrls: [`${server.url}/liar`, `${server.url}/repository`] }];
  for (const path of globSync(join(repository, "repodata/*"))) {
    server.answers.set(`/liar/repodata/${basename(path)}`, (_, response) => response.end(readFileSync(path)));
  }
  const { size } = statSync(join(repository, "libfoo-1.0^git1-1.noarch.rpm"));
  server.answers.set("/liar/libfoo-1.0^git1-1.noarch.rpm", (_, response) => response.end("x".repeat(size)));
  const [one] = (await loadRepomd(sources, cache)).named("libfoo");
  assert.equal((await downloadRpms([one!], cache)).size, 1);
  const [lied] = (await loadRepomd([{ id: "m", baseUrls: [`${server.url}/liar`] }], cache)).named("libfoo");
  rmSync(join(cache, "rpms"), { recursive: true });
  await assert.rejects(downloadRpms([lied!], cache), {
    code: "packages-bad-download",
    message: /SHA-256 of what was downloaded/,
  });
  server.answers.clear();
});

test("a local repository that was changed without createrepo_c is refused", async () => {
  const copy = join(work, "changed");
  buildRpms([{ name: "one" }], copy);
  createRepository(copy, "--xz");
  assert.equal((await loadRepomd([{ id: "copy", baseUrls: [copy] }], cacheDir())).count, 1);
  const primary = globSync(join(copy, "repodata/*primary.xml*"))[0]!;
  writeFileSync(primary, Buffer.concat([readFileSync(primary), Buffer.from("x")]));
  await assert.rejects(loadRepomd([{ id: "copy", baseUrls: [copy] }], cacheDir()), { code: "packages-bad-index" });
});

test("metadata in the form of zchunk is read where there is no other, and refused when it is damaged", async () => {
  const copy = join(work, "zchunk");
  buildRpms([{ name: "one", files: { "/usr/share/one/file": "a" } }], copy);
  createRepository(copy, "--zck");
  const repomd = join(copy, "repodata/repomd.xml");
  writeFileSync(repomd, readFileSync(repomd, "utf8").replace(/<data type="(primary|filelists)">[^]*?<\/data>/g, ""));
  const source = { id: "zchunk", baseUrls: [copy] };
  const set = await loadRepomd([source], cacheDir());
  set.withFile("/usr/share/one/file");
  await set.loadFilelists();
  assert.equal(set.withFile("/usr/share/one/file")[0]!.name, "one");
  const primary = globSync(join(copy, "repodata/*primary.xml.zck"))[0]!;
  const bytes = readFileSync(primary);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(primary, bytes);
  const sum = createHash("sha256").update(bytes).digest("hex");
  const old = basename(primary).slice(0, 64);
  const changed = readFileSync(repomd, "utf8").replace(`>${old}<`, `>${sum}<`);
  writeFileSync(repomd, changed);
  await assert.rejects(loadRepomd([source], cacheDir()), { code: "formats-zchunk" });
});
