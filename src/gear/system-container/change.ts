// SPDX-License-Identifier: Apache-2.0
/** The verbs of system containers. Each runs alone, and first ends what another one was killed in. */
import { gearError } from "../errors.ts";
import type { Name } from "../name.ts";
import type { AskedPermission } from "../permission.ts";
import { refuseSystemConflicts } from "./host-place.ts";
import type { SystemContainer, SystemGeneration } from "./model.ts";
import { type Prepared, prepareGeneration } from "./prepare.ts";
import { openRepository, pruneRepository } from "./repository.ts";
import type { SystemStore } from "./store.ts";
import {
  defaultHealthTime,
  type HealthTime,
  recoverChange,
  switchTo,
  type SwitchResult,
  type SystemSurroundings,
} from "./switch-to.ts";

export interface SystemReport extends Omit<SwitchResult, "outcome"> {
  readonly name: Name;
  readonly kind: "install" | "update" | "rollback" | "uninstall";
  readonly outcome: SwitchResult["outcome"] | "unchanged";
  readonly from: SystemGeneration | undefined;
  readonly to: SystemGeneration | undefined;
  readonly layers: Prepared["layers"] | undefined;
}

/** Whether what an image asks for is allowed; throws where it is not. */
export type Consent = (what: string, asked: readonly AskedPermission[]) => Promise<void> | void;

export interface SystemInstallRequest {
  readonly name: Name;
  readonly image: string;
  readonly values: Readonly<Record<string, string>>;
  readonly runtime: string;
  readonly hostNetwork: boolean;
  readonly consent: Consent;
  readonly health?: HealthTime;
  readonly signal?: AbortSignal | undefined;
}

export async function installSystemContainer(
  surroundings: SystemSurroundings,
  request: SystemInstallRequest,
): Promise<SystemReport> {
  const { store } = surroundings;
  using _lock = store.lock();
  await recoverSystemContainers(surroundings);
  if (store.current(request.name) !== undefined)
    throw gearError("conflict", `there is a system container ${request.name} already`, {
      hint: `atomic gear system update ${request.name}, or --name for another one`,
    });
  return await change(surroundings, "install", request, undefined);
}

export interface SystemUpdateRequest {
  readonly name: Name;
  /** Another image than before. */
  readonly image?: string | undefined;
  readonly values: Readonly<Record<string, string>>;
  readonly consent: Consent;
  readonly health?: HealthTime;
  readonly signal?: AbortSignal | undefined;
}

/** Nothing is done where image and values are the same. */
export async function updateSystemContainer(
  surroundings: SystemSurroundings,
  request: SystemUpdateRequest,
): Promise<SystemReport> {
  const { store } = surroundings;
  using _lock = store.lock();
  await recoverSystemContainers(surroundings);
  const { current } = store.require(request.name);
  const { image = current.image } = request;
  const { runtime, hostNetwork } = current;
  return await change(surroundings, "update", { ...request, image, runtime, hostNetwork }, current);
}

async function change(
  surroundings: SystemSurroundings,
  kind: "install" | "update",
  request: SystemInstallRequest,
  before: SystemGeneration | undefined,
): Promise<SystemReport> {
  const { store, services, progress } = surroundings;
  const { name, consent, health = defaultHealthTime, signal } = request;
  const values = { ...before?.values, ...request.values };
  const given = Object.keys(request.values);
  const prepared = await prepareGeneration(store, { ...request, values, given, before, progress });
  const { generation: to, layers } = prepared;
  try {
    if (before !== undefined && isSame(before, to)) {
      prepared.discard();
      return {
        name,
        kind,
        outcome: "unchanged",
        from: before,
        to: before,
        layers,
        problems: [],
        reason: undefined,
        left: [],
      };
    }
    const known = new Set(before?.asked.map(({ permission, what }) => `${permission}: ${what}`));
    // What it has been allowed already is not asked for at each update.
    const asked = to.asked.filter(({ permission, what }) => !known.has(`${permission}: ${what}`));
    await consent(`${request.image} as the system container ${name}`, asked);
    await refuseSystemConflicts(store, services, to, before);
  } catch (error) {
    prepared.discard();
    throw error;
  }
  const result = await switchTo(surroundings, name, prepared, health, signal);
  if (result.outcome === "done") dropOld(store, name, [to.number, before?.number]);
  pruneRepository(store, openRepository(store), progress);
  return { name, kind, from: before, to, layers, ...result };
}

