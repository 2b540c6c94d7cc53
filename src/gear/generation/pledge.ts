// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import type { Name } from "../name.ts";
import { requireChange } from "./change.ts";
import type { Change } from "./model.ts";
import type { GenerationStore } from "./store.ts";

/** Records that this host does not go back by itself for that time, in milliseconds, whatever becomes of the connection. */
export function pledge(store: GenerationStore, application: Name, milliseconds: number): void {
  const change = requireChange({ store }, application);
  if (change.transaction === undefined) throw new Error(`the change of ${application} is this host's alone`);
  const transaction = { ...change.transaction, pledge: { until: uptime() + milliseconds, boot: bootId() } };
  store.writeRecord(application, { ...store.requireRecord(application), change: { ...change, transaction } });
}

/** For how many milliseconds more a change may not be taken back by this host alone. */
export function pledgedFor({ transaction, back }: Change): number {
  const { pledge: given } = transaction ?? {};
  if (given === undefined || back !== undefined || given.boot !== bootId()) return 0;
  return Math.max(0, given.until - uptime());
}

/** random(4): a boot has one. */
const bootId = () => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

/** proc_uptime(5), in milliseconds: unlike the time of day, nobody sets it. */
const uptime = () => Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
