// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from "node:net";
import type { DbusMessage, GVariantValue } from "../formats/index.ts";
import { busError } from "./errors.ts";
import { authenticateToServer } from "./auth.ts";
import { DbusConnection } from "./connection.ts";
import type { Descriptors } from "./descriptors.ts";
import { busName, isUnique, NameOwners, ownerChanges } from "./name-owners.ts";
import { type SignalListener, type SignalRule, Signals } from "./signals.ts";

const busPath = "/org/freedesktop/DBus";
const systemBus = "unix:path=/run/dbus/system_bus_socket";

/** Owning the name, or in line for it: 1 is DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER. */
const primaryOwner = 1;
const doNotQueue = 4;

/** A connection to a message bus. */
export class Bus {
  readonly connection: DbusConnection;
  readonly #owners = new NameOwners();
  /** Names whose owners are known, or will be. */
  readonly #followed = new Map<string, Promise<void>>();
  readonly #signals = new Signals(
    async (member, rule) => void (await this.callBus(member, "s", [rule])),
    (name) => this.#owners.of(name),
  );
  /** Calls to our objects. */
  onCall: (call: DbusMessage, descriptors: Descriptors) => void = (_, descriptors) => descriptors[Symbol.dispose]();

  constructor(connection: DbusConnection) {
    this.connection = connection;
    connection.onMessage = (message, descriptors) => this.#receive(message, descriptors);
  }

  async callBus(member: string, signature = "", body: readonly GVariantValue[] = []) {
    return this.connection.call({ destination: busName, path: busPath, interface: busName, member, signature, body });
  }

  /** Throws `bus-connection` when another program has the name. */
  async requestName(name: string): Promise<void> {
    const [reply] = await this.callBus("RequestName", "su", [name, doNotQueue]);
    if (reply !== primaryOwner) throw busError("connection", `another program has the name ${name} on the bus`);
  }

  async userOf(sender: string): Promise<number> {
    const [uid] = await this.callBus("GetConnectionUnixUser", "s", [sender]);
    return Number(uid);
  }

  async processOf(sender: string): Promise<number> {
    const [pid] = await this.callBus("GetConnectionUnixProcessID", "s", [sender]);
    return Number(pid);
  }

  /** Calls back once when a client leaves the bus. Returns how to stop watching. */
  watch(sender: string, onGone: () => void): () => void {
    const { ready, stop } = this.#signals.add(ownerChanges(sender), ({ body }) => {
      if (body?.[2] !== "") return;
      stop();
      onGone();
    });
    ready.catch(() => {});
    return stop;
  }

  /** Calls back with each signal of a kind; those that are sent once this has resolved are not missed. Returns how to stop. */
  async listen(rule: SignalRule, listener: SignalListener): Promise<() => void> {
    await this.#followOwner(rule.sender);
    const { ready, stop } = this.#signals.add(rule, listener);
    await ready;
    return stop;
  }

  async #followOwner(name: string): Promise<void> {
    if (isUnique(name)) return;
    let followed = this.#followed.get(name);
    if (followed === undefined) this.#followed.set(name, (followed = this.#follow(name)));
    await followed;
  }

  async #follow(name: string): Promise<void> {
    const { ready } = this.#signals.add(ownerChanges(name), ({ body }) => {
      if (typeof body?.[2] === "string") this.#owners.set(name, body[2]);
    });
    await ready;
    await this.#owners.find(name, async () => String((await this.callBus("GetNameOwner", "s", [name]))[0]));
  }

  #receive(message: DbusMessage, descriptors: Descriptors): void {
    if (message.type === "call") this.onCall(message, descriptors);
    else this.#signals.receive(message);
  }
}

/** Connects to a bus and introduces us. @param address default: the system's, or that of DBUS_SYSTEM_BUS_ADDRESS */
export async function connectBus(address = process.env["DBUS_SYSTEM_BUS_ADDRESS"] ?? systemBus): Promise<Bus> {
  const connection = await connectPeer(address);
  const bus = new Bus(connection);
  await bus.callBus("Hello");
  return bus;
}

/** Connects to the D-Bus server at an address, without a bus. */
export async function connectPeer(address: string): Promise<DbusConnection> {
  const socket = await connectSocket(address);
  const { rest, descriptors } = await authenticateToServer(socket);
  const connection = new DbusConnection(socket);
  connection.start(rest, descriptors);
  return connection;
}

async function connectSocket(address: string): Promise<Socket> {
  const path = socketPath(address);
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket));
    socket.once("error", (cause) => reject(busError("connection", `no connection to ${address}`, { cause })));
  });
}

/** The first Unix socket of an address (D-Bus specification, "Server Addresses"). */
function socketPath(address: string): string {
  for (const entry of address.split(";")) {
    const [, kind, value] = /^unix:(?:[^=,]+=[^,]*,)*(path|abstract)=([^,]+)/.exec(entry) ?? [];
    if (kind === undefined || value === undefined) continue;
    const path = decodeURIComponent(value);
    return kind === "path" ? path : `\0${path}`;
  }
  throw busError("connection", `${JSON.stringify(address)} is no address of a Unix socket`);
}
