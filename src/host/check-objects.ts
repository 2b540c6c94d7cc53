// SPDX-License-Identifier: Apache-2.0
import { type ProgressListener, silent } from "../base/index.ts";
import { type Checksum, repair } from "../ostree/index.ts";
import { hostError } from "./errors.ts";
import type { Sysroot } from "./sysroot.ts";

/**
 * Reads every object of the repository before a commit of it is deployed. What a disk has damaged is brought anew from where
 * the host gets its versions; throws `host-corrupt` when the commit still lacks something then. Objects that a pull has just
 * verified are read again: what is deployed is what is on the disk.
 */
export async function checkObjects(
  sysroot: Sysroot,
  checksum: Checksum,
  progress: ProgressListener = silent,
): Promise<void> {
  const { repaired, unrepaired, failures } = await repair(sysroot.repo, {}, progress);
  if (repaired.length > 0) {
    const objects = repaired.length === 1 ? "1 damaged object" : `${repaired.length} damaged objects`;
    const places = [...new Set(repaired.map(({ from }) => from))].join(", ");
    progress({ type: "note", text: `Brought ${objects} anew from ${places}` });
  }
  const lacking = unrepaired.filter((one) => one.checksum === checksum || one.commits.includes(checksum));
  if (lacking.length === 0) return;
  const [{ type, checksum: object }] = lacking as [(typeof lacking)[number]];
  const why = failures.map(({ from, problem }) => `${from}: ${problem}`).join("; ");
  const text = `${lacking.length} objects of commit ${checksum} are damaged, the first is ${object}.${type}`;
  throw hostError("corrupt", why === "" ? text : `${text} (${why})`, {
    hint: `atomic ostree fsck --repo=${sysroot.repo.path}  lists them all`,
  });
}
