// SPDX-License-Identifier: Apache-2.0
import { AtomicError, type ProgressEvent, type ProgressListener } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { printable } from "../generation/problem.ts";
import type { Host } from "./host-name.ts";
import { eachHost, failuresAsOne } from "./each-host.ts";
import { checkAnswer } from "./answer-shape.ts";
import { readLines } from "./lines.ts";
import {
  type AnswerMessage,
  decodeAnswer,
  decodeMessage,
  encodeMessage,
  protocolVersion,
  type RequestMessage,
} from "./message.ts";
import type { Requests } from "./requests.ts";
import { Silence } from "./silence.ts";
import { withoutControls } from "./without-controls.ts";
import { connectSsh, type RemoteCommand, type SshConnection } from "./ssh.ts";

export interface SessionListener {
  /** With the host's name in texts. */
  progress?: ProgressListener;
  /** Of `run`. Until what it returns has come, nothing more is read of the host, which then waits. */
  output?(stream: "stdout" | "stderr", text: string): unknown;
}

interface Waiting {
  readonly request: keyof Requests;
  readonly timer: NodeJS.Timeout | undefined;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

const pingMs = 5000;
/** A host answers pings whatever it works on; one that has not for so long has stopped, though its connection stands. */
const silenceMs = 120_000;
const minute = 60_000;
/**
 * How long a host that answers pings may take for anything else, in milliseconds; one that takes longer is lost, as if its connection
 * had broken, and all go back. What is only looked up or written down has its natural limit. `open` (which ends an
 * earlier change), `back` and `settle` come to their end on the host whether or not anybody waits for it: given up, they are only
 * told of as not answered. `watch` has the deadline of the deployment's health.
 *
 * A pull has no natural limit (`pin`, and `prepareRollback` of an image that was removed), nor have units that start (`switch`:
 * their TimeoutStartSec= holds on the host) and what somebody runs (`run`). A host that never ends one of those is waited for until
 * Ctrl-C, which takes all back.
 */
const limits: Partial<Record<keyof Requests, number>> = {
  open: 10 * minute,
  check: 2 * minute,
  prepare: 2 * minute,
  pledge: minute,
  back: 10 * minute,
  settle: 10 * minute,
};
/** For ssh to connect and `atomic` to start there. */
const greetingMs = 60_000;
/** A shell's greetings may come before ours. */
const linesBefore = 100;

/** A connection to the `atomic` of a host. */
export class HostSession implements Disposable {
  readonly host: Host;
  readonly #connection: SshConnection;
  readonly #listener: SessionListener;
  readonly #waiting = new Map<number, Waiting>();
  readonly #pings: NodeJS.Timeout;
  readonly #silence = new Silence(() => this.#giveUp("it says nothing any more"), silenceMs);
  #lastId = 0;
  #lost: unknown;

  private constructor(host: Host, connection: SshConnection, listener: SessionListener) {
    this.host = host;
    this.#connection = connection;
    this.#listener = listener;
    this.#pings = setInterval(() => void this.request("ping", {}).catch(() => {}), pingMs);
  }

  /** @throws gear-host, gear-host-version */
  static async open(host: Host, command: RemoteCommand, listener: SessionListener = {}): Promise<HostSession> {
    const connection = connectSsh(host, command);
    const lines = readLines(connection.stdout);
    const timer = setTimeout(() => connection.kill(), greetingMs);
    try {
      await greeting(host, lines);
    } catch (error) {
      connection.end();
      throw error instanceof AtomicError ? error : await connection.ended;
    } finally {
      clearTimeout(timer);
    }
    const session = new HostSession(host, connection, listener);
    void session.#read(lines);
    return session;
  }

  /**
   * @param limit milliseconds for the answer
   * @throws what the host's `atomic` threw, with the host's name before it; gear-host when the connection breaks or the answer does
   * not come in time; gear-host-answer for one that no `atomic` gives
   */
  request<K extends keyof Requests>(
    request: K,
    given: Requests[K]["given"],
    limit = limits[request],
  ): Promise<Requests[K]["result"]> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const late = () => this.#giveUp(`it has not answered ${JSON.stringify(request)} for ${limit! / 1000} s`);
    const timer = limit === undefined ? undefined : setTimeout(late, limit);
    this.#waiting.set(id, { request, timer, resolve, reject });
    // libuv writes at once where the kernel takes it: what was asked is with ssh, whatever becomes of this program.
    this.#connection.stdin.write(encodeMessage({ id, request, given } satisfies RequestMessage));
    return promise as Promise<Requests[K]["result"]>;
  }

