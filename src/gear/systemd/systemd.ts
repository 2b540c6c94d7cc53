// SPDX-License-Identifier: Apache-2.0
import { onAbort } from "../../base/index.ts";
import { type Bus, connectBus } from "../../bus/index.ts";
import type { GVariantValue } from "../../formats/index.ts";
import { gearError } from "../errors.ts";
import { Jobs } from "./jobs.ts";
import { ManagerCalls } from "./manager-calls.ts";
import type {
  ActiveState,
  JobOptions,
  JobOutcome,
  ServiceManager,
  ServiceUsage,
  UnitFileChange,
  UnitFileOptions,
  UnitProperty,
  UnitStatus,
  UnitSummary,
} from "./model.ts";
import { counted, invocationId, milliseconds, numberOf, unitStatus } from "./properties.ts";
import { UnitWatch } from "./unit-watch.ts";

/** Connects to systemd. @param address of the message bus that it is on; default: the system's */
export async function connectSystemd(address?: string): Promise<ServiceManager> {
  const bus = await connectBus(address);
  try {
    const manager = new Systemd(bus);
    await manager.subscribe();
    return manager;
  } catch (error) {
    bus.connection.close();
    throw error;
  }
}

class Systemd implements ServiceManager {
  readonly #bus: Bus;
  readonly #calls: ManagerCalls;
  readonly #jobs = new Jobs();

  constructor(bus: Bus) {
    this.#bus = bus;
    this.#calls = new ManagerCalls(bus);
    bus.connection.onClose(() => this.#jobs.lost());
  }

  /** Without it systemd sends no signals (org.freedesktop.systemd1(5), Subscribe). */
  async subscribe(): Promise<void> {
    await this.#calls.onJobRemoved((signal) => this.#jobs.removed(signal));
    await this.#calls.call("Subscribe", "", [], "systemd");
  }

  start = async (unit: string, options?: JobOptions) => this.#job("StartUnit", unit, options);
  stop = async (unit: string, options?: JobOptions) => this.#job("StopUnit", unit, options);
  restart = async (unit: string, options?: JobOptions) => this.#job("RestartUnit", unit, options);
  tryRestart = async (unit: string, options?: JobOptions) => this.#job("TryRestartUnit", unit, options);
  reload = async (unit: string, options?: JobOptions) => this.#job("ReloadUnit", unit, options);
  reloadOrRestart = async (unit: string, options?: JobOptions) => this.#job("ReloadOrRestartUnit", unit, options);

  async #job(member: string, unit: string, options: JobOptions = {}): Promise<JobOutcome> {
    options.signal?.throwIfAborted();
    const queue = async () => {
      const [path] = await this.#calls.call(member, "ss", [unit, options.mode ?? "replace"], unit);
      return String(path);
    };
    using cancellation = new DisposableStack();
    const result = await this.#jobs.run(queue, (path) => {
      cancellation.use(onAbort(options.signal, () => void this.#cancel(path)));
    });
    return result === "done" ? { unit, result } : { unit, result, status: await this.unit(unit) };
  }

