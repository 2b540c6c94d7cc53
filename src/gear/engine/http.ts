// SPDX-License-Identifier: Apache-2.0
/** HTTP on the engine's Unix socket. What it answers is bounded: an engine, or who stands in its place, must not fill the memory. */
import type { Agent, IncomingMessage, RequestOptions } from "node:http";
import type { Readable } from "node:stream";
import { AtomicError } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { Answer } from "./answer.ts";

/** An answer that is read whole: thousands of containers fit. */
const answerLimit = 32 << 20;
/** One line of a stream of JSON. */
const lineLimit = 1 << 20;
/** The engine says something, or ends the answer: its own time limits are shorter, and removing waits for a container to stop. */
const idleMs = 120_000;

export interface Call {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it comes. */
  readonly body?: Readable;
  readonly signal?: AbortSignal;
  /** For answers that may be long in coming. */
  readonly patient?: boolean;
}

export class EngineHttp implements Disposable {
  readonly socket: string;
  readonly #agent: Promise<Agent>;
  /** `/v1.41`; empty before it is known. */
  prefix = "";

  constructor(socket: string) {
    this.socket = socket;
    // A connection for each call: podman's service ends when it is idle for five seconds, with the connections that are kept.
    this.#agent = import("node:http").then(({ Agent }) => new Agent({ keepAlive: false }));
  }

  /** The answer's JSON. */
  async get(path: string, query: Call["query"] = {}): Promise<Answer> {
    return (await this.lookUp(path, query)) ?? missing(path);
  }

  /** As `get`, undefined where there is no such thing. */
  async lookUp(path: string, query: Call["query"] = {}, headers: Call["headers"] = {}): Promise<Answer | undefined> {
    return this.#whole(path, { query, headers });
  }

  /** The answer's JSON, which may be empty. */
  async send(path: string, call: Call): Promise<Answer> {
    return (await this.#whole(path, { method: "POST", ...call })) ?? missing(path);
  }

  async remove(path: string, query: Call["query"] = {}): Promise<void> {
    if ((await this.tryRemove(path, query)) === undefined) missing(path);
  }

  /** Undefined where there was nothing to remove. */
  async tryRemove(path: string, query: Call["query"] = {}): Promise<Answer | undefined> {
    return this.#whole(path, { method: "DELETE", query });
  }

  /** An answer that is read as it comes, whose status is no error. */
  async open(path: string, call: Call): Promise<IncomingMessage> {
    const response = await this.#request(path, { patient: true, ...call });
    if (isGood(response)) return response;
    throw refusal(response, await readWhole(response));
  }

  async #whole(path: string, call: Call): Promise<Answer | undefined> {
    const response = await this.#request(path, call);
    const bytes = await readWhole(response).catch((error: unknown) => {
      throw broken(this.socket, error, call.signal);
    });
    if (response.statusCode === 404) return this.#absent(response, bytes);
    if (!isGood(response)) throw refusal(response, bytes);
    return bytes.length === 0 ? new Answer(undefined) : new Answer(parse(bytes, path));
  }

  /** A page that the engine does not have is another matter than a thing that it does not have. */
  #absent(response: IncomingMessage, bytes: Buffer): undefined {
    if (/page not found/i.test(bytes.toString("latin1", 0, 200))) throw refusal(response, bytes);
    return undefined;
  }

  async #request(path: string, call: Call): Promise<IncomingMessage> {
    const { request } = await import("node:http");
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const query = new URLSearchParams(call.query).toString();
    const sent = request(
      { ...(await this.#options(call)), path: `${this.prefix}${path}${query === "" ? "" : `?${query}`}` },
      resolve,
    );
    if (call.patient !== true)
      sent.setTimeout(idleMs, () => sent.destroy(new Error(`no answer for ${idleMs / 1000} s`)));
    sent.on("error", reject);
    if (call.body !== undefined) {
      call.body.on("error", (error) => sent.destroy(error));
      call.body.pipe(sent);
    } else sent.end(call.json === undefined ? undefined : JSON.stringify(call.json));
    try {
      return await promise;
    } catch (error) {
      throw broken(this.socket, error, call.signal);
    }
  }

  async #options(call: Call): Promise<RequestOptions> {
    const type = call.body === undefined ? "application/json" : "application/x-tar";
    const headers = { host: "localhost", "content-type": type, ...call.headers };
    const signal = call.signal === undefined ? {} : { signal: call.signal };
    return { socketPath: this.socket, agent: await this.#agent, method: call.method ?? "GET", headers, ...signal };
  }

  [Symbol.dispose](): void {
    void this.#agent.then((agent) => agent.destroy());
  }
}

/** The values of a stream of JSON, one on each line. Ends when the engine ends it. */
export async function* jsonLines(response: IncomingMessage): AsyncGenerator<Answer> {
  let rest = "";
  response.setEncoding("utf8");
  for await (const piece of response as AsyncIterable<string>) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > lineLimit) throw gearError("engine", `the engine's line of more than ${lineLimit} characters`);
    for (const line of lines) if (line.trim() !== "") yield new Answer(parse(Buffer.from(line), "stream"));
  }
  if (rest.trim() !== "") yield new Answer(parse(Buffer.from(rest), "stream"));
}

async function readWhole(response: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > answerLimit) throw gearError("engine", `the engine's answer has more than ${answerLimit} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function parse(bytes: Buffer, what: string): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw gearError("engine", `${what}: the engine's answer is no JSON`, { cause });
  }
}

/** 304: it is so already, such as a container that runs and is to be started. */
function isGood({ statusCode = 0 }: IncomingMessage): boolean {
  return (statusCode >= 200 && statusCode < 300) || statusCode === 304;
}

const wordsLimit = 2000;

function refusal(response: IncomingMessage, bytes: Buffer): Error {
  const text = bytes.toString("utf8", 0, wordsLimit).trim();
  const words =
    bytes.length < wordsLimit && text.startsWith("{") ? new Answer(parse(bytes, "error")).text("message") : "";
  return gearError("engine", words || text || `the engine answers with status ${response.statusCode}`);
}

function missing(path: string): never {
  throw gearError("engine", `the engine has no ${decodeURIComponent(path).replace(/^\//, "")}`);
}

/** What the caller asked for is thrown as it is; what the engine's end did is worded. */
export function broken(socket: string, error: unknown, signal: AbortSignal | undefined): unknown {
  signal?.throwIfAborted();
  // Ours: of the engine's words, or of what was to be sent.
  if (error instanceof AtomicError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const hint = "systemctl start podman.socket  (or docker.socket)";
  return gearError("engine-connection", `${socket}: ${reason}`, { cause: error, hint });
}
