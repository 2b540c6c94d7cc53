// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync, globSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ProgressEvent } from "../../../src/base/index.ts";
import { loadRepomd, type RpmSource } from "../../../src/packages/index.ts";
import { FileServer, SigningKey } from "../fixture.ts";
import { buildRpms, createRepository } from "./fixture.ts";

const work = mkdtempSync(join(tmpdir(), "atomic-repomd-"));
const repository = join(work, "repository");
const repomdPath = join(repository, "repodata/repomd.xml");
let server: FileServer;
let key: SigningKey;
let otherKey: SigningKey;

before(async () => {
  buildRpms([{ name: "one" }, { name: "two", version: "2.0" }, { name: "two-extra" }], repository);
  createRepository(repository);
  key = new SigningKey(work, "repository");
  otherKey = new SigningKey(work, "other");
  key.gpg("--armor", "-o", `${repomdPath}.asc`, "--detach-sign", repomdPath);
  server = await FileServer.start(work);
});

after(() => {
  server.close();
  key.close();
  otherKey.close();
  rmSync(work, { recursive: true });
});

const cacheDir = () => mkdtempSync(join(work, "cache-"));
const load = (source: Partial<RpmSource>, cache = cacheDir(), options = {}) =>
  loadRepomd([{ id: "test", baseUrls: [], ...source }], cache, options);
const names = async (source: Partial<RpmSource>) =>
  [...(await load({ baseUrls: [repository], ...source })).names()].sort();

function answer(path: string, content: string | Buffer): void {
  server.answers.set(path, (_, response) => response.end(content));
}

