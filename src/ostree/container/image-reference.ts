// SPDX-License-Identifier: Apache-2.0
/**
 * Where a container image is and who vouches for it, in the words of ostree-rs-ext, rpm-ostree and bootc
 * (`OstreeImageReference`): `ostree-unverified-registry:quay.io/example/os:1`, `ostree-image-signed:docker://...`.
 */
import { resolve } from "node:path";
import { ostreeError } from "../errors.ts";

/** As skopeo names them; `registry` is ostree-rs-ext's word for `docker://`. */
export const imageTransports = ["docker", "oci", "oci-archive", "docker-archive", "dir", "containers-storage"] as const;
export type ImageTransport = (typeof imageTransports)[number];

/** Transports whose names begin with a path of this machine. */
const pathTransports: readonly ImageTransport[] = ["oci", "oci-archive", "docker-archive", "dir"];

export interface ImageReference {
  readonly transport: ImageTransport;
  /** What follows the transport: `quay.io/example/os:1`, `/srv/os.ociarchive`. */
  readonly name: string;
}

export type ImageTrust =
  /** containers-policy.json(5) must ask for a signature. */
  | { readonly kind: "policy" }
  /** It is taken as that policy lets it pass, which by default is anything. */
  | { readonly kind: "unverified" }
  /** The commit in it must be signed as the remote's configuration asks. */
  | { readonly kind: "remote"; readonly remote: string };

export interface OstreeImageReference {
  readonly trust: ImageTrust;
  readonly image: ImageReference;
}

const scheme = /^ostree-(image-signed|unverified-image|unverified-registry|remote-image|remote-registry):/;

/** Whether the words name a container image, and no branch of a repository. */
export function isImageReference(words: string): boolean {
  return scheme.test(words);
}

export function parseOstreeImage(words: string): OstreeImageReference {
  const [prefix, kind] = scheme.exec(words) ?? [];
  if (prefix === undefined || kind === undefined)
    throw bad(words, "it does not begin with ostree-unverified-registry:");
  const rest = words.slice(prefix.length);
  if (kind === "unverified-registry") return { trust: { kind: "unverified" }, image: registryImage(rest, words) };
  if (kind === "unverified-image") return { trust: { kind: "unverified" }, image: parseImage(rest) };
  if (kind === "image-signed") return { trust: { kind: "policy" }, image: parseImage(rest) };
  const cut = rest.indexOf(":");
  const remote = rest.slice(0, Math.max(0, cut));
  if (!/^\w[-.\w]*$/.test(remote)) throw bad(words, "the name of a remote and a colon are missing");
  const image = rest.slice(cut + 1);
  return {
    trust: { kind: "remote", remote },
    image: kind === "remote-registry" ? registryImage(image, words) : parseImage(image),
  };
}

/** `TRANSPORT:NAME`, as skopeo has it. A path is made absolute: what keeps it is read from anywhere. */
export function parseImage(words: string): ImageReference {
  const cut = words.indexOf(":");
  const [scheme, name] = [words.slice(0, Math.max(0, cut)), words.slice(cut + 1)];
  if (scheme === "registry") return registryImage(name, words);
  if (scheme === "docker") {
    if (!name.startsWith("//")) throw bad(words, "write docker://HOST/NAME");
    return registryImage(name.slice(2), words);
  }
  const transport = imageTransports.find((known) => known === scheme);
  if (transport === undefined) throw bad(words, `its transport is none of ${imageTransports.join(", ")}`);
  checkName(name, words);
  return { transport, name: pathTransports.includes(transport) ? absolute(name) : name };
}

/** `PATH[:TAG]`; the path is what must be absolute. */
function absolute(name: string): string {
  const { path, tag } = splitPathAndTag(name);
  return tag === undefined ? resolve(path) : `${resolve(path)}:${tag}`;
}

/** Of a name of the transports `oci` and `oci-archive` (containers-transports(5)): a path has no colon. */
export function splitPathAndTag(name: string): { readonly path: string; readonly tag?: string } {
  const cut = name.indexOf(":");
  return cut < 0 ? { path: name } : { path: name.slice(0, cut), tag: name.slice(cut + 1) };
}

function registryImage(name: string, words: string): ImageReference {
  checkName(name, words);
  // Host, path of lowercase words, tag or digest (distribution/reference): the rest is skopeo's to refuse.
  if (!/^[A-Za-z0-9][\w.:/@[\]-]*$/.test(name)) throw bad(words, `${JSON.stringify(name)} is no name of an image`);
  return { transport: "docker", name };
}

/** It becomes an argument of a program, a line of the origin file and a ref. */
function checkName(name: string, words: string): void {
  // oxlint-disable-next-line no-control-regex -- that is what must not be in it
  if (name === "" || name.length > 1024 || name.startsWith("-") || /[\s\x00-\x1f\x7f]/.test(name))
    throw bad(words, "the name of the image is empty or has blanks");
}

/** skopeo's form, which is also what refs are named for. */
export function formatImage({ transport, name }: ImageReference): string {
  return transport === "docker" ? `docker://${name}` : `${transport}:${name}`;
}

export function formatOstreeImage({ trust, image }: OstreeImageReference): string {
  if (trust.kind === "policy") return `ostree-image-signed:${formatImage(image)}`;
  if (trust.kind === "remote") return `ostree-remote-image:${trust.remote}:${formatImage(image)}`;
  if (image.transport === "docker") return `ostree-unverified-registry:${image.name}`;
  return `ostree-unverified-image:${formatImage(image)}`;
}

/** The same repository of a registry, at a digest: what was looked at is what is fetched, wherever the tag moves. */
export function atDigest({ transport, name }: ImageReference, digest: string): ImageReference {
  if (transport !== "docker") return { transport, name };
  const [repository = ""] = name.split("@");
  return { transport, name: `${repository.replace(/:[^:/]*$/, "")}@${digest}` };
}

function bad(words: string, problem: string) {
  return ostreeError("bad-image", `${words}: ${problem}`, {
    hint: "ostree-unverified-registry:HOST/NAME:TAG, or ostree-image-signed:docker://HOST/NAME:TAG",
  });
}
