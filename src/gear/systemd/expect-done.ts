// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { JobOutcome, JobResult } from "./model.ts";

const words: Record<JobResult, string> = {
  done: "came through",
  canceled: "was canceled",
  timeout: "took longer than JobTimeoutSec= of its unit",
  failed: "failed",
  dependency: "was not begun, because a unit that it needs did not start",
  skipped: "was not begun, because it does not apply to the unit's state",
  invalid: "does not go with the unit's state",
  assert: "was not begun, because an assertion of its unit does not hold",
  unsupported: "is not possible here",
  collected: "was dropped, because its unit was",
  once: "was not begun, because its unit runs once and has",
  other: "ended in a way that this program does not know",
};

/** Throws `gear-unit-job` for a job that did not come through. */
export function expectDone(outcome: JobOutcome): void {
  if (outcome.result === "done") return;
  throw gearError("unit-job", describeOutcome(outcome), { hint: `journalctl -u ${outcome.unit}` });
}

/** One line for people. */
export function describeOutcome(outcome: JobOutcome): string {
  const { unit, result } = outcome;
  if (result === "done") return `${unit}: the job ${words.done}`;
  const { activeState, subState, service } = outcome.status;
  const state = service === undefined || service.result === "success" ? "" : `, ${service.result}`;
  const exit = service?.mainExit === undefined ? "" : `, main process ${service.mainExit} ${service.mainStatus}`;
  return `${unit}: the job ${words[result]}; it is ${activeState} (${subState}${state}${exit})`;
}
