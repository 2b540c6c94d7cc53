// SPDX-License-Identifier: Apache-2.0
/** Where a repository is to be had: its own addresses, a list of mirrors, a metalink. */
import { fileURLToPath } from "node:url";
import { getBytes, readIfExists, type RequestOptions } from "../../base/index.ts";
import { packageError } from "../errors.ts";
import { type MetalinkVersion, parseMetalink, parseMirrorList } from "./metalink.ts";
import type { RpmSource } from "./model.ts";

export interface Mirrors {
  /** Directories that have `repodata/`, in the order in which they are tried. */
  readonly bases: readonly string[];
  /** What repomd.xml may be, where a metalink tells. */
  readonly versions?: readonly MetalinkVersion[];
}

/** Fedora's metalink has 40 kB. */
const listLimit = 4 << 20;
/** Mirrors that are tried: when ten do not have it, the fault is not theirs. */
const mirrorLimit = 10;

/** A URL or path below a base. */
export function resolveLocation(base: string, location: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(location)) return location;
  // The name of a file may hold what means something else in a URL.
  const path = base.startsWith("/") ? location : location.replace(/[#?]/g, encodeURIComponent);
  return `${base.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`;
}

/** The path of a local URL; `undefined` for one that needs a network. */
export function localPath(url: string): string | undefined {
  if (url.startsWith("/")) return url;
  return url.startsWith("file:") ? fileURLToPath(url.replace(/^file:(?!\/\/)/, "file://")) : undefined;
}

export async function findMirrors(source: RpmSource, request: RequestOptions): Promise<Mirrors> {
  const { id, baseUrls, mirrorList } = source;
  // libdnf: a list of mirrors whose address says so is a metalink.
  const isMetalink = mirrorList?.includes("metalink") ?? false;
  const metalink = source.metalink ?? (isMetalink ? mirrorList : undefined);
  if (metalink !== undefined) {
    const { urls, versions } = parseMetalink(await readList(metalink, id, request), metalink);
    const mirrors = urls.map((url) => url.replace(/\/repodata\/repomd\.xml$/, ""));
    return { bases: limited([...baseUrls, ...mirrors], id, metalink), versions };
  }
  if (mirrorList === undefined) return { bases: baseUrls };
  const mirrors = parseMirrorList(await readList(mirrorList, id, request));
  return { bases: limited([...baseUrls, ...mirrors], id, mirrorList) };
}

function limited(bases: readonly string[], id: string, list: string): string[] {
  if (bases.length === 0) throw packageError("not-found", `${id}: ${list} names no mirror`);
  return bases.slice(0, mirrorLimit);
}

async function readList(url: string, id: string, request: RequestOptions): Promise<Buffer> {
  const path = localPath(url);
  const bytes = path === undefined ? await getBytes(url, listLimit, request) : readIfExists(path);
  if (bytes !== undefined) return bytes;
  throw packageError("not-found", `${id}: the list of mirrors ${url} is not there`);
}