function metalink(repomd: Buffer, ...mirrors: string[]): string {
  const old = createHash("sha256").update("an older one").digest("hex");
  const sum = createHash("sha512").update(repomd).digest("hex");
  const urls = mirrors.map(
    (url, at) =>
      `<url protocol="http" type="http" preference="${100 - at}">${server.url}/${url}/repodata/repomd.xml</url>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" xmlns:mm0="http://fedorahosted.org/mirrormanager">
 <files><file name="repomd.xml"><mm0:timestamp>1</mm0:timestamp><size>12</size>
  <verification><hash type="md5">00000000000000000000000000000000</hash><hash type="sha256">${old}</hash></verification>
  <mm0:alternates><mm0:alternate><mm0:timestamp>0</mm0:timestamp><size>${repomd.length}</size>
   <verification><hash type="sha512">${sum}</hash></verification></mm0:alternate></mm0:alternates>
  <resources maxconnections="1">${urls.join("")}
   <url protocol="rsync" type="rsync" preference="100">rsync://nowhere/repodata/repomd.xml</url></resources>
 </file></files></metalink>`;
}

test("a list of mirrors is asked for, and its mirrors tried in turn", async () => {
  answer("/list", `# mirrors\n\n${server.url}/absent\n${server.url}/repository/\n`);
  const cache = cacheDir();
  assert.equal((await load({ mirrorList: `${server.url}/list` }, cache)).count, 3);
  assert.equal((await load({ mirrorList: `${server.url}/list` }, cache, { offline: true })).count, 3);
  answer("/list", "# none\n");
  await assert.rejects(load({ mirrorList: `${server.url}/list` }), {
    code: "packages-not-found",
    message: /names no mirror/,
  });
});

test("a metalink's check sums are those of repomd.xml, or the mirror is not taken", async () => {
  const repomd = readFileSync(repomdPath);
  answer("/metalink", metalink(repomd, "stale", "repository"));
  answer("/stale/repodata/repomd.xml", Buffer.concat([repomd, Buffer.from("\n")]));
  assert.equal((await load({ metalink: `${server.url}/metalink` })).count, 3);
  assert.equal((await load({ mirrorList: `${server.url}/metalink` })).count, 3);
  answer("/metalink", metalink(repomd, "stale"));
  await assert.rejects(load({ metalink: `${server.url}/metalink` }), {
    code: "packages-bad-index",
    message: /not what the metalink says/,
  });
  answer("/metalink", "<metalink><files/></metalink>");
  await assert.rejects(load({ metalink: `${server.url}/metalink` }), { code: "packages-bad-index" });
  server.answers.clear();
});

test("a signed repomd.xml must be signed by a key of the repository", async () => {
  const source = { baseUrls: [`${server.url}/repository`], repoGpgCheck: true };
  writeFileSync(join(work, "key.asc"), `${otherKey.armored()}\n${key.armored()}`);
  writeFileSync(join(work, "other.asc"), otherKey.armored());
  const cache = cacheDir();
  assert.equal((await load({ ...source, gpgKeys: [`${server.url}/key.asc`] }, cache)).count, 3);
  assert.equal((await load({ ...source, gpgKeys: [`${server.url}/key.asc`] }, cache, { offline: true })).count, 3);
  assert.equal((await load({ ...source, gpgKeys: [`file://${work}/key.asc`] })).count, 3);
  await assert.rejects(load({ ...source, gpgKeys: [join(work, "other.asc")] }), { code: "packages-unknown-key" });
  await assert.rejects(load({ ...source, gpgKeys: [join(work, "absent.asc")] }), { code: "packages-keyring" });
  await assert.rejects(load(source), { code: "packages-keyring", message: /no gpgkey is named/ });
  answer("/repository/repodata/repomd.xml", readFileSync(repomdPath, "utf8").replace("<revision>", "<revision>1"));
  await assert.rejects(load({ ...source, gpgKeys: [join(work, "key.asc")] }), { code: "packages-bad-signature" });
  server.answers.clear();
  server.answers.set("/repository/repodata/repomd.xml.asc", (_, response) => response.writeHead(404).end());
  await assert.rejects(load({ ...source, gpgKeys: [join(work, "key.asc")] }), { code: "packages-unsigned" });
  server.answers.clear();
});

test("a repository that is older than it was is refused, unless another mirror is not", async () => {
  const now = readFileSync(repomdPath, "utf8");
  const at = (seconds: number) => now.replaceAll(/<timestamp>\d+</g, `<timestamp>${seconds}<`);
  const source = { baseUrls: [`${server.url}/behind`, `${server.url}/repository`] };
  const behind = "/behind/repodata/repomd.xml";
  const cache = cacheDir();
  const serve = (text: string) => {
    answer(behind, text);
    answer("/repository/repodata/repomd.xml", text);
  };
  const revisions = async () => (await load(source, cache)).repositories[0]!.info.timestamp;
  serve(at(1_600_000_000));
  assert.equal(await revisions(), 1_600_000_000);
  answer(behind, at(1_500_000_000));
  assert.equal(await revisions(), 1_600_000_000, "the second mirror is not behind");
  serve(at(1_500_000_000));
  await assert.rejects(revisions(), { code: "packages-not-found", message: /older than what was seen before/ });
  const only = { baseUrls: [`${server.url}/repository`] };
  answer("/repository/repodata/repomd.xml", at(1_600_000_000).replace(/<revision>\d+</, "<revision>5<"));
  await load(only, cache);
  answer("/repository/repodata/repomd.xml", at(1_600_000_000).replace(/<revision>\d+</, "<revision>4<"));
  const refusal = await load(only, cache).catch((error: unknown) => error as { code: string; hint: string });
  assert.ok("code" in refusal && refusal.code === "packages-set-back");
  rmSync(/rm -r (\S+)$/.exec(refusal.hint)![1]!, { recursive: true });
  await load(only, cache);
  // Not every program that makes metadata tells times.
  serve(now.replaceAll(/<timestamp>\d+<\/timestamp>/g, "").replace(/<revision>\d+</, "<revision>6<"));
  await load(only, cache);
  serve(at(1_600_000_000).replace(/<revision>\d+</, "<revision>7<"));
  await load(only, cache);
  // One from the future says nothing of those after it.
  serve(at(Math.round(Date.now() / 1000) + 1_000_000));
  await load(only, cache);
  serve(at(1_600_000_000));
  await load(only, cache);
  server.answers.clear();
});

test("a repository that cannot be had is left out where it says so, with a warning", async () => {
  const events: ProgressEvent[] = [];
  const sources = [
    { id: "gone", baseUrls: [`${server.url}/nowhere`], skipIfUnavailable: true },
    { id: "here", baseUrls: [repository] },
  ];
  const set = await loadRepomd(sources, cacheDir(), {}, (event) => events.push(event));
  assert.deepEqual(
    set.repositories.map(({ id }) => id),
    ["here"],
  );
  assert.ok(events.some((event) => event.type === "warning" && event.text.startsWith("gone is left out")));
});

test("metadata that has not expired is not asked for", async () => {
  const cache = cacheDir();
  const source = { baseUrls: [`${server.url}/repository`], metadataExpire: 3600 };
  await load(source, cache);
  server.requests.length = 0;
  assert.equal((await load(source, cache)).count, 3);
  assert.deepEqual(server.requests, []);
  for (const path of globSync(join(cache, "repomd/*/repomd.xml"))) utimesSync(path, 1, 1);
  await load(source, cache);
  assert.deepEqual(server.requests, ["/repository/repodata/repomd.xml"]);
});

test("excluded packages are as if they were not there", async () => {
  assert.deepEqual(await names({}), ["one", "two", "two-extra"]);
  assert.deepEqual(await names({ excludes: ["two"] }), ["one", "two-extra"]);
  assert.deepEqual(await names({ excludes: ["two*", "absent"] }), ["one"]);
  assert.deepEqual(await names({ excludes: ["two-2.0-1.noarch"] }), ["one", "two-extra"]);
  assert.deepEqual(await names({ includes: ["two*"] }), ["two", "two-extra"]);
  assert.deepEqual(await names({ includes: ["two*"], excludes: ["*-extra"] }), ["two"]);
  const set = await load({ baseUrls: [repository], excludes: ["two"] });
  assert.deepEqual([set.named("two"), set.providing("two")], [[], []]);
  assert.equal(set.all().length, 2);
});

test("a password goes to the server that it is for, and a proxy is asked for everything", async () => {
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(`${request.url} ${request.headers.authorization} ${request.headers["proxy-authorization"]}`);
    const path = new URL(request.url!).pathname;
    if (path.startsWith("/moved/")) response.writeHead(302, { location: `http://other.test${path.slice(6)}` }).end();
    else response.end(readFileSync(join(work, path)));
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  const connection = { username: "me", password: "secret", proxy: `http://p:q@127.0.0.1:${port}/` };
  const set = await load({ baseUrls: ["http://repository.test/moved/repository"], connection });
  assert.equal(set.count, 3);
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  assert.deepEqual(seen.slice(0, 2), [
    `http://repository.test/moved/repository/repodata/repomd.xml ${basic("me:secret")} ${basic("p:q")}`,
    `http://other.test/repository/repodata/repomd.xml undefined ${basic("p:q")}`,
  ]);
  proxy.close();
  proxy.closeAllConnections();
});

test("servers are verified, and shown a certificate", async () => {
  const pem = (name: string) => join(work, `${name}.pem`);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: ["ignore", "pipe", "pipe"] });
  for (const name of ["server", "client"]) {
    const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    openssl("req", "-x509", ...curve, "-nodes", ...subject, "-keyout", pem(`${name}-key`), "-out", pem(name));
  }
  const tls = createSecureServer(
    {
      cert: readFileSync(pem("server")),
      key: readFileSync(pem("server-key")),
      ca: readFileSync(pem("client")),
      requestCert: true,
    },
    (request, response) => response.end(readFileSync(join(work, request.url!))),
  );
  await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
  const baseUrls = [`https://127.0.0.1:${(tls.address() as AddressInfo).port}/repository`];
  const client = { sslClientCert: pem("client"), sslClientKey: pem("client-key") };
  const secured = (connection: RpmSource["connection"]) =>
    load({ baseUrls, connection: { retries: 0, ...connection } });
  assert.equal((await secured({ ...client, sslCaCert: pem("server") })).count, 3);
  assert.equal((await secured({ ...client, sslVerify: false })).count, 3);
  await assert.rejects(secured(client), { code: "base-http-failed" });
  await assert.rejects(secured({ sslCaCert: pem("server") }), { code: "base-http-failed" });
  await assert.rejects(secured({ sslClientCert: pem("absent") }), { code: "packages-repo-file" });
  tls.close();
  tls.closeAllConnections();
});
