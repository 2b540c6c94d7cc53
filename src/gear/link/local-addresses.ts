// SPDX-License-Identifier: Apache-2.0
/**
 * Addresses of links outside of 127.0.0.0/8. The namespace gets them on `lo`: connect(2) needs a route before packets are
 * translated, and a port without a link is refused there and then instead of going to whoever has the address outside.
 */
import { isIPv4 } from "node:net";
import { gearError } from "../errors.ts";
import { gateways, interfaceAddresses } from "./ip-program.ts";
import type { ResolvedLink } from "./model.ts";
import type { NetworkNamespace } from "./network-namespace.ts";

/** Those that have to be on `lo` for these links, each once. */
export function addressesOnLo(links: readonly ResolvedLink[]): string[] {
  const addresses = links.map(({ from }) => from.address);
  return [...new Set(addresses.filter((address) => !address.startsWith("127.")))].sort();
}

/** Throws `gear-link-conflict` where an address is the container's own, or its gateway: it would lose its network. */
export async function checkFree(namespace: NetworkNamespace, addresses: readonly string[]): Promise<void> {
  if (addresses.length === 0) return;
  const own = (await interfaceAddresses(namespace)).map(({ address }) => address);
  const taken = new Set([...own, ...(await gateways(namespace, 4)), ...(await gateways(namespace, 6))]);
  const conflict = addresses.find((address) => taken.has(address));
  if (conflict === undefined) return;
  throw gearError("link-conflict", `${conflict} is an address of the container's network, no link can have it`);
}

/** `ip -batch` adds what is not there and is content with what is; removal goes by what was listed as ours. */
export async function changeOnLo(
  namespace: NetworkNamespace,
  verb: "replace" | "del",
  addresses: readonly string[],
): Promise<void> {
  if (addresses.length === 0) return;
  const lines = addresses.map((address) => `address ${verb} ${address}/${isIPv4(address) ? "32" : "128"} dev lo\n`);
  // -force: an address that somebody else removed is removed.
  const accept = verb === "del" ? [0, 1] : [0];
  await namespace.run("ip", ["-force", "-batch", "-"], { input: lines.join(""), accept });
}
