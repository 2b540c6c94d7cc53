// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { pull, Repo, type RepoMode, serveDirectory, Transaction } from "../../src/ostree/index.ts";
import { stock, temporary } from "./fixture.ts";

const files = 300;

function makeSource(directory: string): string {
  const tree = join(directory, "tree");
  mkdirSync(tree);
  for (let index = 0; index < files; index++) writeFileSync(join(tree, `file-${index}`), `content ${index}\n`);
  const source = join(directory, "source");
  stock(`--repo=${source}`, "init", "--mode=archive");
  stock(`--repo=${source}`, "commit", "-b", "main", `--tree=dir=${tree}`);
  return source;
}

function pullInChild(repo: Repo, url: string): ChildProcess {
  const script = join(import.meta.dirname, "pull-in-child.ts");
  return spawn(process.execPath, ["--no-warnings", script, repo.path, url], { stdio: "inherit" });
}

/** Starts a pull in a process of its own and kills it when the server has answered for some files. */
async function pullAndKill(repo: Repo, source: string, answers: number): Promise<void> {
  let answered = 0;
  const enough = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    if (request.url!.endsWith(".filez") && ++answered > answers) {
      enough.resolve();
      return; // never answered
    }
    const path = join(source, request.url!);
    if (existsSync(path)) response.end(readFileSync(path));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const child = pullInChild(repo, url);
  await enough.promise;
  // What was answered is written in the same turn of the client's event loop; it needs a moment to come to it.
  while (globSync("tmp/staging-*/??/*.file*", { cwd: repo.path }).length < answers - 64)
    await new Promise((wait) => setTimeout(wait, 10));
  child.kill("SIGKILL");
  await once(child, "exit");
  server.closeAllConnections();
  server.close();
}

for (const mode of ["archive", "bare-user"] as readonly RepoMode[]) {
  test(`a pull that was killed is gone on with, ${mode}`, async () => {
    using scratch = temporary();
    const source = makeSource(scratch.path);
    const repo = Repo.init(join(scratch.path, "target"), mode);
    await pullAndKill(repo, source, 200);
    assert.equal(repo.listRefs().size, 0);
    assert.deepEqual([...repo.objects()], [], "nothing is visible");
    assert.equal(readdirSync(join(repo.path, "state")).length, 1, "the commit is marked as partial");
    stock(`--repo=${repo.path}`, "fsck", "-q");
    await using server = await serveDirectory(source);
    const stats = await pull(repo, { url: server.url, refs: ["main"] });
    assert.ok(stats.fetchedContent < files - 100, `${stats.fetchedContent} were fetched again`);
    stock(`--repo=${repo.path}`, "fsck", "-q");
    assert.equal(repo.resolve("main"), stock(`--repo=${source}`, "rev-parse", "main").trim());
    assert.deepEqual(readdirSync(join(repo.path, "state")), []);
    assert.deepEqual(readdirSync(join(repo.path, "tmp")), ["cache"]);
  });
}

test("stock goes on after our pull was killed", async () => {
  using scratch = temporary();
  const source = makeSource(scratch.path);
  const repo = Repo.init(join(scratch.path, "target"), "bare-user");
  await pullAndKill(repo, source, 100);
  stock(`--repo=${repo.path}`, "pull-local", source, "main");
  stock(`--repo=${repo.path}`, "fsck", "-q");
});

