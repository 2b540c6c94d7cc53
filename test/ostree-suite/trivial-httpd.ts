// SPDX-License-Identifier: Apache-2.0
/** Serves a directory over HTTP with the faults that a client must survive; options as ostree-trivial-httpd(1). */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    daemonize: { type: "boolean", short: "d" },
    autoexit: { type: "boolean" },
    port: { type: "string", short: "P", default: "0" },
    "port-file": { type: "string", short: "p" },
    "force-range-requests": { type: "boolean" },
    "require-basic-auth": { type: "boolean" },
    "random-500s": { type: "string", default: "0" },
    "random-500s-max": { type: "string", default: "100" },
    "random-408s": { type: "string", default: "0" },
    "random-408s-max": { type: "string", default: "100" },
    "log-file": { type: "string" },
    "expected-cookies": { type: "string", multiple: true, default: [] },
    "expected-header": { type: "string", multiple: true, default: [] },
  },
});

const root = realpathSync(positionals[0] ?? ".");
const serverErrors = fault(options["random-500s"], options["random-500s-max"]);
const timeouts = fault(options["random-408s"], options["random-408s-max"]);

/** True for about `percentage` of the calls, at most `limit` times. */
function fault(percentage: string, limit: string): () => boolean {
  let left = Number(limit);
  return () => left > 0 && Math.random() * 100 < Number(percentage) && left-- > 0;
}

function log(line: string): void {
  const file = options["log-file"];
  if (file === "-") process.stdout.write(`${line}\n`);
  else if (file !== undefined) appendFileSync(file, `${line}\n`);
}

function refusal(request: IncomingMessage, path: string): number | undefined {
  const { cookie = "", authorization } = request.headers;
  const basic = `Basic ${Buffer.from("foouser:barpw").toString("base64")}`;
  if (options["require-basic-auth"] && authorization !== basic) return 401;
  if (!["GET", "HEAD"].includes(request.method ?? "")) return 501;
  const cookies = cookie.split(";").map((text) => text.trim());
  if (options["expected-cookies"].some((wanted) => !cookies.includes(wanted))) return 403;
  for (const wanted of options["expected-header"]) {
    const [, name, value] = /^([^=]*)=(.*)$/.exec(wanted)!;
    if (request.headers[name!.toLowerCase()] !== value) return 403;
  }
  if (path.includes("../")) return 403;
  if (serverErrors()) return 500;
  return timeouts() ? 408 : undefined;
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
  log(`serving ${path}`);
  const refused = refusal(request, path);
  if (refused === undefined) serve(request, response, path);
  else response.writeHead(refused, refused === 401 ? { "WWW-Authenticate": 'Basic realm="auth-test"' } : {}).end();
  log(`  status: ${response.statusMessage} (${response.statusCode})`);
}

function serve(request: IncomingMessage, response: ServerResponse, path: string): void {
  const file = join(root, path);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return void response.writeHead(404).end();
  // Only what anybody may read.
  if ((found.mode & 0o004) === 0 || (found.isDirectory() && (found.mode & 0o001) === 0))
    return void response.writeHead(403).end();
  if (!found.isDirectory()) return sendFile(request, response, path, readFileSync(file), found.mtime);
  if (!path.endsWith("/")) return void response.writeHead(301, { Location: `${path}/` }).end();
  const index = join(file, "index.html");
  if (existsSync(index)) return sendFile(request, response, path, readFileSync(index), found.mtime);
  response.writeHead(200, { "Content-Type": "text/html" }).end(`<title>Index of ${path}</title>`);
}

function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  content: Buffer,
  changed: Date,
): void {
  const etag = `"${createHash("sha256").update(content).digest("hex")}"`;
  const headers = { ETag: etag, "Last-Modified": changed.toUTCString(), "Accept-Ranges": "bytes" };
  if (isCached(request, etag, changed)) return void response.writeHead(304, headers).end();
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  if (range) {
    const start = Number(range[1]);
    if (start >= content.length) return void response.writeHead(416, headers).end();
    const part = content.subarray(start, range[2] ? Number(range[2]) + 1 : undefined);
    const place = `bytes ${start}-${start + part.length - 1}/${content.length}`;
    response.writeHead(206, { ...headers, "Content-Range": place, "Content-Length": part.length }).end(part);
    return;
  }
  response.writeHead(200, { ...headers, "Content-Length": content.length });
  const cut = options["force-range-requests"] && path.includes("/objects");
  if (cut) response.write(content.subarray(0, content.length / 2), () => response.socket?.destroySoon());
  else response.end(request.method === "HEAD" ? undefined : content);
}

function isCached(request: IncomingMessage, etag: string, changed: Date): boolean {
  const { "if-none-match": match, "if-modified-since": since } = request.headers;
  if (match !== undefined) return match === etag;
  return since !== undefined && Math.floor(changed.getTime() / 1000) * 1000 <= Date.parse(since);
}

/** Runs the same command line without --daemonize apart from this process, and waits until it serves. */
async function daemonize(): Promise<void> {
  const words = process.argv.slice(1).filter((word) => word !== "--daemonize" && word !== "-d");
  const portFile = options["port-file"];
  // That of a server before this one would say that this one is ready.
  if (portFile !== undefined) rmSync(portFile, { force: true });
  const child = spawn(process.execPath, words, { detached: true, stdio: "ignore" });
  const limit = Date.now() + 20_000;
  while (portFile !== undefined && !existsSync(portFile)) {
    if (child.exitCode !== null || Date.now() > limit) throw new Error("the server did not start");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.unref();
}

function start(): void {
  const server = createServer(answer);
  server.listen(Number(options.port), "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    const portFile = options["port-file"];
    if (portFile === "-") process.stdout.write(`${port}\n`);
    else if (portFile !== undefined) {
      writeFileSync(`${portFile}.new`, `${port}\n`);
      renameSync(`${portFile}.new`, portFile);
    }
  });
  if (options.autoexit) setInterval(() => existsSync(root) || process.exit(0), 500);
}

if (options.daemonize) await daemonize();
else start();
