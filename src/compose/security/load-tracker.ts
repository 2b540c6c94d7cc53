// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { getBytes, makeDirectories, readIfExists, unlessErrno, writeFileAtomic } from "../../base/index.ts";
import { packageError } from "../../packages/index.ts";
import { composeError } from "../errors.ts";
import type { SecurityTracker } from "../treefile/model.ts";

/** The tracker's has 60 MB without compression: neither a server nor a file can exhaust our memory. */
const dataLimit = 256 << 20;

export interface TrackerPlace {
  /** What was fetched stays here, for composes without network. */
  readonly cacheDir?: string;
  readonly offline?: boolean;
}

/** The bytes that a treefile's `security-tracker` names, which may be compressed. */
export async function loadTracker(
  { data }: SecurityTracker,
  { cacheDir, offline = false }: TrackerPlace,
): Promise<Buffer> {
  if (data.startsWith("/")) return readData(data);
  const name = createHash("sha256").update(data).digest("hex");
  const cached = cacheDir === undefined ? undefined : join(cacheDir, "security-tracker", name);
  if (offline) {
    const bytes = cached === undefined ? undefined : readIfExists(cached);
    if (bytes === undefined) throw packageError("offline", `${data} is not in the cache ${cacheDir ?? ""}`.trimEnd());
    return bytes;
  }
  const bytes = await getBytes(data, dataLimit, { headers: { "accept-encoding": "gzip" } });
  if (bytes === undefined) throw packageError("not-found", `${data}: the server does not have it`);
  if (cached !== undefined) {
    makeDirectories(join(cached, ".."));
    writeFileAtomic(cached, bytes, { durable: false });
  }
  return bytes;
}

function readData(path: string): Buffer {
  const stat = unlessErrno(["ENOENT", "ENOTDIR"], () => statSync(path));
  if (stat?.isFile() === true && stat.size <= dataLimit) return readFileSync(path);
  const why = stat === undefined ? "there is no such file" : `it is no file of at most ${dataLimit} bytes`;
  throw composeError("treefile-include", `${path}: security-tracker names it, and ${why}`);
}
