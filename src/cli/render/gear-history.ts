// SPDX-License-Identifier: Apache-2.0
import type { ApplicationHistory } from "../../gear/index.ts";
import type { Style } from "../command.ts";
import { paint } from "../style.ts";
import { formatTime } from "./columns.ts";
import { short } from "./gear-change.ts";

/** The generations that are kept, then what happened. */
export function renderHistory({ application, current, generations, events }: ApplicationHistory, style: Style): string {
  const kept = generations.flatMap(({ number, state, deployedAt, deployedBy, message, images }) => {
    const mark = number === current ? (style.terminal ? "●" : "*") : " ";
    const head = `${mark} ${number}  ${state}  ${formatTime(deployedAt / 1000)}  ${deployedBy}`;
    const pins = images.map(
      ({ reference, pinned }) => `      ${reference}  ${pinned === undefined ? "" : short(pinned)}`,
    );
    return [
      number === current ? paint(style, "bold", head) : head,
      ...(message === undefined ? [] : [`      "${message}"`]),
      ...pins.map((line) => line.trimEnd()),
    ];
  });
  const happened = events.flatMap(({ at, kind, from, to, outcome, reason, by, command }) => {
    const ended = outcome === "taken-back" ? "taken back" : outcome;
    const line = `  ${formatTime(at / 1000)}  ${kind} ${from ?? "-"} → ${to ?? "-"}  ${ended}  ${by}: ${command}`;
    return [
      outcome === "done" ? line : paint(style, "red", line),
      ...(reason === undefined ? [] : [`      ${reason}`]),
    ];
  });
  return [`${application}: generations kept`, ...kept, "", "Changes", ...happened].join("\n");
}