  /** The last part of a job's path is its number. One that has ended is not known any more. */
  async #cancel(path: string): Promise<void> {
    const number = Number(path.slice(path.lastIndexOf("/") + 1));
    await this.#calls.call("CancelJob", "u", [number], path).catch(() => {});
  }

  async kill(unit: string, signal: number, whom: "main" | "control" | "all" = "all"): Promise<void> {
    await this.#calls.call("KillUnit", "ssi", [unit, whom, signal], unit);
  }

  async resetFailed(unit: string): Promise<void> {
    await this.#calls.call("ResetFailedUnit", "s", [unit], unit);
  }

  async daemonReload(): Promise<void> {
    await this.#calls.call("Reload", "", [], "systemd");
  }

  async enable(files: readonly string[], { runtime = false, force = false }: UnitFileOptions = {}) {
    const [, changes] = await this.#calls.call("EnableUnitFiles", "asbb", [files, runtime, force], files.join(" "));
    return unitFileChanges(changes);
  }

  async disable(files: readonly string[], { runtime = false }: UnitFileOptions = {}) {
    const [changes] = await this.#calls.call("DisableUnitFiles", "asb", [files, runtime], files.join(" "));
    return unitFileChanges(changes);
  }

  async mask(files: readonly string[], { runtime = false, force = false }: UnitFileOptions = {}) {
    const [changes] = await this.#calls.call("MaskUnitFiles", "asbb", [files, runtime, force], files.join(" "));
    return unitFileChanges(changes);
  }

  async unmask(files: readonly string[], { runtime = false }: UnitFileOptions = {}) {
    const [changes] = await this.#calls.call("UnmaskUnitFiles", "asb", [files, runtime], files.join(" "));
    return unitFileChanges(changes);
  }

  async unitFileState(file: string): Promise<string | undefined> {
    const missing = ["org.freedesktop.DBus.Error.FileNotFound", "org.freedesktop.systemd1.NoSuchUnit"];
    const [state] = (await this.#calls.callUnless(missing, "GetUnitFileState", "s", [file])) ?? [];
    return typeof state === "string" ? state : undefined;
  }

  async unit(name: string): Promise<UnitStatus> {
    return unitStatus(await this.#calls.unitProperties(name));
  }

  async units(patterns: readonly string[]): Promise<readonly UnitSummary[]> {
    const [units] = await this.#calls.call("ListUnitsByPatterns", "asas", [[], patterns], "systemd");
    return unitSummaries(units);
  }

  async summaries(names: readonly string[]): Promise<readonly UnitSummary[]> {
    if (names.length === 0) return [];
    const [units] = await this.#calls.call("ListUnitsByNames", "as", [names], names.join(" ").slice(0, 200));
    return unitSummaries(units);
  }

  async invocations(names: readonly string[]): Promise<readonly (string | undefined)[]> {
    return (await this.#calls.unitProperty(names, "Unit", "InvocationID")).map(invocationId);
  }

  async fragments(names: readonly string[]): Promise<readonly (string | undefined)[]> {
    const paths = await this.#calls.unitProperty(names, "Unit", "FragmentPath");
    return paths.map((path) => (typeof path === "string" && path !== "" ? path : undefined));
  }

  async usage(services: readonly string[]): Promise<readonly ServiceUsage[]> {
    const [since, restarts, memory] = await Promise.all([
      this.#calls.unitProperty(services, "Unit", "ActiveEnterTimestamp"),
      this.#calls.unitProperty(services, "Service", "NRestarts"),
      this.#calls.unitProperty(services, "Service", "MemoryCurrent"),
    ]);
    return services.map((_, index) => ({
      activeSince: milliseconds(since[index]),
      restarts: numberOf(restarts[index]) ?? 0,
      memoryBytes: counted(memory[index]),
    }));
  }

  async dependants(unit: string): Promise<readonly string[]> {
    const lists = await Promise.all(stopPropagation.map((name) => this.#calls.unitProperty([unit], "Unit", name)));
    return [...new Set(lists.flat().flatMap((list) => (Array.isArray(list) ? list.map(String) : [])))];
  }

  async setProperties(unit: string, properties: readonly UnitProperty[], runtime: boolean): Promise<void> {
    const values = properties.map(({ name, type, value }) => [name, { type, value }]);
    await this.#calls.call("SetUnitProperties", "sba(sv)", [unit, runtime, values], unit);
  }

  async watch(unit: string, listener: (status: UnitStatus) => void): Promise<Disposable> {
    const path = await this.#calls.text("LoadUnit", unit);
    const watch = new UnitWatch(async () => this.unit(unit), listener);
    watch.onStop(await this.#calls.onPropertiesChanged(path, () => watch.changed()));
    watch.changed();
    return watch;
  }

  [Symbol.dispose](): void {
    this.#bus.connection.close();
  }
}

/** What a stop goes on to (UNIT_ATOM_PROPAGATE_STOP in systemd's src/core/unit-dependency-atom.c). */
const stopPropagation = ["RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf", "PropagatesStopTo"];

/** The strings of each row of an array of tuples. */
function rows(value: GVariantValue | undefined): string[][] {
  if (!Array.isArray(value)) throw gearError("systemd", "systemd answered with what is no list");
  return value.map((row) => (Array.isArray(row) ? row.map(String) : []));
}

function unitSummaries(value: GVariantValue | undefined): readonly UnitSummary[] {
  return rows(value).map(([name = "", description = "", loadState = "", activeState = "", subState = ""]) => {
    return { name, description, loadState, activeState: activeState as ActiveState, subState };
  });
}

function unitFileChanges(value: GVariantValue | undefined): readonly UnitFileChange[] {
  return rows(value).map(([kind = "", path = "", target = ""]) => ({ kind, path, target }));
}
