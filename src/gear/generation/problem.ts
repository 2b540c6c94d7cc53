// SPDX-License-Identifier: Apache-2.0
import type { JobOutcome, UnitStatus } from "../systemd/model.ts";
import type { Journal } from "./surroundings.ts";

/** Why a unit is not as it has to be. */
export interface Problem {
  readonly unit: string;
  /** `has failed (exit-code 1)` */
  readonly what: string;
  /** The last lines that it wrote; where it has none, those of its health check. */
  readonly log: readonly string[];
}

const logLines = 5;
/** A line of a container may be of any length. */
const columns = 300;

/** With the last lines of that run of the unit. */
export async function problemOf(
  journal: Journal,
  { name, invocationId }: Pick<UnitStatus, "name" | "invocationId">,
  what: string,
): Promise<Problem> {
  const lines = invocationId === undefined ? [] : await journal.tail(invocationId, logLines);
  return { unit: name, what, log: lines.map(printable) };
}

/** Without what would move the cursor or colour the terminal of who reads it. */
export const printable = (line: string): string =>
  line
    .replace(/\p{Cc}+/gu, " ")
    .trimEnd()
    .slice(0, columns);

/** Undefined: it came through. */
export function jobTrouble(outcome: JobOutcome): string | undefined {
  const { result } = outcome;
  if (result === "done" || result === "skipped") return undefined;
  if (result === "dependency") return "was not started, because a unit that it needs was not";
  if (result === "timeout") return "did not get ready in its time (TimeoutStartSec=)";
  if (result === "canceled") return "was not ready when time was up";
  return result === "failed" ? stateText(outcome.status) : `was not started (${result})`;
}

/** `has failed (exit-code 1)`, `is inactive (dead)` */
export function stateText({ activeState, subState, service, loadState }: UnitStatus): string {
  if (loadState === "not-found") return "has no unit file that systemd knows";
  if (activeState === "failed") return `has failed${service === undefined ? "" : ` (${serviceText(service)})`}`;
  return `is ${activeState} (${subState})`;
}

function serviceText({ result, mainStatus, mainExit }: NonNullable<UnitStatus["service"]>): string {
  if (mainExit === undefined || (result !== "exit-code" && result !== "signal" && result !== "core-dump"))
    return result;
  return `${mainExit === "exited" ? "exit code" : "signal"} ${mainStatus}`;
}

/** In one line, for the record and the journal; what failed by itself before what only followed. */
export function reasonOf(problems: readonly Problem[]): string {
  const [first, ...more] = problems.toSorted((a, b) => Number(isConsequence(a)) - Number(isConsequence(b)));
  if (first === undefined) return "";
  return `${first.unit} ${first.what}${more.length === 0 ? "" : `, and ${more.length} more`}`;
}

const isConsequence = ({ what }: Problem) => what.startsWith("was not started, because");
