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

  texts(name: string): readonly string[] {
    const value = this.value(name);
    return Array.isArray(value) ? value.map(String) : [];
  }

  number(name: string): number {
    const value = this.value(name);
    return typeof value === "number" || typeof value === "bigint" ? Number(value) : 0;
  }
}

/** The greatest 64-bit number stands for "not counted" and for "no limit" (CGROUP_LIMIT_MAX of systemd). */
const notCounted = 2 ** 64;

function counted(properties: Properties, name: string): number | undefined {
  const value = properties.number(name);
  return !properties.has(name) || value >= notCounted ? undefined : value;
}

/** @param properties of the interface Unit and of the unit's own kind */
export function unitStatus(properties: Properties): UnitStatus {
  const invocation = properties.value("InvocationID");
  const id = invocation instanceof Uint8Array ? Buffer.from(invocation).toString("hex") : "";
  const activeState = properties.text("ActiveState") as ActiveState;
  const since = properties.number("ActiveEnterTimestamp");
  return {
    name: properties.text("Id"),
    description: properties.text("Description"),
    loadState: properties.text("LoadState"),
    activeState,
    subState: properties.text("SubState"),
    invocationId: /^0*$/.test(id) ? undefined : id,
    fragment: properties.text("FragmentPath") || undefined,
    fileState: properties.text("UnitFileState") || undefined,
    needsReload: properties.value("NeedDaemonReload") === true,
    activeSince: activeState === "active" && since > 0 ? since / 1000 : undefined,
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
  const cpuNs = counted(properties, "CPUUsageNSec");
  return {
    result: properties.text("Result"),
    mainPid: properties.number("MainPID") || undefined,
    restarts: properties.number("NRestarts"),
    mainStatus: properties.number("ExecMainStatus"),
    mainExit: exits.get(properties.number("ExecMainCode")),
    statusText: properties.text("StatusText"),
    controlGroup: properties.text("ControlGroup"),
    memoryBytes: counted(properties, "MemoryCurrent"),
    cpuMs: cpuNs === undefined ? undefined : cpuNs / 1e6,
    tasks: counted(properties, "TasksCurrent"),
  };
}
