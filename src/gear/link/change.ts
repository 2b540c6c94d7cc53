// SPDX-License-Identifier: Apache-2.0
import { AtomicError } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { type AppliedLinks, applyLinks } from "./apply.ts";
import { diffLinks, type LinkDifference, loadedLinks } from "./loaded.ts";
import { sourceText, targetInstance } from "./endpoint.ts";
import type { InstanceLink, LinkChange } from "./model.ts";
import { NetworkNamespace } from "./network-namespace.ts";
import { processStart } from "./process-start.ts";
import { containerAddresses, resolveLinks } from "./resolve.ts";
import type { LinkStore } from "./store.ts";

/** Is told of another instance whose links lead elsewhere now. */
export type RefreshListener = (instance: string, applied: AppliedLinks) => Promise<void>;

/**
 * Gives an instance's container its links after it has started, and those of others that lead to it the address that it has
 * now; called by its unit. What fails of others is theirs, and shows in `inspectLinks`.
 */
export async function applyInstanceLinks(
  store: LinkStore,
  instance: string,
  file: string,
  pid: number,
  onRefresh?: RefreshListener,
): Promise<AppliedLinks> {
  const applied = await applyFirst(store, instance, file, pid);
  await refreshLinksTo(store, instance, onRefresh);
  return applied;
}

async function applyFirst(store: LinkStore, instance: string, file: string, pid: number): Promise<AppliedLinks> {
  using _lock = await store.lock(instance);
  using namespace = NetworkNamespace.ofProcess(pid);
  const started = processStart(pid);
  if (started === undefined) throw gearError("no-namespace", `process ${pid} has ended`);
  // Before others are looked for: of two that start at the same time and lead to each other, the later one sees the other.
  store.record(instance, { pid, started, file, addresses: await containerAddresses(namespace) });
  return await applyTo(store, namespace, instance, file);
}

/**
 * Takes links away that lead to an instance whose container has ended; called by its unit. Its address may soon be another
 * container's, even another tenant's.
 */
export async function releaseInstance(store: LinkStore, instance: string, onRefresh?: RefreshListener): Promise<void> {
  store.forget(instance);
  await refreshLinksTo(store, instance, onRefresh);
}

async function refreshLinksTo(store: LinkStore, instance: string, onRefresh?: RefreshListener): Promise<void> {
  for (const other of store.instances()) {
    if (other === instance) continue;
    try {
      using _lock = await store.lock(other);
      const linked = store.running(other);
      if (linked === undefined) continue;
      if (!store.links(other, linked.file).some(({ to }) => targetInstance(to) === instance)) continue;
      const applied = await applyWhereRunning(store, other);
      if (applied !== undefined) await onRefresh?.(other, applied);
    } catch (error) {
      // It may have ended meanwhile.
      if (!(error instanceof AtomicError)) throw error;
    }
  }
}

function applyTo(store: LinkStore, namespace: NetworkNamespace, instance: string, file: string): Promise<AppliedLinks> {
  return applyLinks(namespace, store.links(instance, file), (name) => store.running(name)?.addresses);
}

export interface ChangeOptions {
  /** The change is forgotten at the next boot. */
  readonly runtime: boolean;
  /** What was changed before is forgotten first. */
  readonly revert?: boolean;
}

/**
 * Changes an instance's links where it runs, and for its next start. What cannot be applied is not kept.
 * @returns `undefined` when it does not run: the change waits for its start
 */
export async function changeLinks(
  store: LinkStore,
  instance: string,
  changes: readonly LinkChange[],
  { runtime, revert = false }: ChangeOptions,
): Promise<AppliedLinks | undefined> {
  using _lock = await store.lock(instance);
  const before = [store.changes(instance, false), store.changes(instance, true)] as const;
  const restore = () => {
    store.write(instance, before[0], false);
    store.write(instance, before[1], true);
  };
  try {
    if (revert) for (const kept of [false, true]) store.write(instance, [], kept);
    store.change(instance, changes, runtime);
    return await applyWhereRunning(store, instance);
  } catch (error) {
    restore();
    throw error;
  }
}

async function applyWhereRunning(store: LinkStore, instance: string): Promise<AppliedLinks | undefined> {
  const linked = store.running(instance);
  if (linked === undefined) return undefined;
  using namespace = NetworkNamespace.ofProcess(linked.pid);
  return await applyTo(store, namespace, instance, linked.file);
}

export interface InstanceLinks extends LinkDifference {
  readonly instance: string;
  /** With the address that a target has; none for an instance that does not run. */
  readonly links: readonly (InstanceLink & { readonly address: string | undefined })[];
}

/** The links of an instance that runs, and how what its network has differs. Throws `gear-not-running`. */
export async function inspectLinks(store: LinkStore, instance: string): Promise<InstanceLinks> {
  const linked = store.running(instance);
  if (linked === undefined)
    throw gearError("not-running", `${instance} does not run with links on this host`, {
      hint: "atomic gear link list",
    });
  using namespace = NetworkNamespace.ofProcess(linked.pid);
  const said = store.links(instance, linked.file);
  const { links: resolved } = await resolveLinks(said, namespace, (name) => store.running(name)?.addresses);
  const addresses = new Map(resolved.map(({ from, to }) => [sourceText(from), to.address]));
  const links = said.map((link) => ({ ...link, address: addresses.get(sourceText(link.from)) }));
  return { instance, links, ...diffLinks(resolved, (await loadedLinks(namespace)) ?? []) };
}
