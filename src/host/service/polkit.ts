// SPDX-License-Identifier: Apache-2.0
import { type Bus, errorReply } from "../../bus/index.ts";
import type { GVariantValue } from "../../formats/index.ts";
import { busErrors } from "./bus-error.ts";
import { serviceName } from "./rpmostree1.ts";

const authority = {
  destination: "org.freedesktop.PolicyKit1",
  path: "/org/freedesktop/PolicyKit1/Authority",
  interface: "org.freedesktop.PolicyKit1.Authority",
};
/** The user may be asked for a password, which takes the time that it takes. */
const allowInteraction = 1;
const interactionTimeoutMs = 5 * 60_000;

/** Asks who a caller is and what polkit allows them. */
export class Authorizer {
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /**
   * Throws unless the caller may do all of `actions` (ids without the service's name). root may do everything, without
   * polkit, which need not run (`rpmostreed_sysroot_authorize_direct`).
   */
  async require(sender: string, actions: readonly string[], what: string): Promise<void> {
    if (actions.length === 0 || (await this.#bus.userOf(sender)) === 0) return;
    for (const action of actions) {
      if (!(await this.#allows(sender, `${serviceName}.${action}`)))
        throw errorReply(busErrors.accessDenied, `${what} is not allowed for this user`);
    }
  }

  async #allows(sender: string, action: string): Promise<boolean> {
    const subject = ["system-bus-name", new Map([["name", { type: "s", value: sender }]])];
    const body: GVariantValue[] = [subject, action, new Map(), allowInteraction, ""];
    const call = { ...authority, member: "CheckAuthorization", signature: "(sa{sv})sa{ss}us", body };
    try {
      const [result] = await this.#bus.connection.call(call, interactionTimeoutMs);
      return Array.isArray(result) && result[0] === true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw errorReply(busErrors.accessDenied, `polkit cannot be asked whether this is allowed: ${reason}`);
    }
  }
}
