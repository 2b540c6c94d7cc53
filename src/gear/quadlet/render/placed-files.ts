// SPDX-License-Identifier: Apache-2.0
import { basename } from "node:path";
import type { Pins, RenderedFile } from "../../generation/model.ts";
import { gearError } from "../../errors.ts";
import type { Conversion, PlacedKey } from "../conversion.ts";
import { serviceName } from "../names.ts";
import { type QuadletFile, startsWithSpecifier } from "../quadlet-file.ts";
import type { QuadletSet } from "../quadlet-set.ts";
import { type Manifest, pinManifest, readManifest } from "./manifest.ts";

/**
 * Files beside the Quadlet files become part of the generation, so that rolling back brings them back too: environment files
 * and ConfigMaps that are named relatively, and every manifest, for its images are pinned in it.
 */
export class PlacedFiles {
  readonly files = new Map<string, RenderedFile>();
  /** By the Quadlet file that names them. */
  readonly manifests = new Map<QuadletFile, Manifest[]>();
  readonly #set: QuadletSet;
  readonly #pins: Pins;

  constructor(set: QuadletSet, pins: Pins) {
    this.#set = set;
    this.#pins = pins;
  }

  readonly place: Conversion["place"] = (file, key, path) => {
    const resolved = file.resolve(path);
    if (key === "Yaml") return this.#placeManifest(file, resolved);
    return path.startsWith("/") || startsWithSpecifier(path)
      ? resolved
      : this.#add(file, path, this.#read(file, key, resolved));
  };

  #placeManifest(file: QuadletFile, path: string): string {
    if (startsWithSpecifier(path)) {
      throw file.error(`Yaml=${path}: images of a file that only systemd finds cannot be pulled before`, "Yaml");
    }
    const manifest = readManifest(this.#read(file, "Yaml", path), path);
    this.manifests.set(file, [...(this.manifests.get(file) ?? []), manifest]);
    return this.#add(file, path, pinManifest(manifest, this.#pins), { imagesOf: `${serviceName(file)}.service` });
  }

  /** What is wrong with the file is told of the key that names it. */
  #read(file: QuadletFile, key: PlacedKey, path: string): string {
    try {
      return this.#set.read(path);
    } catch (error) {
      throw gearError.is(error, "bad-file") ? file.error(error.message, key) : error;
    }
  }

  #add(file: QuadletFile, path: string, content: string, facts: Partial<RenderedFile> = {}): string {
    let place = `/${file.name}/${basename(path)}`;
    for (let number = 2; this.files.has(place) && this.files.get(place)!.content !== content; number++) {
      place = `/${file.name}/${number}-${basename(path)}`;
    }
    // Environment files and Secrets of a manifest are nobody's but root's.
    this.files.set(place, { content, mode: 0o600, ...facts });
    return `%GENERATION%${place}`;
  }
}
