// SPDX-License-Identifier: Apache-2.0
import { isErrorReply } from "./error-reply.ts";
import type { SignalRule } from "./signals.ts";

export const busName = "org.freedesktop.DBus";

/** The signal that a name of the bus has a new owner, or none. */
export function ownerChanges(name: string): SignalRule {
  return { sender: busName, interface: busName, member: "NameOwnerChanged", arg0: name };
}

/** Who owns the names that signals are expected from: signals have the unique name of their sender alone. */
export class NameOwners {
  readonly #owners = new Map<string, string>();

  /** A unique name, and the bus's own, owns itself. */
  of(name: string): string | undefined {
    return isUnique(name) ? name : this.#owners.get(name);
  }

  set(name: string, owner: string): void {
    if (owner === "") this.#owners.delete(name);
    else this.#owners.set(name, owner);
  }

  /** @param ask GetNameOwner of the bus, which answers with an error for a name without owner */
  async find(name: string, ask: () => Promise<string>): Promise<void> {
    try {
      this.set(name, await ask());
    } catch (error) {
      if (!isErrorReply(error) || error.busName !== `${busName}.Error.NameHasNoOwner`) throw error;
    }
  }
}

export function isUnique(name: string): boolean {
  return name.startsWith(":") || name === busName;
}
