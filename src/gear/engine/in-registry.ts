// SPDX-License-Identifier: Apache-2.0
/** What a registry has by a name, without a pull. */
import { createHash } from "node:crypto";
import { findProgram, run } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { findCredentials, registryAuth } from "./credentials.ts";
import type { EngineHttp } from "./http.ts";
import { formatImageName, type ImageName, parseImageSource } from "./image-name.ts";
import type { Images } from "./images.ts";
import type { EngineKind, RegistryImage } from "./model.ts";

export interface RegistryContext {
  readonly http: EngineHttp;
  readonly kind: EngineKind;
  readonly images: Images;
}

export interface RegistryOptions {
  readonly signal?: AbortSignal;
  readonly authFile?: string;
}

const secondsForOne = 60;
const manifestLimit = 4 << 20;

/**
 * @param known the image to compare with, as it is pinned
 * @returns undefined for what comes from no registry
 */
export async function imageInRegistry(
  context: RegistryContext,
  reference: string,
  known: string,
  options: RegistryOptions = {},
): Promise<RegistryImage | undefined> {
  const source = parseImageSource(reference);
  if (source.transport !== "docker" || source.name.repository.startsWith("localhost/")) return undefined;
  const digests = await (context.kind === "docker" ? fromDocker : fromSkopeo)(context, source.name, options);
  const here = new Set([...(await knownDigests(context, known)), known.slice(known.indexOf("@") + 1)]);
  return { digest: digests[0]!, isNew: digests.every((digest) => !here.has(digest)) };
}

/** Docker's daemon asks with the login that it is given, and tells the digest of what it would pull. */
async function fromDocker(
  { http }: RegistryContext,
  name: ImageName,
  { authFile }: RegistryOptions,
): Promise<string[]> {
  const credentials = await findCredentials(name.repository, authFile);
  const headers = credentials === undefined ? {} : { "x-registry-auth": registryAuth(credentials, name.repository) };
  const found = await http.lookUp(`/distribution/${formatImageName(name)}/json`, {}, headers);
  const digest = found?.text("Descriptor", "digest") ?? "";
  if (digest !== "") return [digest];
  throw gearError("engine", `${formatImageName(name)}: the registry has no such image`);
}

/** Podman's API cannot be asked: skopeo, of the same makers, reads the same logins, mirrors and certificates. */
async function fromSkopeo(_: RegistryContext, name: ImageName, options: RegistryOptions): Promise<string[]> {
  const skopeo = findProgram("skopeo");
  if (skopeo === undefined) {
    throw gearError("unsupported", "a registry is asked by skopeo, which is not installed", {
      hint: "install skopeo, or pull: atomic gear update without --check",
    });
  }
  const limit = AbortSignal.timeout(secondsForOne * 1000);
  const signal = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
  const login = options.authFile === undefined ? [] : [`--authfile=${options.authFile}`];
  const address = `docker://${formatImageName(name)}`;
  const { code, stdout, stderr } = await run(skopeo, ["inspect", "--raw", ...login, address], {
    signal,
    accept: [0, 1],
  });
  if (code !== 0) throw gearError("engine", `${formatImageName(name)}: ${lastLine(stderr)}`);
  return manifestDigests(stdout, formatImageName(name));
}

const lastLine = (text: string) => text.trim().split("\n").at(-1)!.slice(0, 500);

/** Of the manifest, and of those that it lists for machines: an image that is the same for this one has not changed. */
export function manifestDigests(text: string, what: string): string[] {
  if (text.length > manifestLimit) throw gearError("bad-image", `${what}: a manifest of ${text.length} characters`);
  const own = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (cause) {
    throw gearError("bad-image", `${what}: its manifest is no JSON`, { cause });
  }
  const { manifests } = (manifest ?? {}) as { manifests?: unknown };
  const listed = (Array.isArray(manifests) ? manifests : []) as { digest?: unknown }[];
  return [own, ...listed.map((one) => String(one?.digest)).filter((digest) => /^sha256:[0-9a-f]{64}$/.test(digest))];
}

async function knownDigests({ kind, images }: RegistryContext, pinned: string): Promise<readonly string[]> {
  const image = await images.find(pinned);
  if (image === undefined) return [];
  if (kind === "podman") return images.podmanDigests(pinned);
  return image.digests.map((name) => name.slice(name.indexOf("@") + 1));
}
