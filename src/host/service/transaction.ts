// SPDX-License-Identifier: Apache-2.0
/**
 * One change of the host. As with rpm-ostree it has a D-Bus server of its own: the client that asked for it connects to
 * the address that it was given, calls `Start`, and is told of progress by signals until `Finished`. Others of the same
 * user, and root, may connect and watch. It begins with `Start`, so a client misses nothing; if the client leaves the bus
 * before, nothing is done.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { ProgressListener } from "../../base/index.ts";
import { authenticateClient, DbusConnection, Descriptors } from "../../bus/index.ts";
import type { GVariantValue } from "../../formats/index.ts";
import { hostError } from "../errors.ts";
import { errorText } from "./bus-error.ts";
import { ObjectTree } from "./object-tree.ts";
import { transactionInterface } from "./rpmostree1.ts";
import { TransactionProgress } from "./transaction-progress.ts";

/** Peers at one time: a user must not exhaust our file descriptors. */
const peerLimit = 16;

export interface TransactionRequest {
  /** The D-Bus method that began it, and the object. */
  readonly method: string;
  readonly path: string;
  /** Of the bus, unique. */
  readonly sender: string;
  readonly uid: number;
  readonly title: string;
  /** Says that two calls ask for the same. */
  readonly key: string;
  readonly clientDescription: string;
  /** What was typed, as the client says; else the method. */
  readonly commandLine: string;
  /** The change itself. Its text is the message of `Finished`. */
  readonly run: (progress: ProgressListener, signal: AbortSignal, descriptors: Descriptors) => Promise<void>;
}

export class Transaction {
  readonly request: TransactionRequest;
  readonly address: string;
  readonly #path: string;
  readonly #guid: string;
  readonly #server: Server;
  readonly #objects = new ObjectTree();
  readonly #abort = new AbortController();
  readonly #onClosed: (transaction: Transaction) => void;
  #started = false;
  #finished: readonly [success: boolean, message: string] | undefined;
  #closed = false;
  /** Open files that it works with, its own until its end. */
  descriptors = new Descriptors();
  /** Called once when it has begun, and once when it has ended. */
  onChange: () => Promise<void> | void = () => {};

  /** @param directory for its socket; @param onClosed called when it has ended and nobody watches any more */
  static async open(
    directory: string,
    request: TransactionRequest,
    onClosed: (transaction: Transaction) => void,
  ): Promise<Transaction> {
    const transaction = new Transaction(directory, request, onClosed);
    await transaction.#listen();
    return transaction;
  }

  private constructor(directory: string, request: TransactionRequest, onClosed: (transaction: Transaction) => void) {
    this.request = request;
    this.#onClosed = onClosed;
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    this.#path = join(directory, `transaction-${randomBytes(8).toString("hex")}`);
    this.#guid = randomBytes(16).toString("hex");
    this.address = `unix:path=${this.#path},guid=${this.#guid}`;
    this.#server = createServer((socket) => void this.#accept(socket));
    this.#server.maxConnections = peerLimit;
    this.#objects.export("/", [
      {
        declaration: transactionInterface,
        methods: { Start: () => this.#start(), Cancel: () => this.#cancel() },
        properties: () => ({ Title: request.title, InitiatingClientDescription: request.clientDescription }),
      },
    ]);
  }

  get active(): boolean {
    return this.#finished === undefined && !this.#closed;
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject).listen(this.#path, resolve);
    });
    // Who may go on is decided by the user id that the kernel gives.
    chmodSync(this.#path, 0o666);
  }

  async #accept(socket: Socket): Promise<void> {
    socket.on("error", () => socket.destroy());
    try {
      const mayConnect = (uid: number) => uid === 0 || uid === this.request.uid;
      const { rest } = await authenticateClient(socket, this.#guid, mayConnect);
      const connection = new DbusConnection(socket);
      connection.onMessage = (message) => {
        if (message.type === "call")
          void this.#objects.handle(connection, message).then(() => this.#tellLate(connection, message.member));
      };
      this.#objects.attach(connection);
      connection.onClose(() => this.#closeIfDone());
      connection.start(rest);
    } catch {
      socket.destroy();
    }
  }

  /** The client that asked for it is gone. What has begun goes on, as with rpm-ostree. */
  senderGone(): void {
    if (!this.#started) this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const connection of this.#objects.connections) connection.close();
    this.#server.close();
    rmSync(this.#path, { force: true });
    if (!this.#started) this.descriptors[Symbol.dispose]();
    this.#onClosed(this);
  }

  #closeIfDone(): void {
    if (this.#finished !== undefined && this.#objects.connections.size === 0) this.close();
  }

  #start(): readonly [boolean] {
    if (this.#started) return [false];
    this.#started = true;
    setImmediate(() => void this.#run());
    return [true];
  }

  #cancel(): readonly [] {
    this.#abort.abort(hostError("cancelled", "Cancelled"));
    return [];
  }

  async #run(): Promise<void> {
    const progress = new TransactionProgress((member, body) => this.#emit(member, body));
    try {
      await this.onChange();
      await this.request.run((event) => progress.tell(event), this.#abort.signal, this.descriptors);
      await this.#finish(true, "");
    } catch (error) {
      await this.#finish(false, errorText(error));
    } finally {
      this.descriptors[Symbol.dispose]();
    }
  }

  /** Clients read the properties when they are told that it is done, so these are brought up to date first. */
  async #finish(success: boolean, message: string): Promise<void> {
    await Promise.resolve(this.onChange()).catch(() => {});
    this.#finished = [success, message];
    this.#emit("Finished", this.#finished);
    this.#closeIfDone();
  }

  #emit(member: string, body: readonly GVariantValue[]): void {
    this.#objects.emit("/", transactionInterface, member, body);
  }

  /** Who calls `Start` after the end is told of the end. */
  #tellLate(connection: DbusConnection, member: string | undefined): void {
    if (member !== "Start" || this.#finished === undefined) return;
    const { name } = transactionInterface;
    const message = { path: "/", interface: name, member: "Finished", signature: "bs", body: this.#finished };
    connection.send({ type: "signal", ...message });
  }
}
