// SPDX-License-Identifier: Apache-2.0
import { isIP } from "node:net";
import { gearError } from "../errors.ts";

/** A host as ssh(1) reaches it. */
export interface Host {
  /** What ssh is given: `core@web1.example.org`. */
  readonly target: string;
  /** What it is called in plans and reports: the target without the user. */
  readonly name: string;
}

/** @throws gear-bad-host: it is a word of ssh's command line, where `-oProxyCommand=...` would be an option */
export function parseHost(text: string): Host {
  const [, , name = ""] = /^([A-Za-z_][A-Za-z0-9_.-]{0,31}@)?(.+)$/s.exec(text) ?? [];
  if (/^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/.test(name) || isIP(name) !== 0) return { target: text, name };
  throw gearError("bad-host", `${JSON.stringify(text.slice(0, 80))} is not a name of a host`, {
    hint: "ports, keys and jumps are said in ~/.ssh/config",
  });
}

/** @throws gear-bad-host */
export function parseHosts(texts: readonly string[]): Host[] {
  const hosts = texts.map(parseHost);
  const twice = hosts.find(({ name }, index) => hosts.findIndex((other) => other.name === name) < index);
  if (twice !== undefined) throw gearError("bad-host", `host ${twice.name} is named twice`);
  if (hosts.length > mostHosts) throw gearError("too-large", `${hosts.length} hosts; ${mostHosts} is the most`);
  return hosts;
}

/** Each has a connection of its own for as long as a deployment takes. */
const mostHosts = 100;
