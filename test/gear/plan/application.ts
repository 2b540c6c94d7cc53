// SPDX-License-Identifier: Apache-2.0
/** Applications of a few containers that link to each other. */
import type { Application, Container, Link, Port } from "../../../src/gear/index.ts";
import { makeApplication, makeContainer, name } from "../application.ts";

export { name } from "../application.ts";

export function application(...containers: readonly Container[]): Application {
  return makeApplication({ containers });
}

export function container(text: string, more: Partial<Container> = {}): Container {
  return makeContainer({ name: name(text), image: `example.org/${text}:1`, ...more });
}

/** @param host 0 has one allocated, undefined publishes none */
export function port(number: number, host?: number, more: Partial<Port> = {}): Port {
  return { container: number, host, address: undefined, protocol: "tcp", ...more };
}

export function link(to: string, more: Partial<Link> = {}): Link {
  return { to: name(to), ports: [], matchPort: false, nonLocal: false, ...more };
}
