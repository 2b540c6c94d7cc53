// SPDX-License-Identifier: Apache-2.0
/** References of images (github.com/distribution/reference), and where an image is brought from (containers-transports(5)). */
import { resolve } from "node:path";
import { gearError } from "../errors.ts";

/** A name in full, as an engine keeps it. */
export interface ImageName {
  /** `docker.io/library/nginx` */
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:...` */
  readonly digest: string | undefined;
}

export type ImageSource =
  | { readonly transport: "docker"; readonly name: ImageName }
  | {
      readonly transport: "oci" | "oci-archive" | "docker-archive";
      readonly path: string;
      /** Which one of several in it. */
      readonly selected: string | undefined;
    };

const label = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
const domain = String.raw`(?:${label}(?:\.${label})*|\[[0-9a-fA-F:]+\])(?::\d+)?`;
const component = String.raw`[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`;
const pattern = new RegExp(
  String.raw`^(${domain})/(${component}(?:/${component})*)(?::(\w[\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`,
);
/** NameTotalLengthMax of distribution/reference. */
const nameLimit = 255;

/**
 * A name as docker completes it (`ParseNormalizedNamed`, `TagNameOnly`): without a registry it is Docker Hub's, without tag and
 * digest it is `latest`. Podman's API does the same (`compat_api_enforce_docker_hub` of containers.conf(5)).
 */
export function parseImageName(text: string): ImageName {
  if (idPattern.test(text)) throw bad(text, "it is an id, not a name of an image");
  const [, host, path, tag, digest] = pattern.exec(withRegistry(text)) ?? [];
  if (host === undefined || path === undefined || host.length + path.length + 1 > nameLimit)
    throw bad(text, "it is no name of an image");
  return { repository: `${host}/${path}`, tag: tag ?? (digest === undefined ? "latest" : undefined), digest };
}

const idPattern = /^(sha256:)?[0-9a-f]{64}$/;

/** An image by what it is: no name, though it reads like one. */
export function isImageId(reference: string): boolean {
  return idPattern.test(reference);
}

/** The first word is a registry if it can be no namespace of Docker Hub (`splitDockerDomain`). */
function withRegistry(text: string): string {
  const [first = ""] = text.split("/", 1);
  const hasRegistry = text.includes("/") && (/[.:A-Z]/.test(first) || first === "localhost");
  const [host, path] = hasRegistry ? [first, text.slice(first.length + 1)] : ["docker.io", text];
  if (host !== "docker.io" && host !== "index.docker.io") return text;
  return `docker.io/${path.includes("/") ? "" : "library/"}${path}`;
}

/** The digest says it all where there is one. */
export function formatImageName({ repository, tag, digest }: ImageName): string {
  return digest === undefined ? `${repository}:${tag}` : `${repository}@${digest}`;
}

export function parseImageSource(reference: string): ImageSource {
  // oxlint-disable-next-line no-control-regex -- that is what must not be in it
  if (reference.length > 4096 || /[\s\x00-\x1f\x7f]/.test(reference))
    throw bad(reference, "it has blanks, or is too long");
  const [, transport, rest = ""] = /^(oci|oci-archive|docker-archive):(.*)$/.exec(reference) ?? [];
  if (transport !== undefined) return fileSource(transport as "oci", rest, reference);
  if (/^(containers-storage|dir|docker-daemon|ostree|sif|tarball):/.test(reference))
    throw gearError("unsupported", `${reference}: images come from registries, oci:, oci-archive: and docker-archive:`);
  return { transport: "docker", name: parseImageName(reference.replace(/^docker:\/\//, "")) };
}

/** A path has no colon; what follows one is which image of several. */
function fileSource(transport: "oci" | "oci-archive" | "docker-archive", rest: string, reference: string): ImageSource {
  const cut = rest.indexOf(":");
  const path = cut < 0 ? rest : rest.slice(0, cut);
  if (path === "") throw bad(reference, "it has no path");
  return {
    transport,
    path: resolve(path),
    selected: cut < 0 || cut === rest.length - 1 ? undefined : rest.slice(cut + 1),
  };
}

/**
 * The name that an image of a directory or archive is kept by: the one in it (made whole, of `localhost`), or that of its path
 * (containers/common, libimage `copyFromDefault`).
 */
export function localName(text: string): string {
  const [first = ""] = text.split("/", 1);
  const isWhole = text.includes("/") && (first.includes(".") || first.includes(":") || first === "localhost");
  if (isWhole && pattern.test(text)) return formatImageName(parseImageName(text));
  const cleaned = text.toLowerCase().replace(/[^a-z0-9._/:-]+/g, "-");
  const name = `localhost/${cleaned.replace(/^\/+/, "")}`;
  if (pattern.test(name)) return formatImageName(parseImageName(name));
  throw bad(text, "an image cannot be named for it");
}

function bad(text: string, problem: string): Error {
  return gearError("bad-image", `${JSON.stringify(text.slice(0, 200))}: ${problem}`);
}
