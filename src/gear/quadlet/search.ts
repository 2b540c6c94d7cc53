// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { gearError } from "../errors.ts";
import { loadQuadlets } from "./load.ts";
import type { QuadletSet } from "./quadlet-set.ts";

/** What comes first wins (GetUnitDirs): for this boot, the administrator's, the distribution's. */
const directories = ["/run/containers/systemd", "/etc/containers/systemd", "/usr/share/containers/systemd"];

/** The files that podman's system generator reads at boot; $QUADLET_UNIT_DIRS names other directories. */
export function loadSystemQuadlets(environment: NodeJS.ProcessEnv = process.env): QuadletSet {
  const named = environment["QUADLET_UNIT_DIRS"];
  if (!named) return loadQuadlets(directories.filter(existsSync), { bundles: false });
  const paths = named.split(":");
  const wrong = paths.find((path) => !isAbsolute(path));
  if (wrong !== undefined)
    throw gearError("bad-file", `QUADLET_UNIT_DIRS: ${JSON.stringify(wrong)} is no absolute path`);
  return loadQuadlets(paths.filter(existsSync), { bundles: false });
}