  get lost(): boolean {
    return this.#lost !== undefined;
  }

  /** The host sees that nothing more comes. */
  [Symbol.dispose](): void {
    this.#lose(gearError("host", `${this.host.name}: the connection was ended`));
    this.#connection.end();
  }

  async #read(lines: AsyncGenerator<string>): Promise<void> {
    try {
      for await (const line of lines) {
        // Who shows the output may take their time.
        this.#silence.hold();
        await this.#take(decodeAnswer(line));
        this.#silence.heard();
      }
    } catch (error) {
      if (error instanceof AtomicError) {
        this.#lose(named(this.host, error));
        this.#connection.kill();
      }
    }
    this.#connection.end();
    this.#lose(await this.#connection.ended);
  }

  #giveUp(why: string): void {
    this.#lose(gearError("host", `${this.host.name}: ${why}`));
    this.#connection.kill();
  }

  /** Whatever waits for an answer has none. */
  #lose(why: unknown): void {
    this.#lost ??= why;
    clearInterval(this.#pings);
    this.#silence[Symbol.dispose]();
    for (const { timer, reject } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(this.#lost);
    }
    this.#waiting.clear();
  }

  #take(answer: AnswerMessage): unknown {
    if ("progress" in answer) return this.#progress(answer.progress as ProgressEvent);
    if ("output" in answer) return this.#listener.output?.(answer.output, String(answer.text));
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(answer.id);
    clearTimeout(waiting.timer);
    waiting.resolve(
      Promise.try(() => {
        if ("error" in answer) throw remoteError(this.host, answer.error);
        return checkAnswer(this.host.name, waiting.request, withoutControls(answer.result));
      }),
    );
    return undefined;
  }

  #progress(event: ProgressEvent): void {
    if (event.type !== "note" && event.type !== "warning") return;
    this.#listener.progress?.({ type: event.type, text: `${this.host.name}: ${printable(String(event.text))}` });
  }
}

async function greeting(host: Host, lines: AsyncGenerator<string>): Promise<void> {
  for (let count = 0; count < linesBefore; count++) {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("no greeting");
    if (!value.startsWith('{"atomic":')) continue;
    const { atomic, version } = decodeMessage(value);
    if (atomic === protocolVersion) return;
    throw gearError(
      "host-version",
      `${host.name}: its atomic ${printable(String(version))} speaks version ${Number(atomic)} to other hosts, this one ${protocolVersion}`,
    );
  }
  throw gearError("host-answer", `${host.name}: ${linesBefore} lines came before any of atomic`);
}

const named = ({ name }: Host, { code, message, hint }: AtomicError) =>
  new AtomicError(code, `${name}: ${message}`, hint === undefined ? {} : { hint });

/** Its texts are another machine's. */
function remoteError({ name }: Host, { code, message, hint }: { code: string; message: string; hint?: string }): Error {
  const known = /^[a-z]+(-[a-z]+)+$/.test(String(code)) ? code : "gear-host";
  const text = String(message).split("\n").slice(0, 50).map(printable).join("\n");
  return new AtomicError(known, `${name}: ${text}`, hint === undefined ? {} : { hint: printable(String(hint)) });
}

/** Connects to all; @throws what hinders with any of them */
export async function openSessions(
  hosts: readonly Host[],
  command: RemoteCommand,
  listener: SessionListener = {},
): Promise<Disposable & { readonly all: readonly HostSession[] }> {
  const { results, failures } = await eachHost(hosts, (host) => HostSession.open(host, command, listener));
  const all = results.map(({ result }) => result);
  const dispose = () => {
    for (const session of all) session[Symbol.dispose]();
  };
  if (failures.length === 0) return { all, [Symbol.dispose]: dispose };
  dispose();
  throw failuresAsOne(failures.map(({ error }) => error));
}
