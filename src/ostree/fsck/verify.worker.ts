// SPDX-License-Identifier: Apache-2.0
/** Verifies the loose objects of one directory after the other, until the workers have had them all. */
import { readdirSync } from "node:fs";
import { isErrno, serveWorker } from "../../base/index.ts";
import { ostreeError } from "../errors.ts";
import type { ObjectType } from "../model.ts";
import { parseLoose } from "../object-path.ts";
import { verifyObject } from "../verify-object.ts";
import type { FsckFinding } from "./model.ts";
import type { VerifyData, VerifyResult } from "./verify-all.ts";

/** Those whose checksum is that of their bytes or of their file. */
const verified: ReadonlySet<ObjectType> = new Set(["file", "dirtree", "dirmeta", "commit", "file-xattrs"]);

serveWorker<null, VerifyResult, VerifyData, VerifyData>(
  (data) => data,
  async (_, data) => {
    const findings: FsckFinding[] = [];
    let checked = 0;
    for (;;) {
      const prefix = data.prefixes[Atomics.add(data.next, 0, 1)];
      if (prefix === undefined) return { checked, findings };
      checked += await verifyDirectory(data, prefix, findings);
    }
  },
);

/** @returns how many objects were looked at */
async function verifyDirectory(
  { objects, mode }: VerifyData,
  prefix: string,
  findings: FsckFinding[],
): Promise<number> {
  let checked = 0;
  for (const name of readdirSync(`${objects}/${prefix}`)) {
    const object = parseLoose(prefix, name);
    if (!object || !verified.has(object.type)) continue;
    checked++;
    try {
      const pending = verifyObject(`${objects}/${prefix}/${name}`, object.checksum, object.type, mode);
      if (pending) await pending;
    } catch (error) {
      if (isErrno(error, "ENOENT")) continue; // removed meanwhile
      findings.push({ ...object, problem: problemText(error) });
    }
  }
  return checked;
}

function problemText(error: unknown): string {
  if (ostreeError.is(error, "corrupt-object")) return error.message;
  return error instanceof Error ? error.message : String(error);
}
