// SPDX-License-Identifier: Apache-2.0
/** Mirror lists, metalinks, content servers and cached summaries, on servers of repositories that stock made. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { addRemote, fetchRemoteSummary, listRemotes, pull, Repo, serveDirectory } from "../../../src/ostree/index.ts";
import { stock, temporary } from "../fixture.ts";

function makeSource(directory: string): string {
  const tree = join(directory, "tree");
  mkdirSync(tree);
  for (let index = 0; index < 10; index++) writeFileSync(join(tree, `${index}`), `content ${index}\n`);
  const source = join(directory, "source");
  stock(`--repo=${source}`, "init", "--mode=archive");
  stock(`--repo=${source}`, "commit", "-b", "main", `--tree=dir=${tree}`);
  stock(`--repo=${source}`, "summary", "-u");
  return source;
}

function target(directory: string, name: string, set: Record<string, string>): Repo {
  const repo = Repo.init(join(directory, name), "bare-user");
  addRemote(repo, "origin", { set: new Map([["gpg-verify", "false"], ...Object.entries(set)]) });
  return repo;
}

async function pulls(repo: Repo, source: string): Promise<void> {
  await pull(repo, { remote: "origin", refs: ["main"] });
  stock(`--repo=${repo.path}`, "fsck", "-q");
  assert.equal(repo.resolve("origin:main"), stock(`--repo=${source}`, "rev-parse", "main").trim());
}

test("what one mirror lacks comes from the next; those that do not work are left out", async () => {
  using scratch = temporary();
  const source = makeSource(scratch.path);
  const mirrors = ["one", "two"].map((name) => join(scratch.path, name));
  for (const [index, mirror] of mirrors.entries()) {
    cpSync(source, mirror, { recursive: true });
    const files = globSync("objects/*/*.filez", { cwd: mirror }).sort();
    for (const [at, file] of files.entries()) if (at % 2 === index) rmSync(join(mirror, file));
  }
  await using one = await serveDirectory(mirrors[0]!);
  await using two = await serveDirectory(mirrors[1]!);
  const list = join(scratch.path, "lists");
  mkdirSync(list);
  const text = `\n# a comment\nftp://example.com/\n${one.url}/nothing\n${one.url}\n\n${two.url}\n`;
  writeFileSync(join(list, "mirrors"), text);
  await using lists = await serveDirectory(list);
  const url = `mirrorlist=${lists.url}/mirrors`;
  await pulls(target(scratch.path, "all", { url }), source);
  await pulls(target(scratch.path, "content", { url: two.url, contenturl: url }), source);
  writeFileSync(join(list, "mirrors"), `${one.url}/nothing\n`);
  await assert.rejects(
    pulls(target(scratch.path, "none", { url }), source),
    /No valid mirrors were found in mirrorlist/,
  );
  const away = target(scratch.path, "away", { url: `mirrorlist=${lists.url}/missing` });
  await assert.rejects(
    pulls(away, source),
    /While fetching mirrorlist .*: While fetching .*: Server returned HTTP 404/,
  );
});

test("a metalink leads to the first place with the summary that it means", async () => {
  using scratch = temporary();
  const source = makeSource(scratch.path);
  await using server = await serveDirectory(source);
  const summary = readFileSync(join(source, "summary"));
  writeFileSync(join(source, "summary.bad"), "broken");
  const places = ["summary.bad", "nowhere", "summary"].map(
    (name) => `<url protocol="http">${server.url}/${name}</url>`,
  );
  writeFileSync(
    join(source, "metalink.xml"),
    `<metalink><files><file name="summary"><size>${summary.length}</size>
     <verification><hash type="sha256">${hash("sha256", summary)}</hash></verification>
     <resources>${places.join("")}</resources></file></files></metalink>`,
  );
  const repo = target(scratch.path, "target", { metalink: `${server.url}/metalink.xml` });
  await pulls(repo, source);
  assert.deepEqual([...(await fetchRemoteSummary(repo, "origin")).summary.refs.keys()], ["main"]);
  writeFileSync(join(source, "summary"), "moo");
  await assert.rejects(pulls(repo, source), /Exhausted 3 metalink targets, last error: Expected size is \d+ bytes/);
});

test("a summary that is still the same is not sent again", async () => {
  using scratch = temporary();
  const source = makeSource(scratch.path);
  writeFileSync(join(source, "summary.sig"), "any signatures");
  const answers: string[] = [];
  const server = createServer((request, response) => {
    const name = request.url!.slice(1);
    const bytes = statSync(join(source, name), { throwIfNoEntry: false })?.isFile() && readFileSync(join(source, name));
    const etag = bytes ? `"${hash("md5", bytes)}"` : "";
    const same = bytes && request.headers["if-none-match"] === etag;
    if (name.startsWith("summary")) answers.push(`${name} ${same ? 304 : 200}`);
    if (!bytes) response.writeHead(404).end();
    else if (same) response.writeHead(304, { etag }).end();
    else response.writeHead(200, { etag }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const repo = target(scratch.path, "target", { url });
    await pulls(repo, source);
    assert.deepEqual(answers.splice(0), ["summary.sig 200", "summary 200"]);
    await pulls(repo, source);
    assert.deepEqual(answers.splice(0), ["summary.sig 304"]);
    stock(`--repo=${source}`, "commit", "-b", "other", `--tree=ref=main`);
    stock(`--repo=${source}`, "summary", "-u");
    writeFileSync(join(source, "summary.sig"), "other signatures");
    await pulls(repo, source);
    assert.deepEqual(answers.splice(0), ["summary.sig 200", "summary 200"]);
    await pull(repo, { remote: "origin", refs: ["main"], cacheDirectory: join(scratch.path, "cache") });
    assert.deepEqual(answers.splice(0), ["summary.sig 200", "summary 200"]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("remotes of a system root are files below its /etc, as stock has them", () => {
  using scratch = temporary();
  const root = join(scratch.path, "root");
  mkdirSync(root);
  stock("admin", "init-fs", root);
  const repo = Repo.open(join(root, "ostree/repo"), { sysroot: root });
  addRemote(repo, "ours", { url: "http://example.com/a" });
  stock("remote", "add", `--sysroot=${root}`, "theirs", "http://example.com/b");
  assert.match(readFileSync(join(root, "etc/ostree/remotes.d/ours.conf"), "utf8"), /\[remote "ours"\]\nurl=http/);
  assert.deepEqual(listRemotes(Repo.open(repo.path, { sysroot: root })), ["ours", "theirs"]);
});
