// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import type { ProgressListener } from "../../base/index.ts";
import type { Treefile } from "../../compose/index.ts";

const name = "busybox-static";

/**
 * Makes the root file system of a container, to be imported by podman: Debian's busybox, from the treefile's repositories.
 * A machine with no way to a registry can run it.
 */
export async function writeBusyboxTar(path: string, treefile: Treefile, cacheDir: string, progress: ProgressListener) {
  const { aptSources } = await import("../../compose/index.ts");
  const { downloadPackages, loadApt, packageError, readDeb } = await import("../../packages/index.ts");
  const { encodeTarHeader, tarEnd, tarPadding } = await import("../../formats/index.ts");
  const set = await loadApt(aptSources(treefile), cacheDir, {}, progress);
  const chosen = set.candidate(name);
  if (chosen === undefined) throw packageError("unknown", `${name} is in none of the treefile's repositories`);
  const file = (await downloadPackages([chosen], cacheDir, progress)).get(chosen)!;
  using deb = readDeb(file);
  const pieces: Uint8Array[] = [];
  for (const entry of deb.files()) {
    if (entry.type !== "file" || !entry.path.endsWith("bin/busybox")) continue;
    const content = entry.content();
    pieces.push(encodeTarHeader({ path: "bin", type: "directory", mode: 0o755 }));
    pieces.push(encodeTarHeader({ path: "bin/busybox", type: "file", mode: 0o755, size: content.length }));
    pieces.push(content, Buffer.alloc(tarPadding(content.length)));
    pieces.push(encodeTarHeader({ path: "bin/sh", type: "symlink", mode: 0o777, target: "busybox" }), tarEnd);
  }
  writeFileSync(path, Buffer.concat(pieces));
}
