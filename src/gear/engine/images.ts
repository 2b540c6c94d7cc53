// SPDX-License-Identifier: Apache-2.0
import type { Answer } from "./answer.ts";
import type { EngineHttp } from "./http.ts";
import { formatImageName, isImageId, parseImageName, parseImageSource } from "./image-name.ts";
import type { EngineKind, Image, ImageSummary } from "./model.ts";

/** Images of an engine's storage. */
export class Images {
  readonly #http: EngineHttp;
  readonly #kind: EngineKind;

  constructor(http: EngineHttp, kind: EngineKind) {
    this.#http = http;
    this.#kind = kind;
  }

  async find(reference: string): Promise<Image | undefined> {
    const name = lookUpName(reference);
    if (name === undefined) return undefined;
    const found = await this.#http.lookUp(`/images/${imagePath(name)}/json`);
    if (found === undefined) return undefined;
    const id = fullId(found.text("Id"));
    // What podman's common endpoint leaves out: names by digest that it keeps, and the check of images of OCI's format.
    const own = this.#kind === "podman" ? await this.#podmanDetails(id) : undefined;
    const names = own?.names ?? [...found.texts("RepoTags"), ...found.texts("RepoDigests")];
    const created = found.time("Created");
    return {
      ...summary(id, names, found.number("Size"), created, found.textMap("Config", "Labels"), name),
      config: { ...imageConfig(found), ...(own?.hasHealthCheck === true ? { hasHealthCheck: true } : {}) },
    };
  }

  async all(): Promise<readonly ImageSummary[]> {
    const listed = await this.#http.get(this.#kind === "podman" ? "/libpod/images/json" : "/images/json");
    return listed.list().map((image) => {
      const created = image.number("Created") * 1000;
      return summary(
        fullId(image.text("Id")),
        this.#names(image),
        image.number("Size"),
        created,
        image.textMap("Labels"),
      );
    });
  }

  /** Podman's RepoDigests are every name with every digest; a name by digest that it really keeps is among Names. */
  #names(image: Answer): readonly string[] {
    if (this.#kind === "podman") return image.texts("Names");
    return [...image.texts("RepoTags"), ...image.texts("RepoDigests")].filter((name) => !name.includes("<none>"));
  }

  async #podmanDetails(id: string): Promise<{ names: readonly string[]; hasHealthCheck: boolean }> {
    const [listed, own] = await Promise.all([
      this.#http.get("/libpod/images/json"),
      this.#http.get(`/libpod/images/${bareId(id)}/json`),
    ]);
    const image = listed.list().find((one) => fullId(one.text("Id")) === id);
    const check = own.at("HealthCheck").present || own.at("Healthcheck").present;
    return { names: image === undefined ? [] : this.#names(image), hasHealthCheck: check };
  }

  /**
   * Of the manifests that podman knows an image by, the likeliest first: those of the registries that it was pulled from, but
   * also the one that it was made with here. It does not say which is whose.
   */
  async podmanDigests(reference: string): Promise<readonly string[]> {
    const own = await this.#http.get(`/libpod/images/${imagePath(reference)}/json`);
    const others = own.texts("RepoDigests").map((name) => name.slice(name.indexOf("@") + 1));
    return [...new Set([own.text("Digest"), ...others])].filter((digest) => /^sha256:[0-9a-f]{64}$/.test(digest));
  }

  /**
   * Removes one name, or the image whose last one it is. Never by force: podman would remove the containers of the image
   * as well.
   */
  async remove(reference: string): Promise<void> {
    const name = lookUpName(reference);
    if (name !== undefined) await this.#http.tryRemove(`/images/${imagePath(name)}`);
  }

  /** Every name, and so the image. */
  async removeWhole(image: ImageSummary): Promise<void> {
    // Docker drops digests with the last tag.
    for (const name of [...image.names, ...image.digests]) await this.remove(name);
    await this.remove(image.id);
  }

  /** Ids of the images that containers were made of, running or not. */
  async used(): Promise<ReadonlySet<string>> {
    const containers = await this.#http.get("/containers/json", { all: "true" });
    return new Set(containers.list().map((container) => fullId(container.text("ImageID"))));
  }
}

/** A name or an id in full; undefined for a directory or archive, which has to be read first. */
export function lookUpName(reference: string): string | undefined {
  if (isImageId(reference)) return fullId(reference);
  const source = parseImageSource(reference);
  return source.transport === "docker" ? formatImageName(source.name) : undefined;
}

/** Slashes are part of the path in the API. What else is in a name was checked by `parseImageName`. */
function imagePath(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}

export function fullId(id: string): string {
  return id.startsWith("sha256:") || id === "" ? id : `sha256:${id}`;
}

function bareId(id: string): string {
  return id.replace(/^sha256:/, "");
}

/** @param wanted the name by which it was looked for: of several digests, the one of that repository counts */
function summary(
  id: string,
  all: readonly string[],
  size: number,
  created: number | undefined,
  labels: ReadonlyMap<string, string>,
  wanted = "",
): ImageSummary {
  const digests = all.filter((name) => name.includes("@sha256:"));
  const repository = isImageId(wanted) || wanted === "" ? "" : parseImageName(wanted).repository;
  const pin =
    digests.find((name) => name === wanted) ?? digests.find((name) => name.startsWith(`${repository}@`)) ?? digests[0];
  return {
    id,
    names: all.filter((name) => !name.includes("@sha256:")),
    digests,
    digest: pin?.slice(pin.indexOf("@") + 1),
    pinned: pin ?? id,
    size,
    created,
    labels,
  };
}

function imageConfig(found: Answer): Image["config"] {
  const config = found.at("Config");
  return {
    user: config.text("User") || undefined,
    ports: [...config.members("ExposedPorts").keys()],
    volumes: [...config.members("Volumes").keys()],
    stopSignal: config.text("StopSignal") || undefined,
    // `NONE` takes back the check of the image that it was made from.
    hasHealthCheck: config.texts("Healthcheck", "Test").some((word) => word !== "NONE"),
  };
}
