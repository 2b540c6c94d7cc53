// SPDX-License-Identifier: Apache-2.0
import { gearError } from "./errors.ts";

/**
 * Name of an application, container, volume, secret or tenant: a DNS label (RFC 1123), which is also a part of a unit's name
 * that systemd does not escape.
 */
export type Name = string & { readonly [brand]: never };
declare const brand: unique symbol;

/** @throws gear-bad-name, which names `what` */
export function parseName(text: string, what: string): Name {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return text as Name;
  throw gearError("bad-name", `${JSON.stringify(text.slice(0, 80))} is not a name of ${what}`);
}
