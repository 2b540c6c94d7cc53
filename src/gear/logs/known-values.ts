// SPDX-License-Identifier: Apache-2.0
import { closestNames, run } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import type { LogSource } from "./model.ts";

/** The values that a field has in a journal, in order. */
export async function knownValues({ options }: LogSource, field: string): Promise<string[]> {
  return lines(options, `--field=${field}`);
}

/** The names of all fields of a journal. */
export async function knownFields({ options }: LogSource): Promise<string[]> {
  return lines(options, "--fields");
}

async function lines(options: readonly string[], what: string): Promise<string[]> {
  // 1 where there are no entries at all.
  const { stdout } = await run("journalctl", ["--quiet", ...options, what], { accept: [0, 1] });
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}

const shown = 20;

/**
 * What there is instead of what was asked for: the names that are most like it, or all.
 * @returns `gear-no-logs`
 */
export function notLogged(what: string, name: string, known: readonly string[]) {
  const near = closestNames(known, name);
  const all = known.length > shown ? [...known.slice(0, shown), "..."] : known;
  const hint = near.length > 0 ? `did you mean ${near.join(" or ")}?` : `there are: ${all.join(", ")}`;
  const told = `there is no ${what} ${JSON.stringify(name.slice(0, 100))} in the journal`;
  return gearError("no-logs", told, known.length === 0 ? {} : { hint });
}
