// SPDX-License-Identifier: Apache-2.0
/**
 * The receiving end of systemd-journal-upload(8). systemd-journal-remote would be it, but checks certificates only where it is
 * built with GnuTLS; Debian's is not, and takes entries of everybody ("Certificate checking disabled"). So TLS ends here, and
 * stock systemd-journal-remote writes the journal of what a host with a certificate has sent.
 */
import { spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { hostName } from "./certificates.ts";
import { pruneRemote, remoteFile } from "./remote-files.ts";

export interface ReceiveSettings {
  /** Contents of PEM files. */
  readonly key: Buffer;
  readonly certificate: Buffer;
  readonly trust: Buffer;
  readonly directory: string;
  /** Bytes of each host's journals. */
  readonly maxUse: number;
  /** Path of systemd-journal-remote. */
  readonly program: string;
  /** Told in one line what an operator should know. */
  readonly tell: (line: string) => void;
}

/** More hosts than one collector should have; each may have several connections, one for each namespace. */
const connectionLimit = 4096;
const handshakeSeconds = 10;
/** Between two batches, or in the middle of one. A host that is gone without a word holds nothing for longer. */
const idleSeconds = 600;
/** Namespaces whose entries one host sends at the same time: each has a program and a file of its own that no limit of space removes. */
const writersOfHost = 128;
/** Of a batch, before a host's space is looked at again: one that never ends is no way around it. */
const pruneBytes = 16 << 20;

/** A server that is not listening yet. Nobody without a certificate of the trusted authorities gets to send a byte of HTTP. */
export function entryReceiver(settings: ReceiveSettings): Server {
  const { key, certificate: cert, trust: ca, tell } = settings;
  const writers = new Map<string, Writer>();
  const tls = { key, cert, ca, requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.2" } as const;
  const limits = { handshakeTimeout: handshakeSeconds * 1000, keepAliveTimeout: idleSeconds * 1000, requestTimeout: 0 };
  const server = createServer({ ...tls, ...limits }, (request, response) => {
    // Asked now: a connection that has ended has none.
    const host = peerName(request.socket as TLSSocket);
    receive(settings, writers, host, request, response).catch((error: unknown) => {
      tell(`${host ?? "?"}: ${String(error)}`);
      response.destroy();
    });
  });
  server.maxConnections = connectionLimit;
  server.setTimeout(idleSeconds * 1000);
  server.on("tlsClientError", (error, socket) => tell(`${socket.remoteAddress ?? "?"} was refused: ${error.message}`));
  return server;
}

async function receive(
  settings: ReceiveSettings,
  writers: Map<string, Writer>,
  host: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = /^\/(?:([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\/)?upload$/.exec(request.url ?? "");
  if (host === undefined) return answer(response, 403, "the certificate has no common name that is one of a host");
  if (path === null) return answer(response, 404, "entries go to /upload, those of a namespace to /NAMESPACE/upload");
  if (request.method !== "POST") return answer(response, 405, "entries are posted");
  if (request.headers["content-type"] !== "application/vnd.fdo.journal")
    return answer(response, 415, "entries are in the journal export format");
  const file = remoteFile(host, path[1]);
  // A host sends one batch of a journal after another: the one before is of a connection that was lost.
  for (let before = writers.get(file); before !== undefined; before = writers.get(file)) await before.end();
  const own = [...writers.values()].filter((one) => one.host === host);
  if (own.length >= writersOfHost) return answer(response, 503, `${writersOfHost} journals of it come in already`);
  const prune = () => pruneRemote(host, settings.maxUse, new Set(writers.keys()), settings.directory);
  const writer = new Writer(settings, { host, file, request, prune });
  writers.set(file, writer);
  try {
    await writer.done;
    prune();
    // Now it is on the disk, and the host goes on behind it.
    answer(response, 202, "OK.");
  } finally {
    if (writers.get(file) === writer) writers.delete(file);
  }
}

function peerName(socket: TLSSocket): string | undefined {
  const name: unknown = (socket.getPeerCertificate() as PeerCertificate | null)?.subject?.CN;
  return typeof name === "string" && hostName.test(name) ? name : undefined;
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain" }).end(`${text}\n`);
}

interface Batch {
  readonly host: string;
  readonly file: string;
  readonly request: IncomingMessage;
  readonly prune: () => void;
}

/** One batch of entries on its way to its file. */
class Writer {
  readonly host: string;
  /** When systemd-journal-remote has written all and closed the file, which flushes it. */
  readonly done: Promise<void>;
  readonly #request: IncomingMessage;

  constructor({ program, directory, tell }: ReceiveSettings, { host, file, request, prune }: Batch) {
    this.host = host;
    this.#request = request;
    const args = ["--split-mode=none", `--output=${join(directory, file)}`, "-"];
    const child = spawn(program, args, { stdio: ["pipe", "ignore", "pipe"] });
    const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    child.stderr.on("data", (text: Buffer) => {
      for (const line of text.toString().split("\n")) if (isOfInterest(line)) tell(`${file}: ${line}`);
    });
    this.done = (async () => {
      const sending = pipeline(request, (bytes: AsyncIterable<Buffer>) => counted(bytes, prune), child.stdin);
      const [sent, code] = await Promise.allSettled([sending, ended]);
      if (sent.status === "rejected") throw sent.reason;
      if (code.status === "rejected") throw code.reason;
      if (code.value !== 0) throw new Error(`systemd-journal-remote exited with ${code.value}`);
    })();
  }

  /** Has it write what has come, and waits for that: two programs never write to one file. */
  async end(): Promise<void> {
    this.#request.destroy();
    await this.done.catch(() => {});
  }
}

async function* counted(bytes: AsyncIterable<Buffer>, prune: () => void): AsyncGenerator<Buffer> {
  let since = 0;
  for await (const piece of bytes) {
    yield piece;
    since += piece.length;
    if (since < pruneBytes) continue;
    prune();
    since = 0;
  }
}

/** Not what it says of every batch. */
const isOfInterest = (line: string): boolean => line !== "" && !line.startsWith("Finishing after writing");
