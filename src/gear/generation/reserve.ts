// SPDX-License-Identifier: Apache-2.0
/**
 * Room that a change puts aside before it stops anything, so that it can be taken back, and how it ended be recorded, on a disk
 * that is full by then: what is new may have filled it.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { removeIfExists, writeFileAtomic } from "../../base/index.ts";
import type { Name } from "../name.ts";
import type { GenerationStore } from "./store.ts";

/** Unit files and the record are replaced one by one, a few kilobytes each. */
const reserveBytes = 1 << 20;

const pathOf = (store: GenerationStore, application: Name): string => join(store.path, application, ".reserve");

/** Of random bytes: a file system that compresses would keep no room for others. */
export function putRoomAside(store: GenerationStore, application: Name): void {
  writeFileAtomic(pathOf(store, application), randomBytes(reserveBytes), { mode: 0o600 });
}

export function giveRoomBack(store: GenerationStore, application: Name): void {
  removeIfExists(pathOf(store, application));
}