for (const mode of ["archive", "bare-user", "bare"] as readonly RepoMode[]) {
  test(`half-written files of a killed pull are not taken for objects, ${mode}`, async () => {
    using scratch = temporary();
    const source = makeSource(scratch.path);
    const repo = Repo.init(join(scratch.path, "target"), mode);
    await pullAndKill(repo, source, 100);
    const [staging] = globSync("tmp/staging-*/", { cwd: repo.path });
    mkdirSync(join(repo.path, staging!, "incoming-1-1"), { recursive: true });
    writeFileSync(join(repo.path, staging!, "incoming-1-1/temporary-1"), "half");
    // As a kill between opening and finishing leaves them: files and directories have their mode at the end.
    const gathered = globSync("tmp/staging-*/??/*.{file,filez,dirtree,dirmeta}", { cwd: repo.path });
    for (const name of gathered.slice(0, 40)) {
      const path = join(repo.path, name);
      writeFileSync(path, "half");
      if (mode === "archive" || name.includes(".dir")) chmodSync(path, 0o600);
    }
    await using server = await serveDirectory(source);
    await pull(repo, { url: server.url, refs: ["main"] });
    stock(`--repo=${repo.path}`, "fsck", "-q");
  });
}

test("a transaction of another kind leaves what a pull gathered, and a pull leaves a living one alone", () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "target"), "bare-user");
  const first = Transaction.begin(repo, { resume: true });
  first.writeContent({ uid: 0, gid: 0, mode: 0o100644, symlink: "", xattrs: [] }, Buffer.from("x"));
  const second = Transaction.begin(repo, { resume: true });
  assert.notEqual(second.store.staging, first.store.staging);
  second.abort();
  first.abort();
  Transaction.begin(repo).abort();
  const third = Transaction.begin(repo, { resume: true });
  assert.equal(third.store.staging, first.store.staging);
  third.drop();
  assert.deepEqual(readdirSync(join(repo.path, "tmp")), ["cache"]);
});

test("a large object that was half fetched when the pull was killed goes on by Range", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  mkdirSync(tree);
  const large = randomBytes(24 << 20);
  writeFileSync(join(tree, "large"), large);
  writeFileSync(join(tree, "small"), "small\n");
  const source = join(scratch.path, "source");
  stock(`--repo=${source}`, "init", "--mode=archive");
  stock(`--repo=${source}`, "commit", "-b", "main", `--tree=dir=${tree}`);
  const half = 12 << 20;
  const repo = Repo.init(join(scratch.path, "target"), "bare-user");
  await killWhenHalf(repo, source, half);
  const ranges: string[] = [];
  const server = createServer((request, response) => {
    const path = join(source, request.url!);
    if (!existsSync(path)) return void response.writeHead(404).end();
    const bytes = readFileSync(path);
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (request.url!.endsWith(".filez")) ranges.push(`${bytes.length > half ? "large" : "small"} from ${from > 0}`);
    if (from === 0) return void response.end(bytes);
    response.writeHead(206, { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` });
    response.end(bytes.subarray(from));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stats = await pull(repo, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refs: ["main"],
  });
  server.close();
  assert.deepEqual(ranges, ["large from true"], "the small object was complete");
  assert.equal(stats.fetchedContent, 1);
  stock(`--repo=${repo.path}`, "fsck", "-q");
  assert.deepEqual(readdirSync(join(repo.path, "tmp")), ["cache"]);
});

/** Kills a pull when it has the small object and half of the large one. */
async function killWhenHalf(repo: Repo, source: string, half: number): Promise<void> {
  const server = createServer((request, response) => {
    const path = join(source, request.url!);
    if (!existsSync(path)) return void response.writeHead(404).end();
    const bytes = readFileSync(path);
    if (bytes.length <= half) return void response.end(bytes);
    response.writeHead(200, { "content-length": bytes.length });
    response.write(bytes.subarray(0, half));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const child = pullInChild(repo, url);
  const size = () =>
    globSync("tmp/staging-*/partial/*", { cwd: repo.path }).map((path) => statSync(join(repo.path, path)).size);
  const small = () => globSync("tmp/staging-*/??/*.file", { cwd: repo.path }).length;
  while (size()[0] !== half || small() < 1) await new Promise((wait) => setTimeout(wait, 10));
  child.kill("SIGKILL");
  await once(child, "exit");
  server.closeAllConnections();
  server.close();
}
