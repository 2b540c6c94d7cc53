// SPDX-License-Identifier: Apache-2.0
import type { Name } from "../name.ts";
import { beginChange, type Who } from "./change.ts";
import { type ChangeReport, conductChange, currentGeneration } from "./deploy.ts";
import { withApplication } from "./locked.ts";
import { pruneImages } from "./prune.ts";
import type { Surroundings } from "./surroundings.ts";

/** Stops an application and removes its units, its generations and the images that were pulled for it alone. Volumes stay. */
export async function deleteApplication(
  surroundings: Surroundings,
  { application, by, command }: Who & { readonly application: Name },
): Promise<ChangeReport> {
  const { store } = surroundings;
  store.requireRecord(application);
  return withApplication(surroundings, application, async () => {
    // What was begun before may have been its deletion.
    const record = store.record(application);
    const candidates = (record?.generations ?? []).flatMap(
      ({ number }) => store.generation(application, number).pulled,
    );
    const current = currentGeneration(surroundings, application);
    await beginChange(surroundings, application, { kind: "delete", from: current?.number, to: undefined, by, command });
    const report = await conductChange(surroundings, application, current, undefined, "delete", undefined);
    if (report.outcome === "done") await pruneImages(surroundings, candidates);
    return report;
  });
}
