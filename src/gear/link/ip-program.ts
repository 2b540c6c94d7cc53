// SPDX-License-Identifier: Apache-2.0
/** What ip(8) tells of a network namespace. */
import { canonicalAddress } from "./endpoint.ts";
import type { NetworkNamespace } from "./network-namespace.ts";

interface Interface {
  readonly ifname?: string;
  readonly addr_info?: readonly { readonly local?: string; readonly scope?: string }[];
}

interface Route {
  readonly gateway?: string;
}

/** Addresses of all interfaces but `lo`. */
export async function interfaceAddresses(namespace: NetworkNamespace): Promise<{ address: string; global: boolean }[]> {
  const interfaces = await list<Interface>(namespace, "address", "show");
  const addresses = interfaces.flatMap(({ ifname, addr_info: own = [] }) => (ifname === "lo" ? [] : own));
  return addresses.flatMap(({ local = "", scope }) => {
    const address = canonicalAddress(local);
    return address === undefined ? [] : [{ address, global: scope === "global" }];
  });
}

/** Gateways of all routes of a family. */
export async function gateways(namespace: NetworkNamespace, family: 4 | 6, ...selector: string[]): Promise<string[]> {
  const routes = await list<Route>(namespace, `-${family}`, "route", "show", ...selector);
  return routes.flatMap(({ gateway }) => gateway ?? []);
}

async function list<T>(namespace: NetworkNamespace, ...args: string[]): Promise<T[]> {
  const { stdout } = await namespace.run("ip", ["-j", ...args]);
  return JSON.parse(stdout.trim() || "[]") as T[];
}
