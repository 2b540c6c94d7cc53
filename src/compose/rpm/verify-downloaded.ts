// SPDX-License-Identifier: Apache-2.0
import { type AvailableRpm, type Keyring, loadGpgKeys, readRpm } from "../../packages/index.ts";

/** Checks downloaded packages by the keys of their repositories, where those want it; their imports do the same. */
export async function verifyDownloaded(
  paths: ReadonlyMap<AvailableRpm, string>,
  options: { readonly cacheDir: string; readonly offline: boolean },
): Promise<void> {
  const keyrings = new Map<string, Keyring>();
  for (const [{ repository }, path] of paths) {
    const { source, id } = repository;
    if (source.gpgCheck === false) continue;
    const keyring = keyrings.get(id) ?? (await loadGpgKeys(source, options));
    keyrings.set(id, keyring);
    using _ = await readRpm(path, { keyring });
  }
}
