// SPDX-License-Identifier: Apache-2.0
/** HTTP/2 against node's own server, with TLS made by openssl. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { createServer, connect, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { HttpClient } from "../../../src/ostree/http/client.ts";
import type { ClientOptions } from "../../../src/ostree/http/model.ts";
import { newRateLimit } from "../../../src/ostree/http/rate-limit.ts";

const directory = mkdtempSync(join(tmpdir(), "tls-"));
const request =
  "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost " +
  "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out cert.pem";
execFileSync("openssl", request.split(" "), { cwd: directory, stdio: "ignore" });
const [key, cert] = ["key.pem", "cert.pem"].map((name) => readFileSync(join(directory, name), "utf8")) as [
  string,
  string,
];
after(() => rmSync(directory, { recursive: true }));

const open: { close(): void }[] = [];
const clients: HttpClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client[Symbol.dispose]();
  for (const server of open.splice(0)) server.close();
});

async function listening(server: Server | Http2SecureServer): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return (server.address() as AddressInfo).port;
}

interface Seen {
  sessions: number;
  readonly headers: Record<string, unknown>[];
}

async function serve(answer: (path: string, stream: ServerHttp2Stream, count: number) => void) {
  const seen: Seen = { sessions: 0, headers: [] };
  const server = createSecureServer({ key, cert, settings: { maxConcurrentStreams: 20 } });
  server.on("session", () => seen.sessions++);
  server.on("sessionError", () => {});
  server.on("stream", (stream, headers) => {
    seen.headers.push({ ...headers });
    stream.on("error", () => {});
    answer(String(headers[":path"]), stream as ServerHttp2Stream, seen.headers.length);
  });
  return { seen, port: await listening(server) };
}

function client(port: number, options: Partial<ClientOptions> = {}): HttpClient {
  const made = new HttpClient({ url: `https://localhost:${port}/repo`, tls: { ca: cert }, ...options });
  clients.push(made);
  return made;
}

const limit = { limit: 64 << 20 };

test("many requests share one connection of HTTP/2", async () => {
  let most = 0;
  let now = 0;
  const { seen, port } = await serve((path, stream) => {
    most = Math.max(most, ++now);
    setTimeout(() => {
      now--;
      stream.respond({ ":status": path.endsWith("7") ? 404 : 200 });
      stream.end(`body of ${path}`);
    }, 2);
  });
  const http = client(port, { headers: { "X-Token": "a" } });
  const names = Array.from({ length: 60 }, (_, index) => `objects/${index}`);
  const answers = await Promise.all(names.map((name) => http.get(name, limit)));
  for (const [index, { status, body }] of answers.entries()) {
    if (index % 10 === 7) assert.deepEqual([status, body], [404, undefined]);
    else assert.equal(body?.bytes.toString(), `body of /repo/objects/${index}`);
  }
  assert.equal(http.protocol, "h2");
  assert.equal(seen.sessions, 1);
  assert.ok(most > 5 && most <= 20, `${most} at a time`);
  assert.equal(seen.headers[0]!["x-token"], "a");
});

test("a stream that is reset is gone on with by Range; the others do not notice", async () => {
  const { seen, port } = await serve((path, stream, count) => {
    const from = /bytes=(\d+)-/.exec(String(seen.headers[count - 1]!["range"] ?? ""))?.[1];
    if (!path.endsWith("broken")) {
      stream.respond({ ":status": 200 });
      stream.end("whole");
    } else if (from === undefined) {
      stream.respond({ ":status": 200, etag: '"1"', "content-length": 11 });
      stream.write("hello", () => stream.close(2));
    } else {
      stream.respond({ ":status": 206, "content-range": `bytes ${from}-10/11` });
      stream.end(" world".slice(Number(from) - 5));
    }
  });
  const http = client(port);
  const [broken, whole] = await Promise.all([http.get("broken", limit), http.get("other", limit)]);
  assert.equal(broken.body?.bytes.toString(), "hello world");
  assert.equal(whole.body?.bytes.toString(), "whole");
});

test("what is too large is cut off, and a server error is tried again", async () => {
  const { port } = await serve((path, stream, count) => {
    if (path.endsWith("large")) {
      stream.respond({ ":status": 200 });
      stream.end(Buffer.alloc(2000));
    } else {
      stream.respond({ ":status": count < 3 ? 503 : 200 });
      stream.end("at last");
    }
  });
  const http = client(port);
  assert.equal((await http.get("busy", limit)).body?.bytes.toString(), "at last");
  await assert.rejects(http.get("large", { limit: 1000 }), { code: "base-too-large" });
});

test("http2=false, and a server without it, get HTTP/1.1", async () => {
  const { port } = await serve((_, stream) => {
    stream.respond({ ":status": 200 });
    stream.end("h2");
  });
  const refused = client(port, { http2: false, retries: 0 });
  await assert.rejects(refused.get("x", limit));
  const old = createHttpsServer({ key, cert }, (request, response) => response.end(request.httpVersion));
  const http = client(await listening(old));
  assert.equal((await http.get("x", limit)).body?.bytes.toString(), "1.1");
  assert.equal(http.protocol, "http/1.1");
});

test("a server that is not known is refused, unless the remote is permissive", async () => {
  const old = createHttpsServer({ key, cert }, (_, response) => response.end("x"));
  const port = await listening(old);
  await assert.rejects(client(port, { tls: {}, retries: 0 }).get("x", limit), /self-signed certificate/);
  const trusting = client(port, { tls: { permissive: true } });
  assert.equal((await trusting.get("x", limit)).body?.bytes.toString(), "x");
});

/** A proxy that notes what it is asked for and wants a password. */
async function proxy(asked: string[]): Promise<number> {
  return listening(
    createServer((near) => {
      near.on("error", () => {});
      near.once("data", (bytes) => {
        const head = bytes.toString("latin1");
        asked.push(head.split("\r\n")[0]!);
        if (!head.includes(`Proxy-Authorization: Basic ${Buffer.from("me:secret").toString("base64")}`)) {
          near.end("HTTP/1.1 407 Password\r\nContent-Length: 0\r\n\r\n");
          return;
        }
        const tunnel = /^CONNECT [^:]+:(\d+)/.exec(head);
        if (!tunnel) {
          near.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain");
          return;
        }
        const far = connect({ host: "127.0.0.1", port: Number(tunnel[1]) }, () => {
          near.write("HTTP/1.1 200 Go\r\n\r\n");
          near.pipe(far).pipe(near);
        });
        far.on("error", () => near.destroy());
      });
    }),
  );
}

