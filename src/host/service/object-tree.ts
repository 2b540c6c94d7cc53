// SPDX-License-Identifier: Apache-2.0
/** Objects with interfaces on D-Bus connections, and the interfaces that every object has. */
import { readTextIfExists } from "../../base/index.ts";
import { type DbusConnection, Descriptors, errorReply } from "../../bus/index.ts";
import type { DbusMessage, GVariantValue, Variant } from "../../formats/index.ts";
import { asBusError, busErrors } from "./bus-error.ts";
import { type InterfaceDeclaration, introspectInterface, method, signatureOf } from "./interface.ts";

/** What a method's code is given. */
export interface Call {
  readonly message: DbusMessage;
  readonly inputs: readonly GVariantValue[];
  /** Open files that came with it; closed when it is answered, unless somebody else takes them. */
  readonly descriptors: Descriptors;
  /** Open files that go with the answer, and are closed then. */
  readonly answered: Descriptors;
}

export type Handler = (call: Call) => readonly GVariantValue[] | Promise<readonly GVariantValue[]>;

/** An interface of an object: its declaration, and code for all that is declared. */
export interface Implementation {
  readonly declaration: InterfaceDeclaration;
  readonly methods: Readonly<Record<string, Handler>>;
  /** Present values of all properties. */
  properties(): Readonly<Record<string, GVariantValue>>;
  /** Throws for a caller who may not call this. */
  authorize?(call: Call): void | Promise<void>;
}

const peer: InterfaceDeclaration = {
  name: "org.freedesktop.DBus.Peer",
  methods: { Ping: method(), GetMachineId: method("", "machine_uuid:s") },
  properties: {},
  signals: {},
};
const introspectable: InterfaceDeclaration = {
  name: "org.freedesktop.DBus.Introspectable",
  methods: { Introspect: method("", "xml_data:s") },
  properties: {},
  signals: {},
};
const properties: InterfaceDeclaration = {
  name: "org.freedesktop.DBus.Properties",
  methods: {
    Get: method("interface_name:s property_name:s", "value:v"),
    GetAll: method("interface_name:s", "properties:a{sv}"),
    Set: method("interface_name:s property_name:s value:v"),
  },
  properties: {},
  signals: {
    PropertiesChanged: [
      { name: "interface_name", type: "s" },
      { name: "changed_properties", type: "a{sv}" },
      { name: "invalidated_properties", type: "as" },
    ],
  },
};
const objectManager: InterfaceDeclaration = {
  name: "org.freedesktop.DBus.ObjectManager",
  methods: { GetManagedObjects: method("", "object_paths_interfaces_and_properties:a{oa{sa{sv}}}") },
  properties: {},
  signals: {
    InterfacesAdded: [
      { name: "object_path", type: "o" },
      { name: "interfaces_and_properties", type: "a{sa{sv}}" },
    ],
    InterfacesRemoved: [
      { name: "object_path", type: "o" },
      { name: "interfaces", type: "as" },
    ],
  },
};

/** The objects of one program. Calls are answered on the connection that they came from; signals go to all of them. */
export class ObjectTree {
  readonly #objects = new Map<string, readonly Implementation[]>();
  readonly #connections = new Set<DbusConnection>();
  /** What clients were last told of the properties. */
  readonly #told = new Map<string, string>();
  readonly #managerPath: string | undefined;

  /** @param managerPath an ancestor of all objects, to have the interface ObjectManager */
  constructor(managerPath?: string) {
    this.#managerPath = managerPath;
  }

