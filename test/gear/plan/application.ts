// SPDX-License-Identifier: Apache-2.0
import {
  type Application,
  type Container,
  defaultApplication,
  defaultContainer,
  type Link,
  parseName,
  type Port,
} from "../../../src/gear/index.ts";

export const name = (text: string) => parseName(text, "a test");

export function application(...containers: readonly Container[]): Application {
  return { ...defaultApplication, name: name("shop"), containers };
}

export function container(text: string, more: Partial<Container> = {}): Container {
  return { ...defaultContainer, name: name(text), image: `example.org/${text}:1`, ...more };
}

/** @param host 0 has one allocated, undefined publishes none */
export function port(number: number, host?: number, more: Partial<Port> = {}): Port {
  return { container: number, host, address: undefined, protocol: "tcp", ...more };
}

export function link(to: string, more: Partial<Link> = {}): Link {
  return { to: name(to), ports: [], matchPort: false, nonLocal: false, ...more };
}
