// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { gearError } from "../errors.ts";
import type { Name } from "../name.ts";
import { eachHost } from "./each-host.ts";
import type { Host } from "./host-name.ts";
import type { Settled, SettleRequest } from "./requests.ts";
import { HostSession } from "./session.ts";

const pauseMs = 1000;

/**
 * Tells a host how all of them ended, over a connection of its own; one that cannot be reached is tried again.
 * @param within milliseconds after which it is given up
 */
export async function settleOn(host: Host, request: SettleRequest, within = 0): Promise<Settled> {
  for (const until = performance.now() + within; ; await sleep(pauseMs)) {
    try {
      using session = await HostSession.open(host, "atomic gear agent --change");
      return await session.request("settle", request);
    } catch (error) {
      if (!gearError.is(error, "host") || performance.now() > until) throw error;
    }
  }
}

/** How a host was, and is after all have been brought to the same. */
export interface HostSettlement {
  readonly host: string;
  readonly before: Settled["state"] | undefined;
  readonly after: Settled["state"] | undefined;
  readonly lost: string | undefined;
}

export interface Settlement {
  readonly application: Name;
  readonly decision: "keep" | "back" | undefined;
  readonly hosts: readonly HostSettlement[];
}

/**
 * Ends what a deployment on several hosts left undone: where one of them has stayed with it, all are told to; where none has, and all
 * that it was for have said so, those that wait go back.
 * @throws gear-several-hosts when hosts that may have stayed were not asked
 */
export async function settleOnHosts(application: Name, hosts: readonly Host[]): Promise<Settlement> {
  const ask = (transaction: string | undefined) =>
    eachHost(hosts, (host) => settleOn(host, { application, transaction, decision: undefined }));
  const last = await ask(undefined);
  const id = chosen(last.results.map(({ result }) => result));
  const { results, failures } = id === undefined ? last : await ask(id);
  const lost = failures.map(({ item, error }) => ({
    host: item.name,
    before: undefined,
    after: undefined,
    lost: error.message,
  }));
  const isKept = results.some(({ result }) => result.state === "kept");
  const left = results.filter(({ result }) => result.state === "open" || (isKept && result.state === "back"));
  const decision = left.length === 0 ? undefined : isKept ? "keep" : "back";
  if (decision === "back") refuseUnasked(results);
  const settled = await eachHost(results, async ({ item, result }) => {
    if (decision === undefined || !left.some((one) => one.item === item)) return result;
    return settleOn(item, { application, transaction: id, decision });
  });
  const ended = settled.results.map(({ item, result }) => {
    return { host: item.item.name, before: item.result.state, after: result.state, lost: undefined };
  });
  const failed = settled.failures.map(({ item, error }) => {
    return { host: item.item.name, before: item.result.state, after: undefined, lost: error.message };
  });
  const order = (name: string) => hosts.findIndex((host) => host.name === name);
  const all = [...ended, ...failed, ...lost].sort((a, b) => order(a.host) - order(b.host));
  return { application, decision, hosts: all };
}

/** One that is open; else the last. */
function chosen(found: readonly Settled[]): string | undefined {
  const open = found.find(({ state }) => state === "open");
  if (open !== undefined) return open.transaction;
  return found
    .flatMap(({ transaction }) => transaction ?? [])
    .sort()
    .at(-1);
}

function refuseUnasked(results: readonly { readonly item: Host; readonly result: Settled }[]): void {
  const asked = new Set(results.map(({ item }) => item.name));
  const unasked = results.flatMap(({ result }) => result.hosts.map(String)).filter((host) => !asked.has(host));
  if (unasked.length === 0) return;
  throw gearError("several-hosts", `${[...new Set(unasked)].join(", ")} may have stayed with it, and did not answer`, {
    hint: "name all hosts of the deployment; one that waits goes back by itself when its promise has run out",
  });
}
