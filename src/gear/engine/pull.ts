// SPDX-License-Identifier: Apache-2.0
import { createReadStream, mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { removeTree, silent, stage } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { checkPolicy } from "./check-policy.ts";
import { findCredentials, registryAuth } from "./credentials.ts";
import { broken, type EngineHttp, jsonLines } from "./http.ts";
import { openImageFile } from "./image-file.ts";
import { findImage, imageArchive, unpackLayout } from "./image-archive.ts";
import {
  formatImageName,
  type ImageName,
  type ImageSource,
  isImageId,
  localName,
  parseImageName,
  parseImageSource,
} from "./image-name.ts";
import { fullId, type Images } from "./images.ts";
import type { EngineKind, Image, PullOptions } from "./model.ts";
import { PullProgress } from "./pull-progress.ts";

export interface PullContext {
  readonly http: EngineHttp;
  readonly kind: EngineKind;
  readonly images: Images;
}

type Options = Omit<PullOptions, "progress"> & { readonly progress: PullProgress };
type FileSource = Exclude<ImageSource, { transport: "docker" }>;

export async function pullImage(context: PullContext, reference: string, options: PullOptions = {}): Promise<Image> {
  options.signal?.throwIfAborted();
  const source = parseImageSource(reference);
  const [task, listener] = [`pull ${reference}`, options.progress ?? silent];
  const told = { ...options, progress: new PullProgress(listener, task) };
  const pull = async () =>
    source.transport === "docker" ? fromRegistry(context, source.name, told) : fromFile(context, source, told);
  return stage(listener, task, `Pulling ${reference}`, pull, ({ pinned }) => pinned);
}

async function fromRegistry(context: PullContext, name: ImageName, options: Options): Promise<Image> {
  const text = formatImageName(name);
  checkPolicy(context.kind, { transport: "docker", name: text });
  const credentials = await findCredentials(name.repository, options.authFile);
  const headers: Record<string, string> =
    credentials === undefined ? {} : { "x-registry-auth": registryAuth(credentials, name.repository) };
  await download(context, name, headers, options);
  if (context.kind === "podman" && name.digest === undefined) await keepDigest(context, name, headers, options);
  return present(context, text);
}

/** Manifests of one image: another way of compressing its layers, another tool that pushed it. */
const digestsLimit = 20;

/**
 * Podman forgets which digest a tag had when the tag moves to another image; a name by digest stays with its image. It is the
 * first digest that the registry knows: each of them is of this very image.
 */
async function keepDigest(context: PullContext, name: ImageName, headers: Record<string, string>, options: Options) {
  const digests = await context.images.podmanDigests(formatImageName(name));
  let problem: unknown = gearError("engine", `podman names no digest of ${formatImageName(name)}`);
  for (const digest of digests.slice(0, digestsLimit)) {
    try {
      return await download(context, { repository: name.repository, tag: undefined, digest }, headers, options);
    } catch (error) {
      if (!gearError.is(error, "engine")) throw error;
      problem = error;
    }
  }
  throw problem;
}

async function download({ http }: PullContext, name: ImageName, headers: Record<string, string>, options: Options) {
  const query = { fromImage: name.repository, tag: name.digest ?? name.tag ?? "latest" };
  const text = formatImageName(name);
  await follow(http, "/images/create", { query, headers }, text, options);
}

/** Reads what the engine tells of a pull to its end, which is when it is done. */
async function follow(
  http: EngineHttp,
  path: string,
  call: { query: Record<string, string>; headers?: Record<string, string>; body?: Readable },
  what: string,
  options: Options,
): Promise<string[]> {
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const told: string[] = [];
  try {
    const response = await http.open(path, { method: "POST", ...call, ...signal });
    for await (const message of jsonLines(response)) {
      options.progress.take(message);
      const words = message.text("stream") || message.texts("Names").join("\n");
      if (words !== "" && told.length < 1000) told.push(words);
    }
    options.signal?.throwIfAborted();
  } catch (error) {
    const worded = broken(http.socket, error, options.signal);
    throw gearError.is(worded, "engine")
      ? gearError("engine", `${what}: ${worded.message}`, { cause: worded })
      : worded;
  }
  return told;
}

async function present({ images }: PullContext, reference: string): Promise<Image> {
  const image = await images.find(reference);
  if (image !== undefined) return image;
  throw gearError("engine", `${reference} is not in the engine's storage after it was pulled`);
}

async function fromFile(context: PullContext, source: FileSource, options: Options): Promise<Image> {
  checkPolicy(context.kind, { transport: source.transport, name: source.path });
  if (source.transport === "docker-archive") return loadDockerArchive(context, source, options);
  if (source.transport === "oci") return loadLayout(context, source.path, source, options);
  const directory = mkdtempSync(join(process.env["TMPDIR"] || "/var/tmp", "atomic-image-"));
  try {
    unpackLayout(source.path, directory);
    return await loadLayout(context, directory, source, options);
  } finally {
    removeTree(directory);
  }
}

/** A directory's image is named for its path, an archive's for what it is named in there, as podman names them. */
async function loadLayout(
  context: PullContext,
  directory: string,
  source: FileSource,
  options: Options,
): Promise<Image> {
  const found = findImage(directory, source.selected);
  const { path, selected } = source;
  const name = localName(
    source.transport === "oci-archive" ? (found.name ?? path) : path + (selected === undefined ? "" : `:${selected}`),
  );
  await load(context, imageArchive(found, name), `${source.transport}:${path}`, options);
  const image = await present(context, name);
  if (image.id === found.manifest.config.digest) return image;
  throw gearError(
    "engine",
    `${name} is ${image.id} after ${found.manifest.config.digest} was loaded: another image took its name`,
  );
}

async function loadDockerArchive(
  context: PullContext,
  { path, selected }: FileSource,
  options: Options,
): Promise<Image> {
  const stream = createReadStream(path, { fd: openImageFile(path) });
  const loaded = await load(context, stream, `docker-archive:${path}`, options);
  const wanted = selected === undefined ? undefined : formatImageName(parseImageName(selected));
  const chosen = wanted === undefined ? loaded : loaded.filter((name) => name === wanted);
  const [name] = chosen;
  if (name === undefined)
    throw gearError("bad-image", `${path} has no image${selected === undefined ? "" : ` ${selected}`}`);
  const images = await Promise.all(chosen.map(async (one) => present(context, one)));
  if (new Set(images.map(({ id }) => id)).size === 1) return images[0]!;
  throw gearError("bad-image", `${path} has ${chosen.length} images`, { hint: "name one of them: PATH:NAME" });
}

/** @returns what the engine says that it has loaded: names, or the ids of images without */
async function load({ http, kind }: PullContext, body: Readable, what: string, options: Options): Promise<string[]> {
  const path = kind === "podman" ? "/libpod/images/load" : "/images/load";
  const told = await follow(http, path, { query: { quiet: "true" }, body }, what, options);
  return told
    .flatMap((words) => words.split("\n"))
    .flatMap((line) => {
      const name = line.replace(/^Loaded image(?: ID)?: /, "").trim();
      return name === "" ? [] : [isImageId(name) ? fullId(name) : name];
    });
}
