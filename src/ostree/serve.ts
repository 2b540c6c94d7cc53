// SPDX-License-Identifier: Apache-2.0
import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
} from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, sep } from "node:path";
import { isErrno } from "../base/index.ts";

export interface ServeOptions {
  /** 0 (the default) lets the kernel choose. */
  readonly port?: number;
  /** Address to listen on; default: this machine only. */
  readonly host?: string;
  /** Told of each answered request. */
  readonly onRequest?: (method: string, path: string, status: number) => void;
}

export interface RunningServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** A file up to this size is read at once and answered in one write. */
const smallFile = 256 << 10;

/**
 * Serves the files below `root` over HTTP: GET and HEAD, ranges, conditional requests, keep-alive and pipelining.
 * Nothing outside of `root` is ever sent, also not through a symlink. It is meant for repositories: there is no
 * directory listing.
 */
export async function serveDirectory(root: string, options: ServeOptions = {}): Promise<RunningServer> {
  const { createServer } = await import("node:http");
  const realRoot = realpathSync(root);
  readdirSync(realRoot);
  const server = createServer((request, response) => {
    const path = answer(realRoot, request, response);
    options.onRequest?.(request.method ?? "", path, response.statusCode);
  });
  // A client that pulls thousands of objects must not be cut off in between.
  server.maxRequestsPerSocket = 0;
  server.keepAliveTimeout = 30_000;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve);
  await promise;
  const { address, port, family } = server.address() as AddressInfo;
  const close = () => closeServer(server);
  const url = `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
  return { url, port, close, [Symbol.asyncDispose]: close };
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

/** @returns the path asked for, as sent */
function answer(root: string, request: IncomingMessage, response: ServerResponse): string {
  const asked = request.url ?? "/";
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    refuse(response, 405);
    return asked;
  }
  const path = resolvePath(root, asked);
  const fd = path === undefined ? undefined : openInside(root, path);
  if (fd === undefined) {
    refuse(response, 404);
    return asked;
  }
  const stat = fstatSync(fd);
  if (stat.isFile()) send(request, response, fd, stat);
  else {
    closeSync(fd);
    refuse(response, 404);
  }
  return asked;
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-length": 0 }).end();
}

/** The file that a request target names, or `undefined` when it is malformed or would climb out of the root. */
function resolvePath(root: string, target: string): string | undefined {
  const query = target.indexOf("?");
  const raw = query < 0 ? target : target.slice(0, query);
  let path: string;
  try {
    path = raw.includes("%") ? decodeURIComponent(raw) : raw;
  } catch {
    return undefined;
  }
  if (!path.startsWith("/") || path.includes("\0") || path.split("/").includes("..")) return undefined;
  return join(root, path);
}

/** Opens a file whose real place is inside of `root`. FIFOs and devices do not block: they are never opened to read. */
function openInside(root: string, path: string): number | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const real = readlinkSync(`/proc/self/fd/${fd}`);
    if (real === root || real.startsWith(root + sep)) return fd;
    closeSync(fd);
    return undefined;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES", "ELOOP", "EISDIR", "ENAMETOOLONG", "ENXIO")) return undefined;
    throw error;
  }
}

function send(request: IncomingMessage, response: ServerResponse, fd: number, stat: Stats): void {
  const etag = `"${stat.ino.toString(16)}-${stat.size.toString(16)}-${Math.trunc(stat.mtimeMs).toString(16)}"`;
  const headers = { etag, "accept-ranges": "bytes", "content-type": "application/octet-stream" };
  if (request.headers["if-none-match"] === etag) {
    closeSync(fd);
    response.writeHead(304, headers).end();
    return;
  }
  const range = parseRange(request.headers.range, stat.size);
  if (range === "unsatisfiable") {
    closeSync(fd);
    response.writeHead(416, { "content-range": `bytes */${stat.size}`, "content-length": 0 }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: stat.size };
  const part = range ? { "content-range": `bytes ${start}-${end - 1}/${stat.size}` } : {};
  response.writeHead(range ? 206 : 200, { ...headers, ...part, "content-length": end - start });
  if (request.method === "HEAD" || end === start) {
    closeSync(fd);
    response.end();
  } else if (end - start <= smallFile) {
    response.end(readAll(fd, start, end - start));
  } else {
    const stream = createReadStream("", { fd, start, end: end - 1, highWaterMark: 1 << 20 });
    stream.on("error", () => response.destroy());
    response.on("close", () => stream.destroy());
    stream.pipe(response);
  }
}

function readAll(fd: number, start: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  try {
    for (let done = 0; done < size;) {
      const got = readSync(fd, bytes, done, size - done, start + done);
      if (got === 0) throw new Error("file shrank while it was served");
      done += got;
    }
  } finally {
    closeSync(fd);
  }
  return bytes;
}

/** A single byte range (RFC 9110 section 14.1.2); several, or a malformed one, are ignored as the RFC permits. */
function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | "unsatisfiable" | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  if (match[1] === "") {
    const length = Math.min(Number(match[2]), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size };
  }
  const start = Number(match[1]);
  const end = match[2] === "" ? size : Math.min(Number(match[2]) + 1, size);
  if (start >= size) return "unsatisfiable";
  return start < end ? { start, end } : undefined;
}
