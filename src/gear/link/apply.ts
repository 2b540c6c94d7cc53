// SPDX-License-Identifier: Apache-2.0
import { checkLinks } from "./endpoint.ts";
import { diffLinks, type LinkDifference, loadedLinks } from "./loaded.ts";
import { addressesOnLo, changeOnLo, checkFree } from "./local-addresses.ts";
import type { InstanceLink } from "./model.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { nftScript } from "./nft-script.ts";
import { type FindInstance, type Resolution, resolveLinks } from "./resolve.ts";

export interface AppliedLinks extends LinkDifference, Resolution {}

/**
 * Makes `links` those of a network namespace, in one transaction and without a restart of what runs in it; says what was
 * missing and what was there too much. They end with the namespace.
 */
export async function applyLinks(
  namespace: NetworkNamespace,
  links: readonly InstanceLink[],
  find: FindInstance,
): Promise<AppliedLinks> {
  const { links: resolved, waiting } = await resolveLinks(checkLinks(links), namespace, find);
  const loaded = await loadedLinks(namespace);
  const [wanted, present] = [addressesOnLo(resolved), addressesOnLo(loaded ?? [])];
  await checkFree(namespace, wanted);
  await changeOnLo(namespace, "replace", wanted);
  await namespace.run("nft", ["-f", "-"], { input: nftScript(resolved) });
  // A packet from 127.0.0.1 may leave by another interface than lo only with this (ip-sysctl, route_localnet). It comes after
  // the rule that keeps neighbours out.
  await namespace.run("tee", ["/proc/sys/net/ipv4/conf/all/route_localnet"], { input: "1\n" });
  await changeOnLo(
    namespace,
    "del",
    present.filter((address) => !wanted.includes(address)),
  );
  return { links: resolved, waiting, ...diffLinks(resolved, loaded ?? []) };
}
