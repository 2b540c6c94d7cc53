// SPDX-License-Identifier: Apache-2.0
import type { Container } from "../model.ts";
import type { Instance } from "../plan/model.ts";
import type { Scene } from "./settings.ts";

/**
 * - `service`: runs always.
 * - `job`: runs once to its end, which others wait for (condition `completed`).
 * - `scheduled`: runs to its end when its timer elapses.
 */
export type InstanceKind = "service" | "job" | "scheduled";

export function instanceKind({ application }: Scene, { container }: Instance): InstanceKind {
  if (container.schedule !== undefined) return "scheduled";
  const awaited = application.containers.some(({ after }) =>
    after.some(({ on, condition }) => on === container.name && condition === "completed"),
  );
  return awaited ? "job" : "service";
}

/** Units that the application's target starts for an instance begin with its socket or timer, if it has one. */
export const isActivated = (container: Container): boolean =>
  container.schedule !== undefined || container.sockets.length > 0;
