// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import {
  baseError,
  findLockHolder,
  type HeldLock,
  holderText,
  makeDirectories,
  waitForLock,
} from "../../base/index.ts";
import { gearError } from "../errors.ts";
import type { Name } from "../name.ts";

/** How long a command waits for another one to write down what it takes; not for its deployment. */
const hostTimeoutMs = 30_000;

/**
 * Takes the lock under which an application is changed. It is below /run and never removed: a file that is could be locked
 * by two, one of which has it without a name.
 * @param root of the system that is worked on
 * @throws gear-busy, which says who has it
 */
export function lockApplication(root: string, application: Name): Promise<HeldLock> {
  return lockNamed(root, `gear-${application}.lock`, `application ${application}`, 0);
}

/** Taken for as long as it takes to see that names and ports are free and to record that they are taken. */
export function lockHost(root: string): Promise<HeldLock> {
  return lockNamed(root, "gear.lock", "applications", hostTimeoutMs);
}

async function lockNamed(root: string, name: string, what: string, timeoutMs: number): Promise<HeldLock> {
  const directory = join(root, "run/atomic");
  makeDirectories(directory);
  const path = join(directory, name);
  try {
    return await waitForLock(path, { record: true, timeoutMs });
  } catch (error) {
    if (!baseError.is(error, "busy")) throw error;
    const holder = findLockHolder(path);
    throw gearError("busy", `${holder === undefined ? "another program" : holderText(holder)} is changing ${what}`, {
      hint: "wait for it, or end it: what it began is then taken back by the next command",
    });
  }
}
