// SPDX-License-Identifier: Apache-2.0
import type { CheckResult, HealthReport, HealthStatus } from "../../host/index.ts";
import type { Style } from "../command.ts";
import { paint } from "../style.ts";

/** What `atomic host health list` knows. */
export interface HealthData extends Partial<HealthStatus> {
  readonly checks: readonly Pick<CheckResult, "name" | "kind">[];
  /** Of this boot; undefined: no checks were run. */
  readonly report: HealthReport | undefined;
}

export function renderHealth({ checks, report, trial, failed }: HealthData, style: Style): string {
  const lines = checks.map(({ name, kind }) => {
    const result = report?.checks.find((one) => one.name === name && one.kind === kind);
    return `${(result === undefined ? "not run" : stateOf(result, style)).padEnd(8)} ${kind.padEnd(8)} ${name}`;
  });
  const parts = [
    ...(lines.length === 0 ? ["No health checks."] : lines),
    ...healthLines({ ...(trial === undefined ? {} : { trial }), failed: failed ?? [], problems: [] }, style),
  ];
  return parts.join("\n");
}

function stateOf({ problem }: CheckResult, style: Style): string {
  return problem === undefined ? "ok" : paint(style, "red", "failed");
}

/** For the head of the status as well. */
export function healthLines({ trial, failed, problems }: HealthStatus, style: Style): string[] {
  const attempts = (left: number) => (left === 1 ? "1 more attempt" : `${left} more attempts`);
  return [
    ...(trial === undefined ? [] : [`On trial: ${trial.checksum.slice(0, 12)}, ${attempts(trial.left)} to boot it`]),
    ...problems.map(({ name, kind, problem }) => paint(style, "red", `Health check ${name} (${kind}): ${problem}`)),
    ...failed.map(({ version, checksum, time, reason }) => {
      const day = new Date(time * 1000).toISOString().slice(0, 10);
      return paint(style, "red", `Rolled back on ${day}: ${version ?? checksum.slice(0, 12)}, ${reason}`);
    }),
  ];
}
