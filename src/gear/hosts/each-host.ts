// SPDX-License-Identifier: Apache-2.0
import { AtomicError } from "../../base/index.ts";

/** ssh connections that are made at the same time: an sshd refuses more than ten that have not logged in (MaxStartups), and a jump host is one. */
const mostAtOnce = 8;

export interface HostFailure<Item> {
  readonly item: Item;
  readonly error: AtomicError;
}

export interface HostOutcomes<Item, Result> {
  /** In the order of the items. */
  readonly results: readonly { readonly item: Item; readonly result: Result }[];
  readonly failures: readonly HostFailure<Item>[];
}

/** Runs `work` for each, some at the same time; what fails with an error for people does not end the others. */
export async function eachHost<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  atOnce = mostAtOnce,
): Promise<HostOutcomes<Item, Result>> {
  const outcomes: ({ readonly item: Item; readonly result: Result } | HostFailure<Item>)[] = [];
  const left = items.entries();
  const worker = async () => {
    for (const [index, item] of left) {
      try {
        outcomes[index] = { item, result: await work(item) };
      } catch (error) {
        if (!(error instanceof AtomicError)) throw error;
        outcomes[index] = { item, error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return {
    results: outcomes.filter((one) => "result" in one),
    failures: outcomes.filter((one) => "error" in one),
  };
}

/** As `eachHost`; throws when any failed, with what each of them says. */
export async function everyHost<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  atOnce?: number,
): Promise<readonly Result[]> {
  const { results, failures } = await eachHost(items, work, atOnce);
  if (failures.length > 0) throw failuresAsOne(failures.map(({ error }) => error));
  return results.map(({ result }) => result);
}

/** The first one's code and hint count, so that what is one trouble on all hosts is told as that. */
export function failuresAsOne(errors: readonly AtomicError[]): AtomicError {
  const [first] = errors;
  if (first === undefined) throw new Error("nothing failed");
  const message = errors.map((error) => error.message).join("\n  ");
  return new AtomicError(first.code, message, first.hint === undefined ? {} : { hint: first.hint });
}
