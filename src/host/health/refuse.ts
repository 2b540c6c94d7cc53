// SPDX-License-Identifier: Apache-2.0
import { hostError } from "../errors.ts";
import { sameDeployment } from "../model.ts";
import type { Sysroot } from "../sysroot.ts";
import type { FailedVersion } from "./failed-versions.ts";
import { readTrial } from "./trial.ts";

/** What runs may be about to be rolled back: it is nothing that a newer version could fall back to. */
export function refuseOnTrial(sysroot: Sysroot): void {
  const trial = readTrial(sysroot);
  if (trial === undefined || !sameDeployment(trial.deployment, sysroot.booted)) return;
  throw hostError("on-trial", "the running version has not passed its health checks yet", {
    hint: "atomic host health list",
  });
}

/** Only who names a version may have it tried again. */
export function refuseFailed({ version, checksum, time, reason }: FailedVersion): never {
  const [name, day] = [version ?? checksum.slice(0, 12), new Date(time * 1000).toISOString().slice(0, 10)];
  throw hostError("failed-before", `${name} was tried on ${day} and rolled back: ${reason}`, {
    hint: `atomic host health allow ${name}  lets it be tried again`,
  });
}
