// SPDX-License-Identifier: Apache-2.0
/** Timers, sockets and other units of systemd that stand beside Quadlet files: they are of the application, as they are. */
import { formatError, SystemdUnit } from "../../../formats/index.ts";
import { gearError } from "../../errors.ts";
import type { QuadletSet } from "../quadlet-set.ts";

export interface PlainUnit {
  readonly path: string;
  readonly name: string;
  readonly text: string;
  readonly unit: SystemdUnit;
  /** Whether its [Install] has another unit start it. */
  readonly isWanted: boolean;
  /** Units that it starts when its time or its first connection comes. */
  readonly activates: readonly string[];
}

/** @throws gear-bad-file for what systemd would not read */
export function plainUnits(set: QuadletSet): PlainUnit[] {
  return [...set.plain].map(([name, path]) => {
    if (!/^[A-Za-z0-9:_.\\-]+(?:@[A-Za-z0-9:_.\\-]+)?\.[a-z]+$/.test(name) || name.length > 255) {
      throw gearError(
        "bad-file",
        `${path}: not the name of a unit, or of a template, which is deployed by its instances`,
      );
    }
    const text = set.read(path);
    const unit = parse(text, path);
    const isWanted = ["WantedBy", "RequiredBy", "UpheldBy"].some((key) => unit.getAll("Install", key).length > 0);
    return { path, name, text, unit, isWanted, activates: activated(name, unit) };
  });
}

function parse(text: string, path: string): SystemdUnit {
  try {
    return SystemdUnit.parse(text, path);
  } catch (error) {
    throw formatError.is(error, "systemd-unit") ? gearError("bad-file", error.message, { cause: error }) : error;
  }
}

/** systemd.timer(5) and systemd.path(5) Unit=, systemd.socket(5) Service=; without it the service of the same name. */
function activated(name: string, unit: SystemdUnit): string[] {
  const said = unit.get("Timer", "Unit") ?? unit.get("Path", "Unit") ?? unit.get("Socket", "Service");
  if (!/\.(?:timer|path|socket)$/.test(name)) return [];
  return [said || name.replace(/\.[a-z]+$/, ".service")];
}
