// SPDX-License-Identifier: Apache-2.0
import type { Container } from "../model.ts";

/** A container whose file may not have said when it is ready. */
export type Unready = Omit<Container, "ready"> & { readonly ready: Container["ready"] | undefined };

/**
 * Decides when containers count as ready where the file does not: when they are healthy for those that another one waits for to
 * be healthy (the check may be the image's own), else when they run.
 */
export function withReadiness(containers: readonly Unready[]): Container[] {
  const awaited = new Set(
    containers.flatMap(({ after }) => after.filter(({ condition }) => condition === "healthy").map(({ on }) => on)),
  );
  return containers.map((container) => ({
    ...container,
    ready: container.ready ?? (awaited.has(container.name) ? "healthy" : "started"),
  }));
}
