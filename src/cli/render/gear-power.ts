// SPDX-License-Identifier: Apache-2.0
import type { PowerReport } from "../../gear/index.ts";
import type { Style } from "../command.ts";
import { paint } from "../style.ts";
import { problemLines } from "./gear-change.ts";

const words = { start: "started", stop: "stopped", restart: "restarted" } as const;

export function renderPower({ application, verb, units, problems }: PowerReport, style: Style): string {
  const count = `${units.length} unit${units.length === 1 ? "" : "s"}`;
  if (problems.length === 0) return `${application}: ${count} ${words[verb]}.`;
  const head = `${application}: ${problems.length} of ${count} could not be ${words[verb]}.`;
  return [paint(style, "red", head), ...problemLines(problems)].join("\n");
}
