// SPDX-License-Identifier: Apache-2.0
/** The database of installed packages: dpkg's status file, deb-control(5) with `Status` and `Conffiles`. */
import { parseDeb822, type Stanza } from "../../formats/index.ts";

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** dpkg(1) "Package states", without the selection: `installed`, `config-files`, `half-configured`, ... */
  readonly state: string;
  readonly fields: Stanza;
}

/** All packages of a status file that have a version, in the file's order; also those that are not fully installed. */
export function readDpkgStatus(bytes: Uint8Array, what = "dpkg status"): InstalledPackage[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return parseDeb822(text, what).flatMap((fields) => {
    const name = fields.get("Package");
    const version = fields.get("Version");
    if (name === undefined || version === undefined) return [];
    const state = fields.get("Status")?.split(/\s+/).at(-1) ?? "installed";
    return [{ name, version, architecture: fields.get("Architecture") ?? "all", state, fields }];
  });
}
