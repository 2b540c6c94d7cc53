// SPDX-License-Identifier: Apache-2.0
import { type Bus, isErrorReply, type SignalListener } from "../../bus/index.ts";
import { type GVariantValue, isVariant } from "../../formats/index.ts";
import { gearError } from "../errors.ts";
import { Properties } from "./properties.ts";

const service = "org.freedesktop.systemd1";
const managerPath = "/org/freedesktop/systemd1";
const properties = "org.freedesktop.DBus.Properties";
/** As systemctl waits: a reload runs every generator (DAEMON_RELOAD_TIMEOUT_SEC of systemd is 90 s for each of two steps). */
const timeoutMs = 180_000;

/** Calls to systemd, with its refusals worded. */
export class ManagerCalls {
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** @param what what is told to have failed, such as a unit's name */
  async call(
    member: string,
    signature: string,
    body: readonly GVariantValue[],
    what: string,
  ): Promise<readonly GVariantValue[]> {
    return this.#send(managerPath, `${service}.Manager`, member, signature, body).catch((error: unknown) => {
      throw refused(error, what);
    });
  }

  /** Undefined where systemd answers with one of these errors. */
  async callUnless(errors: readonly string[], member: string, signature: string, body: readonly GVariantValue[]) {
    return this.#send(managerPath, `${service}.Manager`, member, signature, body).catch((error: unknown) => {
      if (isErrorReply(error) && errors.includes(error.busName)) return undefined;
      throw refused(error, String(body[0]));
    });
  }

  async text(member: string, argument: string): Promise<string> {
    const [value] = await this.call(member, "s", [argument], argument);
    return typeof value === "string" ? value : "";
  }

  /** One property of each unit; undefined where a unit does not have it, such as one of services where it is none. */
  async unitProperty(
    units: readonly string[],
    kind: "Unit" | "Service",
    name: string,
  ): Promise<(GVariantValue | undefined)[]> {
    return Promise.all(
      units.map(async (unit) => {
        try {
          const [held] = await this.#send(unitPath(unit), properties, "Get", "ss", [`${service}.${kind}`, name]);
          return held !== undefined && isVariant(held) ? held.value : undefined;
        } catch (error) {
          if (isErrorReply(error) && notThere.includes(error.busName)) return undefined;
          throw refused(error, unit);
        }
      }),
    );
  }

  /** Of every interface that the unit has. For this, systemd looks through all directories for links to the unit's file. */
  async unitProperties(unit: string): Promise<Properties> {
    const path = await this.text("LoadUnit", unit);
    const [all] = await this.#send(path, properties, "GetAll", "s", [""]).catch((error: unknown) => {
      throw refused(error, unit);
    });
    return new Properties(all);
  }

  async #send(path: string, called: string, member: string, signature: string, body: readonly GVariantValue[]) {
    const message = { destination: service, path, interface: called, member, signature, body };
    return this.#bus.connection.call(message, timeoutMs);
  }

  async onJobRemoved(listener: SignalListener): Promise<() => void> {
    const rule = { sender: service, interface: `${service}.Manager`, member: "JobRemoved", path: managerPath };
    return this.#bus.listen(rule, listener);
  }

  async onPropertiesChanged(path: string, listener: SignalListener): Promise<() => void> {
    return this.#bus.listen({ sender: service, interface: properties, member: "PropertiesChanged", path }, listener);
  }
}

/** @returns the object of a unit, as bus_label_escape of systemd writes its name */
function unitPath(unit: string): string {
  const escape = (character: string) => `_${Buffer.from(character, "latin1").toString("hex")}`;
  const bytes = Buffer.from(unit).toString("latin1");
  return `${managerPath}/unit/${bytes.replace(/[^A-Za-z0-9]|^[0-9]/g, escape)}`;
}

const notThere = ["org.freedesktop.DBus.Error.UnknownInterface", "org.freedesktop.DBus.Error.UnknownProperty"];

const denied = [
  "org.freedesktop.DBus.Error.AccessDenied",
  "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
];

function refused(error: unknown, what: string): unknown {
  if (!isErrorReply(error)) return error;
  const hint = denied.includes(error.busName) ? { hint: "run it as root" } : {};
  return gearError("systemd", `${what}: ${error.message}`, { cause: error, ...hint });
}
