// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { gearError } from "../errors.ts";
import { broken, type EngineHttp } from "./http.ts";
import type { ExecOptions, ExecResult } from "./model.ts";

const defaultLimit = 1 << 20;
/** Type of the stream, three zeros, length (Docker Engine API, "Attach to a container", stream format). */
const frameHeader = 8;
const stderrFrame = 2;

export async function execInContainer(
  http: EngineHttp,
  container: string,
  command: readonly string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const { user, environment = [], workingDirectory, limit = defaultLimit, signal } = options;
  const created = await http.send(`/containers/${container}/exec`, {
    json: {
      Cmd: command,
      Env: environment,
      AttachStdout: true,
      AttachStderr: true,
      ...(user === undefined ? {} : { User: user }),
      ...(workingDirectory === undefined ? {} : { WorkingDir: workingDirectory }),
    },
  });
  const id = encodeURIComponent(created.text("Id"));
  const call = {
    method: "POST" as const,
    json: { Detach: false, Tty: false },
    ...(signal === undefined ? {} : { signal }),
  };
  const output = new Output(limit);
  try {
    const response = await http.open(`/exec/${id}/start`, call);
    for await (const piece of response as IncomingMessage & AsyncIterable<Buffer>) output.take(piece);
    // An answer without a length ends like any other when it is broken off.
    signal?.throwIfAborted();
  } catch (error) {
    throw broken(http.socket, error, signal);
  }
  return { exitCode: await exitCode(http, id), ...output.result() };
}

/** The output may end just before the engine knows how the program did. */
async function exitCode(http: EngineHttp, id: string): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const found = await http.get(`/exec/${id}/json`);
    if (!found.flag("Running") && found.at("ExitCode").present) return found.number("ExitCode");
    await sleep(50);
  }
  throw gearError("engine", "the engine does not say how the program ended");
}

/** Takes the frames apart; what is over the limit is read and dropped, so that the program is not held up. */
class Output {
  readonly #limit: number;
  readonly #kept: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
  #size = 0;
  #cut = false;
  #header = Buffer.alloc(0);
  #left = 0;
  #stream: "stdout" | "stderr" = "stdout";

  constructor(limit: number) {
    this.#limit = limit;
  }

  take(piece: Buffer): void {
    let rest = piece;
    while (rest.length > 0) rest = this.#left > 0 ? this.#content(rest) : this.#begin(rest);
  }

  #begin(rest: Buffer): Buffer {
    const wanted = frameHeader - this.#header.length;
    this.#header = Buffer.concat([this.#header, rest.subarray(0, wanted)]);
    if (this.#header.length === frameHeader) {
      this.#stream = this.#header[0] === stderrFrame ? "stderr" : "stdout";
      this.#left = this.#header.readUInt32BE(4);
      this.#header = Buffer.alloc(0);
    }
    return rest.subarray(wanted);
  }

  #content(rest: Buffer): Buffer {
    const piece = rest.subarray(0, this.#left);
    const room = Math.max(0, this.#limit - this.#size);
    if (piece.length > room) this.#cut = true;
    this.#kept[this.#stream].push(piece.subarray(0, room));
    this.#size += Math.min(room, piece.length);
    this.#left -= piece.length;
    return rest.subarray(piece.length);
  }

  result(): Omit<ExecResult, "exitCode"> {
    const text = (pieces: Buffer[]) => Buffer.concat(pieces).toString("utf8");
    return { stdout: text(this.#kept.stdout), stderr: text(this.#kept.stderr), cut: this.#cut };
  }
}
