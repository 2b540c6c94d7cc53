// SPDX-License-Identifier: Apache-2.0
/** The configuration of a container image (OCI image-spec, config.md). */
import { formatError } from "../errors.ts";
import {
  asList,
  asObject,
  asText,
  asTextMap,
  asTexts,
  encodeOciJson,
  type OciObject,
  optional,
  parseOciObject,
} from "./json.ts";
import { asOciDigest, type OciDigest } from "./manifest.ts";

export interface OciHistory {
  /** What made the layer. */
  readonly createdBy: string;
}

export interface OciImageConfig {
  /** Go's name: amd64, arm64. */
  readonly architecture: string;
  readonly os: string;
  /** RFC 3339. */
  readonly created?: string;
  /** The member `config`, what a container of the image is run with; labels are apart. */
  readonly execution: OciObject;
  readonly labels: ReadonlyMap<string, string>;
  /** Digests of the layers before compression. */
  readonly diffIds: readonly OciDigest[];
  readonly history: readonly OciHistory[];
}

export function decodeImageConfig(bytes: Uint8Array, what: string): OciImageConfig {
  const object = parseOciObject(bytes, what);
  const created = optional(object, "created", what, asText);
  const { Labels: _, ...execution } = optional(object, "config", what, asObject) ?? {};
  const labels = optional(optional(object, "config", what, asObject) ?? {}, "Labels", what, asTextMap);
  const rootfs = asObject(object["rootfs"], `${what}: rootfs`);
  const diffIds = optional(rootfs, "diff_ids", what, asTexts) ?? [];
  const history = optional(object, "history", what, asList) ?? [];
  return {
    architecture: optional(object, "architecture", what, asText) ?? "",
    os: optional(object, "os", what, asText) ?? "",
    ...(created === undefined ? {} : { created }),
    execution,
    labels: labels ?? new Map(),
    diffIds: diffIds.map((id) => asOciDigest(id, `${what}: diff_ids`)),
    history: history.map((entry) => ({
      createdBy: optional(asObject(entry, what), "created_by", what, asText) ?? "",
    })),
  };
}

/** All layers are said to be of the image's own time, so that the same content has the same digest. */
export function encodeImageConfig(config: OciImageConfig): Buffer {
  const { architecture, os, created, execution, labels, diffIds, history } = config;
  if (history.length !== diffIds.length) throw formatError("oci", "a history that does not cover the layers");
  const time = created === undefined ? {} : { created };
  return encodeOciJson({
    architecture,
    os,
    ...time,
    config: { ...execution, ...(labels.size === 0 ? {} : { Labels: Object.fromEntries(labels) }) },
    rootfs: { type: "layers", diff_ids: diffIds },
    history: history.map(({ createdBy }) => ({ ...time, created_by: createdBy })),
  });
}
