// SPDX-License-Identifier: Apache-2.0
import { type Checksum, ostreeError, parseRefSpec, pull, type PullCost } from "../../ostree/index.ts";
import type { Sysroot } from "../sysroot.ts";

/**
 * What it takes to bring a commit whose object is here already: the size of the static delta that would be used, else of
 * the objects that are missing, as the commit announces them (`ostree.sizes`); undefined when it does not.
 */
export async function updateCost({ repo }: Sysroot, refspec: string, commit: Checksum): Promise<PullCost | undefined> {
  if (!repo.isPartial(commit)) return { bytes: 0, unpacked: 0 };
  const { remote, ref } = parseRefSpec(refspec);
  if (remote === undefined) return undefined;
  const { cost } = await pull(repo, { remote, refs: [`${ref}@${commit}`], dryRun: true });
  return cost;
}

/** Brings the defaults of /etc of a commit, so that their merge can be told. False: the remote has them in deltas alone. */
export async function fetchEtcDefaults({ repo }: Sysroot, refspec: string, commit: Checksum): Promise<boolean> {
  const { remote } = parseRefSpec(refspec);
  if (!repo.isPartial(commit)) return true;
  if (remote === undefined) return false;
  try {
    await pull(repo, { remote, refs: [commit], subpaths: ["/usr/etc"] });
    return true;
  } catch (error) {
    if (!ostreeError.is(error, "no-such-object")) throw error;
    return false;
  }
}
