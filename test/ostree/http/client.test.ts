// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { HttpClient } from "../../../src/ostree/http/client.ts";
import type { ClientOptions, GetOptions } from "../../../src/ostree/http/model.ts";

let server: Server | undefined;
let client: HttpClient | undefined;
const sockets = new Set<Socket>();

afterEach(() => {
  client?.[Symbol.dispose]();
  for (const socket of sockets) socket.destroy();
  server?.close();
});

/** A server that is told each request's path and may write anything to the socket. */
async function serve(
  answer: (path: string, socket: Socket, count: number, head: string) => void,
  options: Partial<ClientOptions> = {},
) {
  let count = 0;
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    let pending = "";
    socket.on("data", (bytes) => {
      pending += bytes.toString();
      for (let end = pending.indexOf("\r\n\r\n"); end >= 0; end = pending.indexOf("\r\n\r\n")) {
        const path = /^GET (\S+)/.exec(pending)![1]!;
        const head = pending.slice(0, end);
        pending = pending.slice(end + 4);
        if (!socket.destroyed) answer(path, socket, ++count, head);
      }
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const { port } = server.address() as { port: number };
  client = new HttpClient({ url: `http://127.0.0.1:${port}/repo`, connections: 2, ...options });
  return { client, port };
}

const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const limit: GetOptions = { limit: 1000 };
const text = async (name: string, options = limit) => (await client!.get(name, options)).body?.bytes.toString();
const code = (code: string) => (error: Error & { code?: string }) => error.code === code;

test("many requests on few connections, answered in any pieces", async () => {
  await serve(
    (path, socket) => {
      const answer = ok(`body of ${path}`);
      socket.write(answer.slice(0, 20));
      setImmediate(() => {
        for (const letter of answer.slice(20)) socket.write(letter);
      });
    },
    { depth: 1 },
  );
  const names = Array.from({ length: 20 }, (_, index) => `objects/${index}`);
  assert.deepEqual(
    await Promise.all(names.map((name) => text(name))),
    names.map((name) => `body of /repo/${name}`),
  );
});

test("pipelines, and goes on when the server closes after some answers", async () => {
  const connections = new Map<Socket, number>();
  await serve((path, socket) => {
    const answered = (connections.get(socket) ?? 0) + 1;
    connections.set(socket, answered);
    if (answered <= 3) socket.write(ok(path));
    if (answered === 3) socket.end();
  });
  const names = Array.from({ length: 30 }, (_, index) => `${index}`);
  assert.deepEqual(
    await Promise.all(names.map((name) => text(name))),
    names.map((name) => `/repo/${name}`),
  );
});

test("chunked bodies, bodies that end with the connection, and interim answers", async () => {
  await serve((path, socket) => {
    if (path.endsWith("chunked")) {
      socket.write(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX: y\r\n\r\n",
      );
    } else if (path.endsWith("close")) socket.end("HTTP/1.1 200 OK\r\n\r\nuntil the end");
    else socket.write(`HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${ok("after hints")}`);
  });
  assert.equal(await text("chunked"), "hello world");
  assert.equal(await text("hints"), "after hints");
  assert.equal(await text("close"), "until the end");
});

test("a missing file is an answer without body; another status is an error", async () => {
  await serve((path, socket) => {
    socket.write(`HTTP/1.1 ${path.slice(-3)} No\r\nContent-Length: 4\r\n\r\npage`);
  });
  for (const status of [403, 404, 410]) assert.deepEqual(await client!.get(`${status}`, limit), { status });
  await assert.rejects(client!.get("401", limit), code("base-http-status"));
  await assert.rejects(client!.get("302", limit), code("base-http-status"));
});

test("a server error is tried again, and given up after the retries", async () => {
  const seen = await serve(
    (path, socket, count) => {
      if (path.endsWith("always") || count < 3) socket.write("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
      else socket.write(ok("at last"));
    },
    { retries: 2 },
  );
  assert.equal(await text("sometimes"), "at last");
  await assert.rejects(client!.get("always", limit), (error: Error) =>
    error.message.includes(`http://127.0.0.1:${seen.port}/repo/always: Server returned HTTP 503`),
  );
});

test("a truncated body and garbage are errors after retries", async () => {
  await serve(
    (path, socket) => {
      socket.end(path.endsWith("short") ? "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort" : "garbage\r\n\r\n");
    },
    { retries: 1 },
  );
  await assert.rejects(client!.get("short", limit), /Transferred a partial file/);
  await assert.rejects(client!.get("garbage", limit), /the answer is not HTTP/);
});

test("a body over the limit is cut off, announced or not", async () => {
  let written = 0;
  await serve((path, socket) => {
    if (path.endsWith("announced")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n");
    else {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      const more = () => {
        if (socket.destroyed) return;
        written += 1000;
        socket.write(`3e8\r\n${"x".repeat(1000)}\r\n`, () => setImmediate(more));
      };
      more();
    }
  });
  await assert.rejects(client!.get("announced", limit), code("base-too-large"));
  await assert.rejects(client!.get("endless", limit), code("base-too-large"));
  await assert.rejects(client!.get("endless", { limit: 1 << 30, limitFrom: () => 5000 }), code("base-too-large"));
  assert.ok(written < 1 << 20);
});

test("a large body goes to a file, and is gone on with where it stopped, also by another client", async () => {
  const directory = mkdtempSync(join(tmpdir(), "spill-"));
  const body = Buffer.alloc(9 << 20, "y");
  const ranges: string[] = [];
  const spill = (name: string) => () => join(directory, name);
  await serve(
    (path, socket, _, head) => {
      const from = Number(/^Range: bytes=(\d+)-/im.exec(head)?.[1] ?? 0);
      if (from > 0) ranges.push(path);
      const more = path.endsWith("whole") || from > 0 ? body.length : 6 << 20;
      const status = from > 0 ? `206 Partial\r\nContent-Range: bytes ${from}-${body.length - 1}/*` : "200 OK";
      socket.write(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length - from}\r\n\r\n`);
      socket.end(body.subarray(from, more));
    },
    { retries: 0 },
  );
  const whole = await client!.get("whole", { limit: 1 << 30, spill: spill("whole") });
  assert.equal(whole.body?.size, 9 << 20);
  assert.equal(readFileSync(whole.body.file!).length, 9 << 20);
  await assert.rejects(client!.get("part", { limit: 1 << 30, spill: spill("part") }), /Transferred a partial file/);
  assert.deepEqual(ranges, []);
  const rest = await client!.get("part", { limit: 1 << 30, spill: spill("part"), resume: spill("part")() });
  assert.ok(rest.body?.resumed);
  assert.deepEqual(readFileSync(rest.body.file!), body);
  assert.deepEqual(ranges, ["/repo/part"]);
  rmSync(directory, { recursive: true });
});

test("a body that is cut off is gone on with, and begun again where the server has another", async () => {
  const heads: string[] = [];
  await serve((path, socket, count, head) => {
    heads.push(head);
    const tag = `ETag: "${path.endsWith("changed") ? count : 1}"\r\n`;
    if (count === 1) socket.end(`HTTP/1.1 200 OK\r\n${tag}Content-Length: 11\r\n\r\nhello`);
    else if (path.endsWith("changed")) socket.write(ok("another one"));
    else socket.write(`HTTP/1.1 206 P\r\n${tag}Content-Range: bytes 5-10/11\r\nContent-Length: 6\r\n\r\n world`);
  });
  assert.equal(await text("same"), "hello world");
  assert.match(heads[1]!, /Range: bytes=5-\r\nIf-Range: "1"/);
  heads.length = 0;
});

test("redirects are followed, loops are not", async () => {
  const found = createServer((socket) => {
    sockets.add(socket);
    socket.on("data", () => socket.end(ok("elsewhere").replace("\r\n", "\r\nConnection: close\r\n")));
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  found.listen(0, "127.0.0.1", resolve);
  await promise;
  const { port } = found.address() as { port: number };
  await serve((path, socket) => {
    const target = path.endsWith("loop") ? path : `http://127.0.0.1:${port}/x`;
    socket.write(`HTTP/1.1 302 Found\r\nLocation: ${target}\r\nContent-Length: 0\r\n\r\n`);
  });
  assert.equal(await text("away"), "elsewhere");
  await assert.rejects(client!.get("loop", limit), /more than 10 redirects/);
  found.close();
});

test("a server that sends nothing is given up", async () => {
  await serve(() => {}, { idleSeconds: 0.2, retries: 1 });
  await assert.rejects(client!.get("silent", limit), /Operation too slow/);
});

test("headers are sent; what would forge a request is refused", async () => {
  const { port } = await serve((_, socket) => socket.write(ok("x")), { headers: { "X-Token": "secret" } });
  assert.equal(await text("x"), "x");
  assert.throws(() => {
    const bad = new HttpClient({ url: `http://127.0.0.1:${port}`, headers: { "X-A": "b\r\nX-C: d" } });
    void bad.get("x", limit).catch(() => {});
  }, /not a valid HTTP header/);
});

test("nobody listening", async () => {
  const { port } = await serve(() => {});
  server!.close();
  client = new HttpClient({ url: `http://127.0.0.1:${port}`, retries: 1 });
  await assert.rejects(client.get("x", limit), code("base-http-failed"));
});
