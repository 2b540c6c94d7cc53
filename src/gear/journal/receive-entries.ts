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
import type { TLSSocket } from "node:tls";
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
/** Between two batches. A host that is gone without a word holds nothing for longer. */
const idleSeconds = 600;

/** A server that is not listening yet. Nobody without a certificate of the trusted authorities gets to send a byte of HTTP. */
export function entryReceiver(settings: ReceiveSettings): Server {
  const { key, certificate: cert, trust: ca, tell } = settings;
  const writers = new Map<string, Writer>();
  const tls = { key, cert, ca, requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.2" } as const;
  const limits = { handshakeTimeout: handshakeSeconds * 1000, keepAliveTimeout: idleSeconds * 1000, requestTimeout: 0 };
  const server = createServer({ ...tls, ...limits }, (request, response) => {
    receive(settings, writers, request, response).catch((error: unknown) => {
      tell(`${(request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? "?"}: ${String(error)}`);
      response.destroy();
    });
  });
  server.maxConnections = connectionLimit;
  server.on("tlsClientError", (error, socket) => tell(`${socket.remoteAddress ?? "?"} was refused: ${error.message}`));
  return server;
}

async function receive(
  settings: ReceiveSettings,
  writers: Map<string, Writer>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const host = peerName(request.socket as TLSSocket);
  const path = /^\/(?:([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\/)?upload$/.exec(request.url ?? "");
  if (host === undefined) return answer(response, 403, "the certificate has no common name that is one of a host");
  if (path === null) return answer(response, 404, "entries go to /upload, those of a namespace to /NAMESPACE/upload");
  if (request.method !== "POST") return answer(response, 405, "entries are posted");
  if (request.headers["content-type"] !== "application/vnd.fdo.journal")
    return answer(response, 415, "entries are in the journal export format");
  const file = remoteFile(host, path[1]);
  // A host sends one batch of a journal after another: the one before is of a connection that was lost.
  for (let before = writers.get(file); before !== undefined; before = writers.get(file)) await before.end();
  const writer = new Writer(settings, file, request);
  writers.set(file, writer);
  try {
    await writer.done;
    pruneRemote(host, settings.maxUse, settings.directory);
    // Now it is on the disk, and the host goes on behind it.
    answer(response, 202, "OK.");
  } finally {
    if (writers.get(file) === writer) writers.delete(file);
  }
}

function peerName(socket: TLSSocket): string | undefined {
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === "string" && hostName.test(name) ? name : undefined;
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain" }).end(`${text}\n`);
}

/** One batch of entries on its way to its file. */
class Writer {
  /** When systemd-journal-remote has written all and closed the file, which flushes it. */
  readonly done: Promise<void>;
  readonly #request: IncomingMessage;

  constructor({ program, directory, tell }: ReceiveSettings, file: string, request: IncomingMessage) {
    this.#request = request;
    const args = ["--split-mode=none", `--output=${join(directory, file)}`, "-"];
    const child = spawn(program, args, { stdio: ["pipe", "ignore", "pipe"] });
    const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    child.stderr.on("data", (text: Buffer) => {
      for (const line of text.toString().split("\n")) if (isOfInterest(line)) tell(`${file}: ${line}`);
    });
    this.done = (async () => {
      const [sent, code] = await Promise.allSettled([pipeline(request, child.stdin), ended]);
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

/** Not what it says of every batch. */
const isOfInterest = (line: string): boolean => line !== "" && !line.startsWith("Finishing after writing");
