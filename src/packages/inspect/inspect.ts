// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readSync } from "node:fs";
import { packageError } from "../errors.ts";
import type { VerifyOptions } from "../rpm/signature/verify.ts";
import { inspectDeb } from "./inspect-deb.ts";
import { inspectRpm } from "./inspect-rpm.ts";
import type { InspectedPackage } from "./model.ts";

/** Tells what is in a package file. The format is told by its first bytes, not by its name. */
export async function inspectPackage(path: string, options: VerifyOptions): Promise<InspectedPackage> {
  const first = Buffer.alloc(8);
  const fd = openSync(path, "r");
  try {
    readSync(fd, first, 0, 8, 0);
  } finally {
    closeSync(fd);
  }
  if (first.toString("latin1") === "!<arch>\n") return inspectDeb(path);
  if (first.toString("hex", 0, 4) === "edabeedb") return inspectRpm(path, options);
  throw packageError("rpm", `${path}: is neither an RPM nor a Debian package`);
}
