// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { getBytes, makeDirectories, readIfExists, writeFileAtomic } from "../../base/index.ts";
import { packageError } from "../errors.ts";
import type { AptSource } from "../model.ts";
import { type Keyring, verifyClearsigned, verifyDetached } from "../keyring.ts";
import { checkRelease, parseRelease, type Release } from "./release.ts";

export interface FetchOptions {
  readonly cacheDir: string;
  /** Use only what is in the cache. */
  readonly offline: boolean;
  /** Seconds since 1970, for Valid-Until. */
  readonly now: number;
}

/** Debian's largest is 220 kB; a server cannot exhaust our memory. */
const releaseLimit = 32 << 20;

/** Where a source's Release file and, below it, its indices are. */
export function distributionUrl(source: AptSource): string {
  const base = source.uri.replace(/\/+$/, "");
  if (source.suite.endsWith("/")) return `${base}/${source.suite.replace(/^(\.?\/)+/, "")}`.replace(/\/+$/, "");
  return `${base}/dists/${source.suite}`;
}

/** Fetches and verifies a source's Release file: always anew, as it is what everything else is checked against. */
export async function fetchRelease(source: AptSource, keyring: Keyring, options: FetchOptions): Promise<Release> {
  const url = distributionUrl(source);
  const cached = join(options.cacheDir, "apt", "releases", encodeURIComponent(url));
  const current = options.offline ? undefined : await fetchSigned(url, keyring);
  const former = await readFormer(cached, keyring);
  if (current === undefined && former === undefined) {
    throw packageError("offline", `${url}: the Release file is not in the cache ${options.cacheDir}`);
  }
  const chosen = newest(current, former);
  checkRelease(chosen.release, source, options.now, chosen.what);
  if (chosen === current) store(cached, current);
  return chosen.release;
}

/** A verified Release with the bytes as they came, for the cache. */
interface Signed {
  readonly what: string;
  readonly release: Release;
  readonly bytes: Buffer;
  /** Release.gpg, where the signature is not in the file. */
  readonly signature: Buffer | undefined;
}

/** A mirror that went back in time, or an attacker that replays, must not undo what we have seen (apt: "hit"). */
function newest(current: Signed | undefined, former: Signed | undefined): Signed {
  if (current === undefined) return former!;
  return former !== undefined && former.release.date > current.release.date ? former : current;
}

async function fetchSigned(url: string, keyring: Keyring): Promise<Signed> {
  const inline = await getBytes(`${url}/InRelease`, releaseLimit);
  if (inline !== undefined) return verified(inline, undefined, keyring, `${url}/InRelease`);
  const bytes = await getBytes(`${url}/Release`, releaseLimit);
  if (bytes === undefined) {
    throw packageError("not-found", `${url}: there is neither InRelease nor Release`, {
      hint: "check the address and the name of the suite",
    });
  }
  const signature = await getBytes(`${url}/Release.gpg`, releaseLimit);
  if (signature === undefined) throw packageError("unsigned", `${url}: neither InRelease nor Release.gpg`);
  return verified(bytes, signature, keyring, `${url}/Release`);
}

async function verified(bytes: Buffer, signature: Buffer | undefined, keyring: Keyring, what: string): Promise<Signed> {
  if (signature === undefined) {
    const text = await verifyClearsigned(bytes, keyring, what);
    return { what, release: parseRelease(text, what), bytes, signature };
  }
  await verifyDetached(bytes, signature, keyring, what);
  return { what, release: parseRelease(bytes.toString("utf8"), what), bytes, signature };
}

/** The one that was stored before; verified again, as the keyring may be another. One that fails is as if not there. */
async function readFormer(path: string, keyring: Keyring): Promise<Signed | undefined> {
  const bytes = readIfExists(path);
  if (bytes === undefined) return undefined;
  try {
    return await verified(bytes, readIfExists(`${path}.gpg`), keyring, path);
  } catch (error) {
    if (packageError.is(error, "bad-signature", "unknown-key", "expired-key", "unsigned", "bad-index"))
      return undefined;
    throw error;
  }
}

function store(path: string, { bytes, signature }: Signed): void {
  if (readIfExists(path)?.equals(bytes)) return;
  makeDirectories(join(path, ".."));
  if (signature !== undefined) writeFileAtomic(`${path}.gpg`, signature);
  writeFileAtomic(path, bytes);
}
