// SPDX-License-Identifier: Apache-2.0
import type { EngineKind } from "../engine/model.ts";
import type { Resources } from "../model.ts";

type Entry = readonly [key: string, value: string];

/**
 * Limits are the container's, so that they are not used up by the engine's client in the same unit. Weights count among
 * siblings, which the unit has and a container in it has not; Docker's containers are siblings of units.
 */
export function resourceWords(engine: EngineKind, { memory, cpus, pids, cpuWeight, ioWeight }: Resources): string[] {
  const shared = [
    ...(memory === undefined ? [] : [`--memory=${memory}b`]),
    ...(cpus === undefined ? [] : [`--cpus=${cpus}`]),
    ...(pids === undefined ? [] : [`--pids-limit=${pids}`]),
  ];
  if (engine === "podman") return shared;
  return [
    ...shared,
    ...(cpuWeight === undefined ? [] : [`--cpu-shares=${sharesOf(cpuWeight)}`]),
    ...(ioWeight === undefined ? [] : [`--blkio-weight=${blkioOf(ioWeight)}`]),
  ];
}

export function weightEntries({ cpuWeight, ioWeight }: Resources): Entry[] {
  return [
    ...(cpuWeight === undefined ? [] : [["CPUWeight", String(cpuWeight)] as const]),
    ...(ioWeight === undefined ? [] : [["IOWeight", String(ioWeight)] as const]),
  ];
}

/** Of a slice, systemd.resource-control(5). */
export function sliceEntries(resources: Resources): Entry[] {
  const { memory, cpus, pids } = resources;
  return [
    ...(memory === undefined ? [] : [["MemoryMax", String(memory)] as const]),
    // In hundredths of a processor, and not below what the kernel takes.
    ...(cpus === undefined ? [] : [["CPUQuota", `${Math.max(1, Math.round(cpus * 100))}%`] as const]),
    ...weightEntries(resources),
    ...(pids === undefined ? [] : [["TasksMax", String(pids)] as const]),
  ];
}

/** What runtimes make cpu.weight of (runc's ConvertCPUSharesToCgroupV2Value), backwards: 1 to 10000 is 2 to 262144. */
const sharesOf = (weight: number): number => 2 + Math.round(((weight - 1) * 262_142) / 9999);

/** Likewise io.weight (ConvertBlkIOToIOWeightValue): 1 to 10000 is 10 to 1000. */
const blkioOf = (weight: number): number => 10 + Math.round(((weight - 1) * 990) / 9999);