  attach(connection: DbusConnection): void {
    this.#connections.add(connection);
    connection.onClose(() => this.#connections.delete(connection));
  }

  get connections(): ReadonlySet<DbusConnection> {
    return this.#connections;
  }

  export(path: string, interfaces: readonly Implementation[]): void {
    this.#objects.set(path, interfaces);
    for (const each of interfaces) this.#told.set(`${path} ${each.declaration.name}`, JSON.stringify(plain(each)));
    if (this.#managerPath !== undefined)
      this.emit(this.#managerPath, objectManager, "InterfacesAdded", [path, allInterfaces(interfaces)]);
  }

  remove(path: string): void {
    const interfaces = this.#objects.get(path);
    if (interfaces === undefined) return;
    this.#objects.delete(path);
    const names = interfaces.map(({ declaration }) => declaration.name);
    for (const name of names) this.#told.delete(`${path} ${name}`);
    if (this.#managerPath !== undefined)
      this.emit(this.#managerPath, objectManager, "InterfacesRemoved", [path, names]);
  }

  paths(): string[] {
    return [...this.#objects.keys()];
  }

  emit(path: string, { name, signals }: InterfaceDeclaration, member: string, body: readonly GVariantValue[]): void {
    const signature = signatureOf(signals[member] ?? []);
    for (const connection of this.#connections)
      connection.send({ type: "signal", path, interface: name, member, signature, body });
  }

  /** Tells which properties have another value than when this was last called (`PropertiesChanged`). */
  emitChanges(): void {
    for (const [path, interfaces] of this.#objects) {
      for (const each of interfaces) {
        const key = `${path} ${each.declaration.name}`;
        const [before, now] = [JSON.parse(this.#told.get(key) ?? "{}") as Record<string, unknown>, plain(each)];
        const changed = Object.keys(now).filter((name) => JSON.stringify(now[name]) !== JSON.stringify(before[name]));
        if (changed.length === 0) continue;
        this.#told.set(key, JSON.stringify(now));
        const values = new Map([...allProperties(each)].filter(([name]) => changed.includes(name)));
        this.emit(path, properties, "PropertiesChanged", [each.declaration.name, values, []]);
      }
    }
  }

  /** Answers a call. */
  async handle(connection: DbusConnection, message: DbusMessage, passed = new Descriptors()): Promise<void> {
    using descriptors = passed;
    using answered = new Descriptors();
    const reply = message.sender === undefined ? {} : { destination: message.sender };
    try {
      const { declaration, handler } = this.#find(message);
      if (!declaration.descriptors) descriptors[Symbol.dispose]();
      const body = await handler({ message, inputs: message.body ?? [], descriptors, answered });
      if (message.noReply === true) return;
      const signature = signatureOf(declaration.outputs);
      await connection.sendWith({ type: "return", replySerial: message.serial, signature, body, ...reply }, answered);
    } catch (error) {
      const { busName, message: text } = asBusError(error);
      if (message.noReply === true) return;
      const failed = { type: "error", errorName: busName, replySerial: message.serial } as const;
      connection.send({ ...failed, signature: "s", body: [text], ...reply });
    }
  }

  #find(message: DbusMessage) {
    const path = message.path ?? "";
    const all = [...this.#standard(path), ...(this.#objects.get(path) ?? [])];
    if (!this.#exists(path)) throw errorReply(busErrors.unknownObject, `No such object: ${path}`);
    const wanted = all.filter(({ declaration }) => (message.interface ?? declaration.name) === declaration.name);
    if (wanted.length === 0) throw errorReply(busErrors.unknownInterface, `No such interface: ${message.interface}`);
    const member = message.member ?? "";
    const found = wanted.find(({ declaration }) => Object.hasOwn(declaration.methods, member));
    const declaration = found?.declaration.methods[member];
    const code = found?.methods[member];
    if (found === undefined || declaration === undefined || code === undefined)
      throw errorReply(busErrors.unknownMethod, `No such method: ${member}`);
    const expected = signatureOf(declaration.inputs);
    if ((message.signature ?? "") !== expected)
      throw errorReply(busErrors.invalidArgs, `${member} takes (${expected}), not (${message.signature ?? ""})`);
    const handler: Handler = async (call) => {
      await found.authorize?.(call);
      return code(call);
    };
    return { declaration, handler };
  }

  #exists(path: string): boolean {
    return this.#objects.has(path) || path === this.#managerPath || this.#children(path).length > 0 || path === "/";
  }

  /** Names of the nodes directly below. */
  #children(path: string): string[] {
    const prefix = path === "/" ? "/" : `${path}/`;
    const known = [...this.#objects.keys(), ...(this.#managerPath === undefined ? [] : [this.#managerPath])];
    const below = known.filter((each) => each.startsWith(prefix) && each !== path);
    return [...new Set(below.map((each) => each.slice(prefix.length).split("/")[0] ?? ""))].filter(
      (name) => name !== "",
    );
  }

  #standard(path: string): Implementation[] {
    const none = () => ({});
    const list: Implementation[] = [
      {
        declaration: peer,
        methods: { Ping: () => [], GetMachineId: () => [machineId()] },
        properties: none,
      },
      { declaration: introspectable, methods: { Introspect: () => [this.introspect(path)] }, properties: none },
    ];
    if (this.#objects.has(path))
      list.push({ declaration: properties, methods: this.#propertyMethods(path), properties: none });
    if (path === this.#managerPath) {
      const managed = () => new Map([...this.#objects].map(([at, interfaces]) => [at, allInterfaces(interfaces)]));
      list.push({ declaration: objectManager, methods: { GetManagedObjects: () => [managed()] }, properties: none });
    }
    return list;
  }

  #propertyMethods(path: string): Record<string, Handler> {
    const find = (name: GVariantValue | undefined): Implementation => {
      const found = (this.#objects.get(path) ?? []).find(({ declaration }) => declaration.name === name);
      if (found === undefined) throw errorReply(busErrors.unknownInterface, `No such interface: ${String(name)}`);
      return found;
    };
    const get = ([name, property]: readonly GVariantValue[]): Variant => {
      const value = allProperties(find(name)).get(String(property));
      if (value === undefined) throw errorReply(busErrors.unknownProperty, `No such property: ${String(property)}`);
      return value;
    };
    return {
      Get: ({ inputs }) => [get(inputs)],
      GetAll: ({ inputs: [name] }) => [allProperties(find(name))],
      Set: ({ inputs }) => {
        get(inputs);
        throw errorReply(busErrors.readOnly, `Property ${String(inputs[1])} is read-only`);
      },
    };
  }

  /** The introspection data of a node. */
  introspect(path: string): string {
    const implementations = [...this.#standard(path), ...(this.#objects.get(path) ?? [])];
    return [
      '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"',
      '"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">',
      "<node>",
      ...implementations.map(({ declaration }) => introspectInterface(declaration)),
      ...this.#children(path).map((name) => `<node name="${name}"/>`),
      "</node>",
      "",
    ].join("\n");
  }
}

function allProperties(each: Implementation): Map<string, Variant> {
  const values = each.properties();
  const types = Object.entries(each.declaration.properties);
  return new Map(types.map(([name, type]) => [name, { type, value: values[name] ?? "" }]));
}

function allInterfaces(interfaces: readonly Implementation[]) {
  return new Map(interfaces.map((each) => [each.declaration.name, allProperties(each)]));
}

/** Properties as JSON, to compare them. */
function plain(each: Implementation): Record<string, unknown> {
  const replace = (_: string, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value instanceof Map ? [...value] : value;
  return JSON.parse(JSON.stringify(each.properties(), replace)) as Record<string, unknown>;
}

function machineId(): string {
  return readTextIfExists("/etc/machine-id")?.trim() ?? "";
}
