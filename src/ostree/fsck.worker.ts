// SPDX-License-Identifier: Apache-2.0
/** One task: verify all loose objects of one prefix. */
import { readdirSync } from "node:fs";
import { isErrno, serveWorker } from "../base/index.ts";
import { ostreeError } from "./errors.ts";
import type { FsckData, FsckFinding } from "./fsck.ts";
import type { ObjectType } from "./model.ts";
import { parseLoose } from "./object-path.ts";
import { verifyObject } from "./verify-object.ts";

/** Those whose checksum is that of their bytes or of their file. */
const verified: ReadonlySet<ObjectType> = new Set(["file", "dirtree", "dirmeta", "commit", "file-xattrs"]);

serveWorker<string, { checked: number; findings: FsckFinding[] }, FsckData, FsckData>(
  (data) => data,
  async (prefix, { objects, mode }) => {
    const findings: FsckFinding[] = [];
    let checked = 0;
    for (const name of readdirSync(`${objects}/${prefix}`)) {
      const object = parseLoose(prefix, name);
      if (!object || !verified.has(object.type)) continue;
      checked++;
      try {
        await verifyObject(`${objects}/${prefix}/${name}`, object.checksum, object.type, mode);
      } catch (error) {
        if (isErrno(error, "ENOENT")) continue; // removed meanwhile
        findings.push({ ...object, problem: problemText(error) });
      }
    }
    return { checked, findings };
  },
);

function problemText(error: unknown): string {
  if (ostreeError.is(error, "corrupt-object")) return error.message;
  return error instanceof Error ? error.message : String(error);
}
