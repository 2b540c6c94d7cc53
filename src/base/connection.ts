// SPDX-License-Identifier: Apache-2.0
import type { Agent } from "node:http";

/** How servers are reached, where it is not the usual way. One object for all requests that share connections. */
export interface ConnectionSettings {
  /** PEM text of the authorities that are trusted, in place of the system's. */
  readonly ca?: string;
  /** PEM texts of the certificate that is shown to servers, and its key. */
  readonly cert?: string;
  readonly key?: string;
  /** Whether the server's certificate is verified; default true. */
  readonly verify?: boolean;
  /** URL of a proxy, with user and password where it wants them; empty: none. Default: as `http_proxy` and its kin say. */
  readonly proxy?: string;
  readonly family?: 4 | 6;
  /** `user:password`, told only to the server that was asked first. */
  readonly auth?: string;
  readonly userAgent?: string;
}

type Secure = "http:" | "https:";
const agents = new WeakMap<ConnectionSettings, Map<Secure, Promise<Agent>>>();

/** The agent that has the connections of `settings`. */
export function agentFor(settings: ConnectionSettings, protocol: Secure): Promise<Agent> {
  const known = agents.get(settings) ?? new Map<Secure, Promise<Agent>>();
  agents.set(settings, known);
  const agent = known.get(protocol) ?? makeAgent(settings, protocol);
  known.set(protocol, agent);
  return agent;
}

async function makeAgent(settings: ConnectionSettings, protocol: Secure): Promise<Agent> {
  const { ca, cert, key, verify, proxy, family } = settings;
  // Named by both: curl takes http_proxy in small letters only, and so do we then.
  const proxyEnv = proxy === undefined ? process.env : proxy === "" ? {} : { http_proxy: proxy, https_proxy: proxy };
  const common = { keepAlive: true, proxyEnv, ...(family === undefined ? {} : { family }) };
  if (protocol === "http:") return new (await import("node:http")).Agent(common);
  return new (await import("node:https")).Agent({
    ...common,
    rejectUnauthorized: verify ?? true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
}
