// SPDX-License-Identifier: Apache-2.0
/** Files whose content is known by its check sum, from mirrors that need not be trusted. */
import { renameSync, rmSync } from "node:fs";
import { baseError, download, lstatIfExists, type ProgressListener, type RequestOptions } from "../base/index.ts";
import { type Digest, hashFile } from "./digest.ts";
import { packageError } from "./errors.ts";

export interface WantedFile {
  /** What people call it. */
  readonly name: string;
  /** Where it is to be had, tried in turn. */
  readonly urls: readonly string[];
  /** Where it goes. */
  readonly path: string;
  readonly digest: Digest;
  /** Bytes, where they are known; `limit` at most otherwise. */
  readonly size?: number;
  readonly limit?: number;
  /** Who says what the check sum is, for errors: "the signed index". */
  readonly authority: string;
  readonly code: "bad-download" | "bad-index";
  readonly request?: RequestOptions;
}

type OnBytes = (done: number) => void;

/**
 * Fetches a file, from one of its places after another until its content is right. The partial file keeps its name over
 * processes, so that a broken download goes on where it stopped.
 */
export async function fetchFile(wanted: WantedFile, onBytes: OnBytes = () => {}, signal?: AbortSignal): Promise<void> {
  const failures: unknown[] = [];
  for (const url of wanted.urls) {
    try {
      await fetchFrom(url, wanted, onBytes, signal);
      return;
    } catch (error) {
      if (!baseError.is(error, "http-status", "http-failed", "too-large") && !packageError.is(error, wanted.code))
        throw error;
      failures.push(error);
    }
  }
  if (failures.length === 0) throw packageError("not-found", `${wanted.name}: there is no place to fetch it from`);
  if (failures.length === 1) throw failures[0];
  const texts = failures.map((error) => (error as Error).message);
  throw packageError(wanted.code, `${wanted.name}: no mirror has it:\n  ${texts.join("\n  ")}`, { cause: failures[0] });
}

async function fetchFrom(url: string, wanted: WantedFile, onBytes: OnBytes, signal?: AbortSignal): Promise<void> {
  const { path, digest, size, limit, request } = wanted;
  const partial = `${path}.partial`;
  const resumed = lstatIfExists(partial) !== undefined;
  const bounds = { ...(size === undefined ? {} : { size }), ...(limit === undefined ? {} : { limit }) };
  // With other mirrors to turn to, one that fails is not asked again and again.
  const retries = wanted.urls.length > 1 ? { retries: 1 } : {};
  try {
    await download(url, partial, { ...retries, ...request, ...bounds, onBytes, ...(signal ? { signal } : {}) });
  } catch (error) {
    if (baseError.is(error, "too-large")) rmSync(partial, { force: true });
    throw error;
  }
  const sum = hashFile(partial, digest);
  if (sum === digest.hex) {
    renameSync(partial, path);
    return;
  }
  rmSync(partial, { force: true });
  // What was there before may have been the damage.
  if (resumed) return fetchFrom(url, wanted, onBytes, signal);
  const type = digest.type.toUpperCase().replace(/^SHA(?=\d)/, "SHA-");
  throw packageError(
    wanted.code,
    `${url}: the ${type} of what was downloaded is ${sum}, but ${wanted.authority} says ${digest.hex}`,
    { hint: "try again, or use another mirror" },
  );
}

/** Connections at a time: what apt and dnf use against one host, times the parallelism that mirrors welcome. */
const parallel = 4;

/** Fetches many files, some at a time. The first failure breaks the others off, and is thrown. */
export async function fetchFiles(
  files: readonly WantedFile[],
  progress: ProgressListener,
  task: string,
): Promise<void> {
  const total = files.reduce((sum, { size = 0 }) => sum + size, 0);
  const done = new Map<WantedFile, number>();
  let sum = 0;
  const tell = (one: WantedFile, bytes: number) => {
    sum += bytes - (done.get(one) ?? 0);
    done.set(one, bytes);
    progress({ type: "steps", task, done: sum, total, unit: "bytes", current: one.name });
  };
  // The largest first: a long one at the end would be waited for alone.
  const queue = [...files].sort((a, b) => (b.size ?? 0) - (a.size ?? 0)).values();
  const abort = new AbortController();
  const worker = async () => {
    for (const one of queue) {
      if (abort.signal.aborted) return;
      await fetchFile(one, (bytes) => tell(one, bytes), abort.signal);
    }
  };
  progress({ type: "steps", task, done: 0, total, unit: "bytes" });
  const workers = Array.from({ length: parallel }, () =>
    worker().catch((error: unknown) => {
      abort.abort();
      throw error;
    }),
  );
  // The first failure is the cause; the others were only broken off by it.
  const failures = (await Promise.allSettled(workers)).flatMap((one) =>
    one.status === "rejected" ? [one.reason as unknown] : [],
  );
  const cause = failures.find((error) => !(error instanceof Error && error.name === "AbortError")) ?? failures[0];
  if (cause !== undefined) throw cause;
}
