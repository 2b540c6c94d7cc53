// SPDX-License-Identifier: Apache-2.0
import { type GVariantValue, isVariant } from "../../formats/index.ts";
import type { ActiveState, ServiceStatus, UnitStatus } from "./model.ts";

/** Properties of an object as GetAll returns them. What is missing, or of another type, reads as empty or 0. */
export class Properties {
  readonly #values: ReadonlyMap<unknown, GVariantValue>;

  constructor(dictionary: GVariantValue | undefined) {
    this.#values = dictionary instanceof Map ? dictionary : new Map<unknown, GVariantValue>();
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  value(name: string): GVariantValue | undefined {
    const held = this.#values.get(name);
    return held !== undefined && isVariant(held) ? held.value : undefined;
  }

  text(name: string): string {
    const value = this.value(name);
    return typeof value === "string" ? value : "";
  }

  number(name: string): number {
    return numberOf(this.value(name)) ?? 0;
  }
}

/** The greatest 64-bit number stands for "not counted" and for "no limit" (CGROUP_LIMIT_MAX of systemd). */
const notCounted = 2 ** 64;

/** @param value of a property that systemd may not count */
export function counted(value: GVariantValue | undefined): number | undefined {
  const count = numberOf(value);
  return count === undefined || count >= notCounted ? undefined : count;
}

/** @param value of a time, in microseconds, 0 for never */
export function milliseconds(value: GVariantValue | undefined): number | undefined {
  const microseconds = numberOf(value) ?? 0;
  return microseconds > 0 ? microseconds / 1000 : undefined;
}

export function invocationId(value: GVariantValue | undefined): string | undefined {
  const id = value instanceof Uint8Array ? Buffer.from(value).toString("hex") : "";
  return /^0*$/.test(id) ? undefined : id;
}

export const numberOf = (value: GVariantValue | undefined): number | undefined =>
  typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;

/** @param properties of the interface Unit and of the unit's own kind */
export function unitStatus(properties: Properties): UnitStatus {
  const activeState = properties.text("ActiveState") as ActiveState;
  return {
    name: properties.text("Id"),
    description: properties.text("Description"),
    loadState: properties.text("LoadState"),
    activeState,
    subState: properties.text("SubState"),
    invocationId: invocationId(properties.value("InvocationID")),
    fragment: properties.text("FragmentPath") || undefined,
    needsReload: properties.value("NeedDaemonReload") === true,
    activeSince: activeState === "active" ? milliseconds(properties.value("ActiveEnterTimestamp")) : undefined,
    service: properties.has("ExecMainStatus") && properties.has("NRestarts") ? serviceStatus(properties) : undefined,
  };
}

/** Values of ExecMainCode: si_code of sigaction(2), CLD_EXITED, CLD_KILLED and CLD_DUMPED. */
const exits = new Map<number, ServiceStatus["mainExit"]>([
  [1, "exited"],
  [2, "killed"],
  [3, "dumped"],
]);

function serviceStatus(properties: Properties): ServiceStatus {
  const cpuNs = counted(properties.value("CPUUsageNSec"));
  return {
    result: properties.text("Result"),
    mainPid: properties.number("MainPID") || undefined,
    restarts: properties.number("NRestarts"),
    mainStatus: properties.number("ExecMainStatus"),
    mainExit: exits.get(properties.number("ExecMainCode")),
    statusText: properties.text("StatusText"),
    controlGroup: properties.text("ControlGroup"),
    memoryBytes: counted(properties.value("MemoryCurrent")),
    cpuMs: cpuNs === undefined ? undefined : cpuNs / 1e6,
    tasks: counted(properties.value("TasksCurrent")),
  };
}
