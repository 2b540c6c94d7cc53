// SPDX-License-Identifier: Apache-2.0
import { closeSync } from "node:fs";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { receiveDescriptors, sendDescriptors } from "../base/index.ts";
import {
  type DbusMessage,
  dbusFixedHeader,
  dbusMessageLength,
  decodeDbusMessage,
  encodeDbusMessage,
  type GVariantValue,
} from "../formats/index.ts";
import { busError } from "./errors.ts";
import { type ErrorReply, errorReply } from "./error-reply.ts";
import { Descriptors } from "./descriptors.ts";

/** Bytes of one message that we read: calls are small, and a peer must not make us hold 128 MiB. */
const messageLimit = 4 << 20;
/** Bytes that wait for a peer that does not read; then the connection is given up. */
const backlogLimit = 16 << 20;
const callTimeoutMs = 25_000;
/** Calls that wait for their answer at a time: a system bus allows 128 (max_replies_per_connection of dbus-daemon(1)). */
const callLimit = 100;
/** File descriptors of messages that have not come to their end: two messages of the kernel's limit (SCM_MAX_FD). */
const descriptorLimit = 2 * 253;

export type Outgoing = Omit<DbusMessage, "serial">;

/** One D-Bus connection after authentication: messages out, answers matched to calls, the rest given to a listener. */
export class DbusConnection {
  readonly #socket: Socket;
  readonly #waiting = new Map<
    number,
    { resolve: (body: readonly GVariantValue[]) => void; reject: (error: unknown) => void }
  >();
  /** Calls beyond the limit, in their order. */
  readonly #held: (() => void)[] = [];
  readonly #closed: (() => void)[] = [];
  #input: Buffer = Buffer.alloc(0);
  /** Received, of messages that are not complete yet. */
  #descriptors: number[] = [];
  #serial = 0;
  /** Calls, whose descriptors it must close, and signals. */
  onMessage: (message: DbusMessage, descriptors: Descriptors) => void = (_, descriptors) =>
    descriptors[Symbol.dispose]();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#close());
  }

  /**
   * Begins to read.
   * @param first bytes that came with the authentication
   * @param descriptors whether the peer has agreed to pass file descriptors
   */
  start(first: Buffer, descriptors = false): void {
    this.#receive(first);
    if (descriptors) receiveDescriptors(this.#socket, (bytes, passed) => this.#receive(bytes, passed));
    else this.#socket.resume();
  }

  get open(): boolean {
    return !this.#socket.destroyed;
  }

  onClose(listener: () => void): void {
    this.#closed.push(listener);
  }

  send(message: Outgoing): number {
    const serial = this.#nextSerial();
    if (!this.open) return serial;
    this.#socket.write(encodeDbusMessage({ ...message, serial }));
    if (this.#socket.writableLength > backlogLimit) this.#socket.destroy();
    return serial;
  }

  #nextSerial(): number {
    this.#serial = (this.#serial + 1) >>> 0 || 1;
    return this.#serial;
  }

  /** Sends a message with open files, after all that was sent before. They stay open here. */
  async sendWith(message: Outgoing, descriptors: Descriptors): Promise<void> {
    if (descriptors.count === 0) return void this.send(message);
    const serial = this.#nextSerial();
    const bytes = encodeDbusMessage({ ...message, serial, unixFds: descriptors.count });
    const until = Date.now() + callTimeoutMs;
    while (this.open && Date.now() < until) {
      const written = this.#socket.writableLength > 0 ? 0 : sendDescriptors(this.#socket, bytes, descriptors.all());
      if (written > 0) return void this.#socket.write(bytes.subarray(written));
      await sleep(5);
    }
    throw busError("connection", "the peer takes no answer");
  }

  /** Calls a method and waits for the values that it returns; an error of the peer is thrown as `ErrorReply`. */
  async call(message: Omit<Outgoing, "type">, timeoutMs = callTimeoutMs): Promise<readonly GVariantValue[]> {
    const name = `${message.interface}.${message.member}`;
    return new Promise((resolve, reject) => {
      const begin = () => {
        const serial = this.send({ ...message, type: "call" });
        const timer = setTimeout(() => {
          this.#settle(serial)?.reject(busError("connection", `no answer to ${name}`));
        }, timeoutMs);
        const settled =
          <T>(then: (value: T) => void) =>
          (value: T) => {
            clearTimeout(timer);
            then(value);
          };
        this.#waiting.set(serial, { resolve: settled(resolve), reject: settled(reject) });
        if (!this.open) this.#close();
      };
      if (this.#waiting.size < callLimit) begin();
      else this.#held.push(begin);
    });
  }

  /** Takes a call from those that wait, so that the next one can be sent. */
  #settle(serial: number) {
    const waiting = this.#waiting.get(serial);
    if (this.#waiting.delete(serial)) this.#held.shift()?.();
    return waiting;
  }

  close(): void {
    this.#socket.end();
    this.#socket.destroySoon();
  }

  #close(): void {
    for (const begin of this.#held.splice(0)) begin();
    for (const { reject } of this.#waiting.values()) reject(busError("connection", "the connection was closed"));
    this.#waiting.clear();
    for (const descriptor of this.#descriptors.splice(0)) closeSync(descriptor);
    for (const listener of this.#closed.splice(0)) listener();
  }

  #receive(chunk: Buffer, passed: readonly number[] = []): void {
    this.#descriptors.push(...passed);
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    try {
      for (let message = this.#next(); message !== undefined; message = this.#next()) this.#dispatch(message);
      const waiting = this.#descriptors.length;
      if (waiting > descriptorLimit || (waiting > 0 && this.#input.length === 0))
        throw busError("connection", `${waiting} file descriptors without a message`);
    } catch {
      // After a malformed message there is no telling where the next one begins.
      this.#socket.destroy();
    }
  }

  #next(): DbusMessage | undefined {
    if (this.#input.length < dbusFixedHeader) return undefined;
    const length = dbusMessageLength(this.#input.subarray(0, dbusFixedHeader));
    if (length > messageLimit) throw busError("connection", `a message of ${length} bytes`);
    if (this.#input.length < length) return undefined;
    const bytes = this.#input.subarray(0, length);
    this.#input = this.#input.subarray(length);
    return decodeDbusMessage(bytes);
  }

  /** They come in the order of the messages (D-Bus specification, header field UNIX_FDS). */
  #descriptorsOf({ unixFds = 0 }: DbusMessage): Descriptors {
    if (unixFds > this.#descriptors.length) throw busError("connection", `a message that lacks file descriptors`);
    return new Descriptors(this.#descriptors.splice(0, unixFds));
  }

  #dispatch(message: DbusMessage): void {
    const descriptors = this.#descriptorsOf(message);
    if (message.type === "call") return this.onMessage(message, descriptors);
    // Nobody has asked for any.
    descriptors[Symbol.dispose]();
    if (message.type === "signal") return this.onMessage(message, descriptors);
    const waiting = this.#settle(message.replySerial ?? 0);
    if (message.type === "return") waiting?.resolve(message.body ?? []);
    else waiting?.reject(remoteError(message));
  }
}

function remoteError({ errorName, body }: DbusMessage): ErrorReply {
  const [text] = body ?? [];
  return errorReply(errorName ?? "", typeof text === "string" ? text : "");
}
