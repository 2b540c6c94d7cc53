// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { AtomicError } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { readLines } from "./lines.ts";
import { decodeMessage, encodeMessage, type Greeting, protocolVersion } from "./message.ts";
import { type Connect, Participant } from "./participant.ts";
import type { HostFacts, OpenRequest, Requests } from "./requests.ts";
import { settleHere } from "./settle-here.ts";
import { Silence } from "./silence.ts";

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
export async function serveHost(options: AgentOptions): Promise<void> {
  // Nobody may be reading any more; what has to be done then is done all the same.
  options.output.on("error", () => {});
  using connection = new HostConnection(options);
  const why = await connection.answerAll();
  await connection.leave(why);
}

/** One connection, of which this is the host's end. */
class HostConnection implements Disposable {
  readonly #options: AgentOptions;
  readonly #part: Participant;
  readonly #silence: Silence;
  readonly #ended = new AbortController();
  /** Id of the request that was last begun: progress is of that. */
  #current = 0;

  constructor(options: AgentOptions) {
    const { input, address, connect } = options;
    this.#options = options;
    this.#part = new Participant(address, connect, (progress) => void this.#send({ id: this.#current, progress }));
    this.#silence = new Silence(() => input.destroy(gearError("host", "nothing was heard for too long")));
  }

  /** @returns why no more requests come */
  async answerAll(): Promise<string> {
    const { input, version } = this.#options;
    this.#send({ atomic: protocolVersion, version } satisfies Greeting);
    try {
      for await (const line of readLines(input)) {
        this.#silence.heard();
        const { id, request, given } = decodeMessage(line);
        void this.#answer(Number(id), String(request), given);
      }
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    return "the connection ended before all hosts were told to keep it";
  }

  /** Ends what is run, and does what a host does that has lost the others. */
  async leave(why: string): Promise<void> {
    this.#ended.abort();
    await this.#part.leave(why);
  }

  [Symbol.dispose](): void {
    this.#silence[Symbol.dispose]();
  }

  async #answer(id: number, request: string, given: unknown): Promise<void> {
    try {
      const known = this.#handlers(id) as Record<string, (given: unknown) => Promise<unknown>>;
      const handle = Object.hasOwn(known, request) ? known[request] : undefined;
      if (handle === undefined) throw gearError("host-version", `there is no request ${JSON.stringify(request)}`);
      if (request !== "ping") this.#current = id;
      this.#send({ id, result: await handle(given) });
    } catch (error) {
      this.#send({ id, error: describe(error) });
    }
  }

  #handlers(id: number): Handlers {
    const part = this.#part;
    return {
      open: (given) => this.#open(given),
      check: (given) => part.check(given),
      pin: (given) => part.pin(given),
      prepare: (given) => part.prepare(given),
      prepareRollback: (given) => part.prepareRollback(given),
      switch: () => part.switch(),
      watch: () => part.watch(),
      pledge: (given) => part.pledge(given),
      keep: () => part.keep(),
      back: (given) => part.back(given),
      settle: (given) => settleHere(this.#options.connect, (progress) => this.#send({ id, progress }), given),
      ping: async () => ({}),
      run: (given) => this.#run(id, given),
    };
  }

  #open(given: OpenRequest): Promise<HostFacts> {
    this.#silence.limit = given.silence;
    return this.#part.open(given);
  }

  async #run(id: number, { words }: Requests["run"]["given"]): Promise<Requests["run"]["result"]> {
    const output = async (stream: "stdout" | "stderr", text: string) => this.#sendOutput({ id, output: stream, text });
    return { code: await this.#options.runProgram(words, output, this.#ended.signal) };
  }

  #send(message: object): boolean {
    return this.#options.output.write(encodeMessage(message));
  }

  /** Comes back when the connection takes more. */
  async #sendOutput(message: object): Promise<void> {
    const { signal } = this.#ended;
    if (!this.#send(message) && !signal.aborted) await once(this.#options.output, "drain", { signal }).catch(() => {});
  }
}

function describe(error: unknown): { code: string; message: string; hint?: string } {
  if (error instanceof AtomicError) {
    const { code, message, hint } = error;
    return hint === undefined ? { code, message } : { code, message, hint };
  }
  const { code, message } = error as NodeJS.ErrnoException;
  return { code: "gear-host", message: code === undefined ? `defect: ${message}` : message };
}
