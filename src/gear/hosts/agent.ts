// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { AtomicError } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { readLines } from "./lines.ts";
import { decodeMessage, encodeMessage, type Greeting, protocolVersion } from "./message.ts";
import { type Connect, Participant } from "./participant.ts";
import type { OpenRequest, Requests } from "./requests.ts";
import { settleHere } from "./settle-here.ts";

export interface AgentOptions {
  readonly input: Readable;
  readonly output: Writable;
  /** Of this program, for messages. */
  readonly version: string;
  /** By which others may reach this host. */
  readonly address: string;
  readonly connect: Connect;
  /**
   * Runs `atomic` with these words; @returns its exit code. It ends with the signal where it only reads. More of what it prints is read
   * when `output` has come, so that nothing piles up here where the other host takes its time.
   */
  readonly runProgram: (
    words: readonly string[],
    output: (stream: "stdout" | "stderr", text: string) => Promise<void>,
    signal: AbortSignal,
  ) => Promise<number>;
}

type Handlers = { readonly [K in keyof Requests]: (given: Requests[K]["given"]) => Promise<Requests[K]["result"]> };

/**
 * Answers what another host's `atomic` asks over a connection, until that ends or nothing has come for too long. Requests are
 * worked on as they come: a step that takes minutes is interrupted by the next one.
 */
export async function serveHost({ input, output, version, address, connect, runProgram }: AgentOptions): Promise<void> {
  // Nobody may be reading any more; what has to be done then is done all the same.
  output.on("error", () => {});
  const send = (message: object) => output.write(encodeMessage(message));
  let current = 0;
  const part = new Participant(address, connect, (progress) => void send({ id: current, progress }));
  const ended = new AbortController();
  const sendOutput = async (message: object) => {
    if (!send(message) && !ended.signal.aborted) await once(output, "drain", { signal: ended.signal }).catch(() => {});
  };
  using silence = new Silence(() => input.destroy(gearError("host", "nothing was heard for too long")));
  const handlers = (id: number): Handlers => ({
    open: (given: OpenRequest) => {
      silence.limit = given.silence;
      return part.open(given);
    },
    check: (given) => part.check(given),
    pin: (given) => part.pin(given),
    prepare: (given) => part.prepare(given),
    prepareRollback: (given) => part.prepareRollback(given),
    switch: () => part.switch(),
    watch: () => part.watch(),
    pledge: (given) => part.pledge(given),
    keep: () => part.keep(),
    back: (given) => part.back(given),
    settle: (given) => settleHere(connect, (progress) => send({ id, progress }), given),
    ping: async () => ({}),
    run: async ({ words }) => ({
      code: await runProgram(words, (stream, text) => sendOutput({ id, output: stream, text }), ended.signal),
    }),
  });
  const answer = async (id: number, request: string, given: unknown) => {
    try {
      const known = handlers(id) as Record<string, (given: unknown) => Promise<unknown>>;
      const handle = Object.hasOwn(known, request) ? known[request] : undefined;
      if (handle === undefined) throw gearError("host-version", `there is no request ${JSON.stringify(request)}`);
      if (request !== "ping") current = id;
      send({ id, result: await handle(given) });
    } catch (error) {
      send({ id, error: describe(error) });
    }
  };
  send({ atomic: protocolVersion, version } satisfies Greeting);
  let why = "the connection ended before all hosts were told to keep it";
  try {
    for await (const line of readLines(input)) {
      silence.heard();
      const { id, request, given } = decodeMessage(line);
      void answer(Number(id), String(request), given);
    }
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  ended.abort();
  await part.leave(why);
}

function describe(error: unknown): { code: string; message: string; hint?: string } {
  if (error instanceof AtomicError) {
    const { code, message, hint } = error;
    return hint === undefined ? { code, message } : { code, message, hint };
  }
  const { code, message } = error as NodeJS.ErrnoException;
  return { code: "gear-host", message: code === undefined ? `defect: ${message}` : message };
}

/** A connection that is cut without a word looks as one on which nothing is said. */
class Silence implements Disposable {
  readonly #broken: () => void;
  #timer: NodeJS.Timeout | undefined;
  #limit = 0;

  constructor(broken: () => void) {
    this.#broken = broken;
  }

  set limit(milliseconds: number) {
    this.#limit = Math.min(Math.max(Number(milliseconds), 1000), 600_000);
    this.heard();
  }

  heard(): void {
    clearTimeout(this.#timer);
    if (this.#limit > 0) this.#timer = setTimeout(this.#broken, this.#limit);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
