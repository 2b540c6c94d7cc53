// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { baseError, unlessErrno } from "../base/index.ts";
import { Keyfile } from "../formats/index.ts";
import { ostreeError } from "./errors.ts";
import { MirroredClient } from "./http/mirrors.ts";
import type { Answer, ClientOptions, GetOptions, Validators } from "./http/model.ts";
import type { Body } from "./http/response.ts";
import type { RepoMode } from "./model.ts";
import type { PullOptions } from "./pull-options.ts";
import { resolveMetalink, resolveServers, transferOptions } from "./remote/servers.ts";
import { type Remote, remoteUrl } from "./remotes.ts";
import { Repo } from "./repo.ts";
import { parseRepoMode } from "./repo-config.ts";

/** Where worker threads get objects from: plain data. */
export type ObjectSource =
  | { readonly type: "http"; readonly servers: readonly ClientOptions[] }
  | { readonly type: "local"; readonly path: string; readonly mode: RepoMode };

/** The repository that is pulled from, as the main thread sees it: files by their path in the repository. */
export interface PullSource extends Disposable {
  /** URL or path, for errors. */
  readonly name: string;
  readonly objects: ObjectSource;
  /** How the commit and other metadata objects are found. */
  readonly mode: RepoMode;
  /** The summary, where a metalink has vouched for it. */
  readonly summary?: Buffer;
  /** Bytes of a file that describes the repository, `undefined` when there is none: summary, refs, detached metadata. */
  read(path: string, limit: number): Promise<Buffer | undefined>;
  /** As `read`, from the servers for content: objects and deltas. */
  readContent(path: string, limit: number): Promise<Buffer | undefined>;
  /** As `readContent`, into a file when it is large; counted as transferred also where the source is on this machine. */
  fetchContent(path: string, options: GetOptions): Promise<Body | undefined>;
  /** As `read`, but nothing when it is still what the validators tell. */
  readIfChanged(path: string, limit: number, validators: Validators | undefined): Promise<Answer>;
  /** URL or path of a file of the servers for content, for errors. */
  contentUrl(path: string): string;
  /** Bytes that came over the network. */
  readonly transferred: number;
}

/**
 * Opens what is pulled from: a repository that was given, or a URL's, or a remote's.
 * @param received counts the bytes that come over the network
 */
export async function openSource(
  repo: Repo,
  remote: Remote | undefined,
  options: PullOptions,
  received?: SharedArrayBuffer,
): Promise<PullSource> {
  if (options.source) return localSource(options.source);
  const metalink = options.url === undefined ? remote?.option("metalink") : undefined;
  const url = options.url ?? (metalink === undefined && remote ? remoteUrl(remote) : undefined);
  if (url === undefined && metalink === undefined) throw new Error("a pull needs a remote, a URL or a source");
  if (url?.startsWith("file://")) return localSource(Repo.open(fileURLToPath(url)));
  const transfer = transferOptions(repo, remote, options, received);
  const linked = metalink === undefined ? undefined : await resolveMetalink(metalink, transfer);
  const meta = linked?.servers ?? (await resolveServers(url!, transfer));
  const contentUrl = options.url === undefined ? remote?.contentUrl : undefined;
  const content = contentUrl === undefined ? meta : await resolveServers(contentUrl, transfer);
  return httpSource(meta, content, linked?.summary);
}

export function localSource(repo: Repo): PullSource {
  const read = (path: string, limit: number) =>
    Promise.resolve(unlessErrno(["ENOENT", "EISDIR", "ENOTDIR"], () => readCapped(join(repo.path, path), limit)));
  let transferred = 0;
  return {
    name: repo.path,
    objects: { type: "local", path: repo.path, mode: repo.mode },
    mode: repo.mode,
    get transferred() {
      return transferred;
    },
    read,
    readContent: read,
    async fetchContent(path, { limit }) {
      const bytes = await read(path, limit);
      transferred += bytes?.length ?? 0;
      return bytes && { bytes, size: bytes.length };
    },
    async readIfChanged(path, limit) {
      const bytes = await read(path, limit);
      return bytes ? { status: 200, body: { bytes, size: bytes.length } } : { status: 404 };
    },
    contentUrl: (path) => join(repo.path, path),
    [Symbol.dispose]() {},
  };
}

function readCapped(path: string, limit: number): Buffer {
  const { size } = statSync(path);
  if (size > limit) throw baseError("too-large", `File ${path} exceeded maximum size of ${limit} bytes`);
  return readFileSync(path);
}

function httpSource(meta: readonly ClientOptions[], content: readonly ClientOptions[], summary?: Buffer): PullSource {
  const few = (servers: readonly ClientOptions[]) => servers.map((server) => ({ ...server, connections: 1 }));
  const metaClient = new MirroredClient(few(meta));
  const contentClient = content === meta ? metaClient : new MirroredClient(few(content));
  return {
    name: withoutCredentials(meta[0]!.url),
    objects: { type: "http", servers: content },
    mode: "archive",
    ...(summary === undefined ? {} : { summary }),
    get transferred() {
      return metaClient.transferred + (contentClient === metaClient ? 0 : contentClient.transferred);
    },
    read: async (path, limit) => (await metaClient.get(path, { limit })).body?.bytes,
    readContent: async (path, limit) => (await contentClient.get(path, { limit })).body?.bytes,
    fetchContent: async (path, options) => (await contentClient.get(path, options)).body,
    readIfChanged: (path, limit, validators) => metaClient.get(path, { limit, ...(validators ? { validators } : {}) }),
    contentUrl: (path) => contentClient.urlOf(path),
    [Symbol.dispose]() {
      metaClient[Symbol.dispose]();
      contentClient[Symbol.dispose]();
    },
  };
}

function withoutCredentials(text: string): string {
  const url = new URL(text);
  url.username = url.password = "";
  return url.href.replace(/\/$/, "");
}

/** A config file larger than this is none. */
const configLimit = 1 << 20;

/**
 * Over HTTP only archive repositories can be pulled from: other modes need a file's metadata (ostree-repo-pull.c).
 * @param announced the mode that the summary tells
 * @returns the remote's configuration, where it had to be fetched
 */
export async function checkRemoteMode(source: PullSource, announced: string | undefined): Promise<Keyfile | undefined> {
  if (source.objects.type === "local") return undefined;
  const text = announced === undefined ? await source.read("config", configLimit) : undefined;
  if (announced === undefined && text === undefined) {
    throw ostreeError("pull-failed", `While fetching ${source.name}/config: Server returned HTTP 404`, {
      hint: "the repository has neither summary nor config: check the remote's URL",
    });
  }
  const what = `${source.name}/config`;
  const config = text && Keyfile.parse(text.toString(), what);
  const mode = announced ?? config?.get("core", "mode") ?? "bare";
  if (parseRepoMode(mode, what) !== "archive") {
    throw ostreeError("pull-failed", `Can't pull from archives with mode "${mode}"`, {
      hint: "publish from a repository made with  ostree init --mode=archive",
    });
  }
  return config;
}