function isSame(one: SystemGeneration, other: SystemGeneration): boolean {
  return (
    one.id === other.id &&
    one.image === other.image &&
    JSON.stringify(sorted(one.values)) === JSON.stringify(sorted(other.values))
  );
}

const sorted = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** The one that counts is kept, and the one to go back to. */
function dropOld(store: SystemStore, name: Name, kept: readonly (number | undefined)[]): void {
  for (const number of store.numbers(name)) if (!kept.includes(number)) store.removeGeneration(name, number);
}

/** Goes to the generation before; done again, back to the other. */
export async function rollbackSystemContainer(
  surroundings: SystemSurroundings,
  { name, health = defaultHealthTime, signal }: Pick<SystemUpdateRequest, "name" | "health" | "signal">,
): Promise<SystemReport> {
  const { store, services } = surroundings;
  using _lock = store.lock();
  await recoverSystemContainers(surroundings);
  const { current, others } = store.require(name);
  const [to] = others;
  if (to === undefined) throw gearError("no-generation", `${name} has no other generation to go back to`);
  await refuseSystemConflicts(store, services, to, current);
  const result = await switchTo(surroundings, name, to, health, signal);
  return { name, kind: "rollback", from: current, to, layers: undefined, ...result };
}

/** Removes all of it but what it has written itself. */
export async function uninstallSystemContainer(surroundings: SystemSurroundings, name: Name): Promise<SystemReport> {
  const { store, progress } = surroundings;
  using _lock = store.lock();
  await recoverSystemContainers(surroundings);
  const { current } = store.require(name);
  const result = await switchTo(surroundings, name, undefined, defaultHealthTime);
  if (result.outcome === "done") {
    for (const number of store.numbers(name)) store.removeGeneration(name, number);
    pruneRepository(store, openRepository(store), progress);
  }
  return { name, kind: "uninstall", from: current, to: undefined, layers: undefined, ...result };
}

/** Ends changes whose program was killed, and removes what they left. The caller holds the lock, or wants nothing else. */
export async function recoverSystemContainers(surroundings: SystemSurroundings): Promise<readonly string[]> {
  const { store, progress } = surroundings;
  const told: string[] = [];
  for (const name of store.names()) {
    const text = await recoverChange(surroundings, name);
    if (text !== undefined) told.push(text);
    if (text !== undefined) progress({ type: "note", text });
  }
  store.removeTemporary();
  for (const { name, number } of store.all())
    if (store.current(name) === undefined) store.removeGeneration(name, number);
  return told;
}

/** Removes what is left of commands that were killed, and objects and refs that no generation has. */
export async function pruneSystemContainers(surroundings: SystemSurroundings): Promise<{ readonly freed: number }> {
  const { store, progress } = surroundings;
  using _lock = store.lock();
  await recoverSystemContainers(surroundings);
  const { freed } = pruneRepository(store, openRepository(store), progress);
  return { freed };
}

export interface SystemStatus extends SystemContainer {
  readonly state: string;
  readonly subState: string;
}

export async function listSystemContainers({
  store,
  services,
}: Pick<SystemSurroundings, "store" | "services">): Promise<readonly SystemStatus[]> {
  const found = store.names().flatMap((name) => store.find(name) ?? []);
  return Promise.all(
    found.map(async (container) => {
      const { activeState, subState } = await services.unit(`${container.name}.service`);
      return { ...container, state: activeState, subState };
    }),
  );
}
