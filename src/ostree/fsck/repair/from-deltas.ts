// SPDX-License-Identifier: Apache-2.0
import { applyDeltaOffline } from "../../delta/apply-offline.ts";
import { deltaName, listDeltas } from "../../delta-names.ts";
import type { Repo } from "../../repo.ts";
import type { RepairSource } from "./model.ts";

/** The repository's own static deltas to the commits that lack something: applied again, they bring it back. */
export function deltaSources(repo: Repo): RepairSource[] {
  return listDeltas(repo).map(({ from, to, path }) => ({
    name: `static delta ${deltaName({ from, to })}`,
    async help({ commits }) {
      const usable = from === undefined || repo.holds(from, "commit");
      if (usable && commits.includes(to)) await applyDeltaOffline(repo, path);
    },
  }));
}
