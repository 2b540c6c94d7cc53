// SPDX-License-Identifier: Apache-2.0
import type { Recovery } from "../../gear/index.ts";
import type { Style } from "../command.ts";
import { paint } from "../style.ts";
import { problemLines } from "./gear-change.ts";

export function renderRecovery(recoveries: readonly Recovery[], style: Style): string {
  if (recoveries.length === 0) return "Nothing was ended in the middle.";
  return recoveries
    .flatMap((recovery) => {
      const text = recovery.summary;
      const failed = recovery.outcome === "failed";
      return [failed ? paint(style, "red", text) : text, ...problemLines([...recovery.problems, ...recovery.missing])];
    })
    .join("\n");
}
