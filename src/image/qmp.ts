// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { isErrno } from "../base/index.ts";
import { imageError } from "./errors.ts";

type Message = Readonly<Record<string, unknown>>;

/** Connects to a Unix socket that a program is about to make. */
export async function connectWhenThere(path: string, seconds: number): Promise<Socket> {
  for (const deadline = Date.now() + seconds * 1000; ;) {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const socket = connect(path, () => resolve(socket));
    socket.once("error", reject);
    try {
      await promise;
      // Who reads learns of a broken connection by its close.
      socket.on("error", () => {});
      return socket;
    } catch (error) {
      if (!isErrno(error, "ENOENT", "ECONNREFUSED") || Date.now() > deadline) throw error;
      await sleep(20);
    }
  }
}

/** The control connection of a running QEMU (QEMU Machine Protocol). Commands are answered in order. */
export class Qmp {
  readonly #socket: Socket;
  readonly #pending: PromiseWithResolvers<unknown>[] = [];
  readonly #listeners = new Set<(name: string, data: Message) => void>();
  #rest = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#receive(text));
    socket.on("close", () => {
      for (const waiting of this.#pending.splice(0)) waiting.reject(imageError("machine-ended", "QEMU has ended"));
    });
  }

  static async connect(path: string, seconds: number): Promise<Qmp> {
    const qmp = new Qmp(await connectWhenThere(path, seconds));
    await qmp.execute("qmp_capabilities");
    return qmp;
  }

  async execute(command: string, args: Message = {}): Promise<unknown> {
    const waiting = Promise.withResolvers<unknown>();
    if (this.#socket.destroyed) throw imageError("machine-ended", "QEMU has ended");
    this.#pending.push(waiting);
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    return waiting.promise;
  }

  /** Runs a command of the human monitor, which prints nothing unless it fails. */
  async monitor(line: string): Promise<void> {
    const answer = await this.execute("human-monitor-command", { "command-line": line });
    if (typeof answer === "string" && answer.trim() !== "") {
      throw imageError("command-failed", `QEMU monitor, ${line}: ${answer.trim()}`);
    }
  }

  /** Calls `listener` for every event until the returned function is called. */
  onEvent(listener: (name: string, data: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.trim() !== "") this.#handle(JSON.parse(line) as Message);
    }
  }

  #handle(message: Message): void {
    if ("event" in message) {
      const data = (message["data"] ?? {}) as Message;
      for (const listener of this.#listeners) listener(String(message["event"]), data);
    } else if ("return" in message) this.#pending.shift()?.resolve(message["return"]);
    else if ("error" in message) {
      const { desc } = message["error"] as { desc?: string };
      this.#pending.shift()?.reject(imageError("command-failed", `QEMU: ${desc ?? "unknown error"}`));
    }
  }
}
