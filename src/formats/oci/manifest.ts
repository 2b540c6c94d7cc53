// SPDX-License-Identifier: Apache-2.0
/**
 * Manifests and indexes of container images: OCI image-spec (manifest.md, image-index.md, descriptor.md) and Docker's
 * "Image Manifest V 2, Schema 2", whose documents have the same members under other media types.
 */
import { hash } from "node:crypto";
import { formatError } from "../errors.ts";
import { asList, asObject, asText, asTextMap, encodeOciJson, type OciJson, optional, parseOciObject } from "./json.ts";

/** `sha256:` and 64 lowercase hexadecimal digits; no other algorithm is in use for images. */
export type OciDigest = string & { readonly __brand: "OciDigest" };

export const ociTypes = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
} as const;

export interface OciDescriptor {
  readonly mediaType: string;
  readonly digest: OciDigest;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: ReadonlyMap<string, string>;
}

export interface OciManifest {
  readonly mediaType: string;
  readonly config: OciDescriptor;
  readonly layers: readonly OciDescriptor[];
  readonly annotations: ReadonlyMap<string, string>;
}

export interface OciPlatform {
  readonly architecture: string;
  readonly os: string;
}

export interface OciIndexEntry extends OciDescriptor {
  readonly platform?: OciPlatform;
}

export interface OciIndex {
  readonly manifests: readonly OciIndexEntry[];
}

/** Layers that container engines can mount over each other; many more would only exhaust us. */
const layersLimit = 500;
const manifestsLimit = 1000;

export function ociDigest(bytes: Uint8Array): OciDigest {
  return `sha256:${hash("sha256", bytes, "hex")}` as OciDigest;
}

export function tryOciDigest(text: string): OciDigest | undefined {
  return /^sha256:[0-9a-f]{64}$/.test(text) ? (text as OciDigest) : undefined;
}

export function asOciDigest(text: string, what: string): OciDigest {
  const digest = tryOciDigest(text);
  if (digest !== undefined) return digest;
  throw formatError("oci", `${what}: ${JSON.stringify(text.slice(0, 100))} is no sha256 digest`);
}

/** A manifest, or the index of the manifests for several platforms: a reference may lead to either. */
export function decodeManifestOrIndex(bytes: Uint8Array, what: string): OciManifest | OciIndex {
  const object = parseOciObject(bytes, what);
  // An index has no config, a manifest no manifests (both specifications); the media type is optional in OCI's.
  if (Object.hasOwn(object, "manifests")) return decodeIndex(bytes, what);
  const mediaType = optional(object, "mediaType", what, asText) ?? ociTypes.manifest;
  if (mediaType !== ociTypes.manifest && mediaType !== ociTypes.dockerManifest)
    throw formatError("oci", `${what}: ${mediaType} is no manifest of an image`);
  const layers = asList(object["layers"], `${what}: layers`);
  if (layers.length > layersLimit) throw formatError("oci", `${what}: ${layers.length} layers`);
  return {
    mediaType,
    config: descriptor(object["config"], `${what}: config`),
    layers: layers.map((layer, index) => descriptor(layer, `${what}: layer ${index}`)),
    annotations: optional(object, "annotations", what, asTextMap) ?? new Map(),
  };
}

export function decodeManifest(bytes: Uint8Array, what: string): OciManifest {
  const manifest = decodeManifestOrIndex(bytes, what);
  if ("layers" in manifest) return manifest;
  throw formatError("oci", `${what} is an index of manifests, not one of them`);
}

export function decodeIndex(bytes: Uint8Array, what: string): OciIndex {
  const manifests = asList(parseOciObject(bytes, what)["manifests"], `${what}: manifests`);
  if (manifests.length > manifestsLimit) throw formatError("oci", `${what}: ${manifests.length} manifests`);
  return { manifests: manifests.map((entry, index) => indexEntry(entry, `${what}: manifest ${index}`)) };
}

function indexEntry(value: OciJson, what: string): OciIndexEntry {
  const platform = optional(asObject(value, what), "platform", what, asObject);
  if (platform === undefined) return descriptor(value, what);
  const [architecture, os] = ["architecture", "os"].map((key) => optional(platform, key, what, asText) ?? "");
  return { ...descriptor(value, what), platform: { architecture: architecture!, os: os! } };
}

function descriptor(value: OciJson | undefined, what: string): OciDescriptor {
  const object = asObject(value, what);
  const size = object["size"];
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw formatError("oci", `${what}: a size of ${JSON.stringify(size)}`);
  const annotations = optional(object, "annotations", what, asTextMap);
  return {
    mediaType: optional(object, "mediaType", what, asText) ?? "",
    digest: asOciDigest(asText(object["digest"], `${what}: digest`), what),
    size,
    ...(annotations === undefined ? {} : { annotations }),
  };
}

export function encodeManifest({ mediaType, config, layers, annotations }: OciManifest): Buffer {
  return encodeOciJson({
    schemaVersion: 2,
    mediaType,
    config: encodeDescriptor(config),
    layers: layers.map(encodeDescriptor),
    ...(annotations.size === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
  });
}

export function encodeIndex({ manifests }: OciIndex): Buffer {
  const entries = manifests.map((entry) => ({
    ...encodeDescriptor(entry),
    ...(entry.platform === undefined ? {} : { platform: { ...entry.platform } }),
  }));
  return encodeOciJson({ schemaVersion: 2, mediaType: ociTypes.index, manifests: entries });
}

function encodeDescriptor({ mediaType, digest, size, annotations }: OciDescriptor): Record<string, OciJson> {
  const more = annotations === undefined ? {} : { annotations: Object.fromEntries(annotations) };
  return { mediaType, digest, size, ...more };
}
