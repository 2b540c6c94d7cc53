// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type RunningServer, serveDirectory } from "../../src/ostree/index.ts";

const directory = mkdtempSync(join(tmpdir(), "serve-"));
const root = join(directory, "root");
let server: RunningServer;

before(async () => {
  mkdirSync(join(root, "objects/ab"), { recursive: true });
  writeFileSync(join(root, "small"), "0123456789");
  writeFileSync(join(root, "empty"), "");
  writeFileSync(join(root, "large"), Buffer.alloc(1 << 20, "x"));
  writeFileSync(join(root, "with space"), "spaced");
  writeFileSync(join(directory, "secret"), "secret");
  symlinkSync("../secret", join(root, "escape"));
  symlinkSync("small", join(root, "inside"));
  server = await serveDirectory(root);
});

after(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

/** Sends raw bytes and gives what comes back until the server is silent. */
async function raw(text: string, until: RegExp): Promise<string> {
  const socket = connect(server.port, "127.0.0.1");
  socket.write(text);
  let answer = "";
  for await (const piece of socket) {
    answer += String(piece);
    if (until.test(answer)) break;
  }
  socket.destroy();
  return answer;
}

test("serves small, large and empty files, and names with escapes", async () => {
  assert.equal(await (await fetch(`${server.url}/small`)).text(), "0123456789");
  assert.equal((await (await fetch(`${server.url}/large`)).arrayBuffer()).byteLength, 1 << 20);
  assert.equal(await (await fetch(`${server.url}/empty`)).text(), "");
  assert.equal(await (await fetch(`${server.url}/with%20space?query`)).text(), "spaced");
  assert.equal(await (await fetch(`${server.url}/inside`)).text(), "0123456789");
});

test("HEAD has the length and no body", async () => {
  const response = await fetch(`${server.url}/large`, { method: "HEAD" });
  assert.equal(response.headers.get("content-length"), String(1 << 20));
  assert.equal(await response.text(), "");
});

test("ranges", async () => {
  const get = async (range: string) => {
    const response = await fetch(`${server.url}/small`, { headers: { range } });
    return [response.status, await response.text()];
  };
  assert.deepEqual(await get("bytes=2-4"), [206, "234"]);
  assert.deepEqual(await get("bytes=7-"), [206, "789"]);
  assert.deepEqual(await get("bytes=-3"), [206, "789"]);
  assert.deepEqual(await get("bytes=8-100"), [206, "89"]);
  assert.deepEqual(await get("bytes=10-"), [416, ""]);
  assert.deepEqual(await get("bytes=nonsense"), [200, "0123456789"]);
});

test("an unchanged file is not sent again", async () => {
  const etag = (await fetch(`${server.url}/small`)).headers.get("etag")!;
  assert.equal((await fetch(`${server.url}/small`, { headers: { "if-none-match": etag } })).status, 304);
});

test("nothing outside of the root is served", async () => {
  for (const path of ["/../secret", "/objects/../../secret", "/%2e%2e/secret", "//../secret", "/escape", "/small%00"]) {
    const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, /\r\n\r\n$/);
    assert.match(answer, /^HTTP\/1.1 404 /, path);
    assert.doesNotMatch(answer, /secret\n?$/);
  }
});

test("directories, missing files, bad escapes and other methods are refused", async () => {
  assert.equal((await fetch(`${server.url}/objects`)).status, 404);
  assert.equal((await fetch(`${server.url}/missing`)).status, 404);
  assert.equal((await fetch(`${server.url}/%zz`)).status, 404);
  assert.equal((await fetch(`${server.url}/small`, { method: "POST", body: "x" })).status, 405);
});

test("answers pipelined requests in order on one connection", async () => {
  const request = (path: string) => `GET /${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const answer = await raw(request("small") + request("missing") + request("with%20space"), /spaced$/);
  assert.deepEqual(
    [...answer.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status),
    ["200", "404", "200"],
  );
});
