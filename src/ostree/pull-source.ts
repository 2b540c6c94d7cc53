// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { baseError, unlessErrno } from "../base/index.ts";
import { Keyfile } from "../formats/index.ts";
import { ostreeError } from "./errors.ts";
import { type ClientOptions, HttpClient } from "./http-client.ts";
import type { RepoMode } from "./model.ts";
import { Repo } from "./repo.ts";
import { parseRepoMode } from "./repo-config.ts";

/** Where worker threads get objects from: plain data. */
export type ObjectSource =
  | { readonly type: "http"; readonly meta: ClientOptions; readonly content: ClientOptions }
  | { readonly type: "local"; readonly path: string; readonly mode: RepoMode };

/** The repository that is pulled from, as the main thread sees it: files by their path in the repository. */
export interface PullSource extends Disposable {
  /** URL or path, for errors. */
  readonly name: string;
  readonly objects: ObjectSource;
  /** How the commit and other metadata objects are found. */
  readonly mode: RepoMode;
  /** A file's bytes, `undefined` when there is none. */
  read(path: string, limit: number): Promise<Buffer | undefined>;
  /** Bytes that came over the network. */
  readonly transferred: number;
}

export function localSource(repo: Repo): PullSource {
  return {
    name: repo.path,
    objects: { type: "local", path: repo.path, mode: repo.mode },
    mode: repo.mode,
    transferred: 0,
    read(path, limit) {
      return Promise.resolve(
        unlessErrno(["ENOENT", "EISDIR", "ENOTDIR"], () => readCapped(join(repo.path, path), limit)),
      );
    },
    [Symbol.dispose]() {},
  };
}

function readCapped(path: string, limit: number): Buffer {
  const { size } = statSync(path);
  if (size > limit) throw baseError("too-large", `${path}: more than ${limit} bytes`);
  return readFileSync(path);
}

/** The clients of all threads together open so many connections (libostree: 8 requests at a time). */
export const connectionLimit = 8;

export function httpSource(meta: ClientOptions, contentUrl?: string): PullSource {
  const content = contentUrl === undefined ? meta : { ...meta, url: contentUrl };
  const client = new HttpClient({ ...meta, connections: 1 });
  return {
    name: meta.url,
    objects: { type: "http", meta, content },
    mode: "archive",
    get transferred() {
      return client.transferred;
    },
    async read(path, limit) {
      return (await client.get(path, { limit })).body?.bytes;
    },
    [Symbol.dispose]() {
      client[Symbol.dispose]();
    },
  };
}

/** A config file larger than this is none. */
const configLimit = 1 << 20;

/** Over HTTP only archive repositories can be pulled from: other modes need a file's metadata (ostree-repo-pull.c). */
export async function checkRemoteMode(source: PullSource, announced: string | undefined): Promise<void> {
  if (source.objects.type === "local") return;
  const text = announced === undefined ? await source.read("config", configLimit) : undefined;
  if (announced === undefined && text === undefined) {
    throw ostreeError("pull-failed", `${source.name} is not an OSTree repository: it has neither summary nor config`, {
      hint: "check the remote's URL",
    });
  }
  const what = `${source.name}/config`;
  const mode = announced ?? Keyfile.parse(text?.toString() ?? "", what).get("core", "mode") ?? "bare";
  if (parseRepoMode(mode, what) !== "archive") {
    throw ostreeError("pull-failed", `Can't pull from archives with mode "${mode}"`, {
      hint: "publish from a repository made with  ostree init --mode=archive",
    });
  }
}
