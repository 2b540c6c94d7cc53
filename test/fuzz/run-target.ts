// SPDX-License-Identifier: Apache-2.0
import { AtomicError } from "../../src/base/index.ts";
import { mutate, Random } from "./mutate.ts";
import type { FuzzTarget } from "./targets.ts";

export interface FuzzResult {
  readonly executions: number;
  /** How many were decoded; the others were refused. */
  readonly accepted: number;
  /** Of one execution, on a processor. */
  readonly worstMilliseconds: number;
}

/** An input on which a decoder failed in a way that is no refusal. */
export class FuzzFailure extends Error {
  constructor(target: FuzzTarget, number: number, seed: number, input: Buffer, cause: unknown) {
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    super(`${target.name}, seed ${seed}, execution ${number}: ${text}\ninput: ${input.toString("hex")}`);
  }
}

/** One execution is a hang when it takes more of a processor: a busy machine makes none. */
export const hangMilliseconds = 1000;

/** @param each called now and then with the number of executions so far */
export async function runTarget(
  target: FuzzTarget,
  executions: number,
  seed: number,
  each: (done: number) => void = () => {},
): Promise<FuzzResult> {
  let accepted = 0;
  let worst = 0;
  for (let number = 0; number < executions; number++) {
    if (number % 1000 === 0) each(number);
    // What node:zlib has of a failed call is freed when the turn ends.
    if (number % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    // Every execution can be had again by its number alone.
    const input = mutate(target.seeds, new Random(Math.imul(seed, 0x9e3779b1) ^ number));
    const began = process.cpuUsage();
    try {
      // Not to wait where there is nothing to wait for keeps the others as fast as they are.
      const running = target.run(Buffer.from(input));
      if (running) await running;
      accepted++;
    } catch (error) {
      if (!isRefusal(target, error)) throw new FuzzFailure(target, number, seed, input, error);
    }
    const { user, system } = process.cpuUsage(began);
    const took = (user + system) / 1000;
    worst = Math.max(worst, took);
    if (took > hangMilliseconds) throw new FuzzFailure(target, number, seed, input, `took ${Math.round(took)} ms`);
  }
  return { executions, accepted, worstMilliseconds: worst };
}

function isRefusal({ refusal }: FuzzTarget, error: unknown): boolean {
  if (error instanceof AtomicError) return true;
  return error instanceof Error && error.constructor === Error && refusal?.test(error.message) === true;
}
