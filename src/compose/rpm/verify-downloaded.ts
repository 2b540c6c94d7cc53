// SPDX-License-Identifier: Apache-2.0
import { type AvailableRpm, loadRepositoryKeys, readRpm, type SigningKey } from "../../packages/index.ts";

/** Checks downloaded packages by the keys of their repositories, where those want it; their imports do the same. */
export async function verifyDownloaded(
  paths: ReadonlyMap<AvailableRpm, string>,
  options: { readonly cacheDir: string; readonly offline: boolean },
): Promise<void> {
  const keys = new Map<string, readonly SigningKey[]>();
  for (const [{ repository }, path] of paths) {
    const { source, id } = repository;
    if (source.gpgCheck === false) continue;
    const signingKeys = keys.get(id) ?? (await loadRepositoryKeys(source, options)).signing;
    keys.set(id, signingKeys);
    using _ = await readRpm(path, { signingKeys });
  }
}