test("a proxy passes HTTPS through a tunnel, and is told the whole URL of HTTP", async () => {
  const asked: string[] = [];
  const through = `http://me:secret@127.0.0.1:${await proxy(asked)}`;
  const { port } = await serve((_, stream) => {
    stream.respond({ ":status": 200 });
    stream.end("tunnelled");
  });
  const secure = client(port, { proxy: through });
  assert.equal((await secure.get("x", limit)).body?.bytes.toString(), "tunnelled");
  assert.equal(secure.protocol, "h2");
  const http = client(0, { url: "http://example.invalid/repo", proxy: through });
  assert.equal((await http.get("config", limit)).body?.bytes.toString(), "plain");
  assert.deepEqual(asked, [`CONNECT localhost:${port} HTTP/1.1`, "GET http://example.invalid/repo/config HTTP/1.1"]);
  const stranger = client(port, { proxy: through.replace("secret", "guess"), retries: 0 });
  await assert.rejects(stranger.get("x", limit), /the proxy answered HTTP 407/);
});

test("a limited rate is kept, whatever the protocol", async () => {
  const { port } = await serve((_, stream) => {
    stream.respond({ ":status": 200 });
    stream.end(Buffer.alloc(300_000));
  });
  const plain = await listening(createHttpsServer({ key, cert }, (_, response) => response.end(Buffer.alloc(300_000))));
  for (const where of [port, plain]) {
    const http = client(where, { rateLimit: newRateLimit(1_000_000) });
    const began = performance.now();
    await Promise.all(["a", "b"].map((name) => http.get(name, limit)));
    const seconds = (performance.now() - began) / 1000;
    // A lower bound only: a busy machine is slower.
    assert.ok(seconds > 0.4, `600 kB at 1 MB/s in ${seconds} s`);
  }
});
