// SPDX-License-Identifier: Apache-2.0
import type { ProgressListener } from "../../../base/index.ts";
import { markPartial } from "../../delete-object.ts";
import { pull } from "../../pull.ts";
import { listRemotes } from "../../remotes.ts";
import type { Repo } from "../../repo.ts";
import type { RepairSource } from "./model.ts";

/** Remotes to ask: those that were named, or first those that refs came from. */
export function remoteSources(
  repo: Repo,
  named: readonly string[] | undefined,
  progress: ProgressListener,
): RepairSource[] {
  const used = [...repo.listRefs().keys()].flatMap((ref) =>
    ref.includes(":") ? [ref.slice(0, ref.indexOf(":"))] : [],
  );
  const configured = listRemotes(repo);
  const names = named ?? [...new Set([...used.filter((name) => configured.includes(name)), ...configured])];
  return names.map((remote) => remoteSource(repo, remote, progress));
}

/** A pull of a partial commit fetches just what it lacks, and verifies as any pull does. */
function remoteSource(repo: Repo, remote: string, progress: ProgressListener): RepairSource {
  return {
    name: `remote ${remote}`,
    async help({ commits }) {
      const failures: unknown[] = [];
      for (const commit of commits) {
        if (repo.holds(commit, "commit")) markPartial(repo, commit, "fsck");
        try {
          await pull(repo, { remote, refs: [commit], untrusted: true, disableDeltas: true }, progress);
        } catch (error) {
          // A remote has the commits of its refs and not the others: each is tried.
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
