// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { Answer } from "./answer.ts";
import { containerState, containerStats, containerSummary } from "./containers.ts";
import { readEvents } from "./events.ts";
import { execInContainer } from "./exec.ts";
import type { EngineHttp } from "./http.ts";
import { Images } from "./images.ts";
import { imageInRegistry } from "./in-registry.ts";
import type {
  Engine,
  EngineKind,
  EngineVersion,
  EventOptions,
  ExecOptions,
  Health,
  NetworkOptions,
  NetworkState,
  PullOptions,
  VolumeOptions,
  VolumeState,
} from "./model.ts";
import { pruneImages } from "./prune-images.ts";
import { pullImage } from "./pull.ts";

/** An engine over its API. Docker's is spoken to both; podman's own (`/libpod`) where that one lacks something. */
export class ApiEngine implements Engine {
  readonly kind: EngineKind;
  readonly #http: EngineHttp;
  readonly #images: Images;

  constructor(http: EngineHttp, kind: EngineKind) {
    this.kind = kind;
    this.#http = http;
    this.#images = new Images(http, kind);
  }

  get socket(): string {
    return this.#http.socket;
  }

  async version(): Promise<EngineVersion> {
    const found = await this.#http.get("/version");
    const { kind } = this;
    return { kind, version: found.text("Version"), api: found.text("ApiVersion"), architecture: found.text("Arch") };
  }

  async pull(reference: string, options?: PullOptions) {
    return pullImage({ http: this.#http, kind: this.kind, images: this.#images }, reference, options);
  }

  async image(reference: string) {
    return this.#images.find(reference);
  }

  async imageInRegistry(reference: string, known: string, options?: Omit<PullOptions, "progress">) {
    return imageInRegistry({ http: this.#http, kind: this.kind, images: this.#images }, reference, known, options);
  }

  async images() {
    return this.#images.all();
  }

  async removeImage(reference: string, { force = false }: { readonly force?: boolean } = {}): Promise<void> {
    const image = force ? await this.#images.find(reference) : undefined;
    await (image === undefined ? this.#images.remove(reference) : this.#images.removeWhole(image));
  }

  async pruneImages(keep: readonly string[], candidates?: readonly string[]) {
    return pruneImages(this.#images, keep, candidates);
  }

  async container(name: string) {
    const found = await this.#http.lookUp(`/containers/${objectName(name)}/json`);
    return found === undefined ? undefined : containerState(found);
  }

  async containers(labels: readonly string[] = []) {
    const filters = JSON.stringify(labels.length === 0 ? {} : { label: labels });
    return (await this.#http.get("/containers/json", { all: "true", filters })).list().map(containerSummary);
  }

  async containersByHealth(status: Health["status"]): Promise<readonly string[]> {
    const filters = JSON.stringify({ health: [status] });
    return (await this.#http.get("/containers/json", { filters }))
      .list()
      .map((listed) => containerSummary(listed).name);
  }

  async removeContainer(
    name: string,
    options: { readonly force?: boolean; readonly volumes?: boolean } = {},
  ): Promise<void> {
    const volumes = `${options.volumes ?? false}`;
    const query = { force: `${options.force ?? false}`, v: volumes, volumes };
    // By force means at once, as docker does it. Podman waits for its stop timeout unless its own endpoint is told;
    // that one says `volumes` for docker's `v`.
    const [own, timeout] = this.kind === "podman" ? ["/libpod", { timeout: "0" }] : ["", {}];
    await this.#http.remove(`${own}/containers/${objectName(name)}`, { ...query, ...timeout });
  }

  async exec(name: string, command: readonly string[], options?: ExecOptions) {
    return execInContainer(this.#http, objectName(name), command, options);
  }

  async stats(name: string) {
    const query = { stream: "false", "one-shot": "true" };
    return containerStats(await this.#http.get(`/containers/${objectName(name)}/stats`, query));
  }

  async volume(name: string): Promise<VolumeState | undefined> {
    const found = await this.#http.lookUp(`/volumes/${objectName(name)}`);
    return found === undefined ? undefined : volumeState(found);
  }

  async volumes(): Promise<readonly VolumeState[]> {
    return (await this.#http.get("/volumes")).list("Volumes").map(volumeState);
  }

  async createVolume(name: string, { labels, driver = "local", options }: VolumeOptions = {}): Promise<VolumeState> {
    const json = {
      Name: objectName(name),
      Driver: driver,
      Labels: Object.fromEntries(labels ?? []),
      DriverOpts: Object.fromEntries(options ?? []),
    };
    return volumeState(await this.#http.send("/volumes/create", { json }));
  }

  async removeVolume(name: string, { force = false }: { readonly force?: boolean } = {}): Promise<void> {
    await this.#http.remove(`/volumes/${objectName(name)}`, { force: `${force}` });
  }

  async network(name: string): Promise<NetworkState | undefined> {
    const found = await this.#http.lookUp(`/networks/${objectName(name)}`);
    return found === undefined ? undefined : networkState(found);
  }

  async createNetwork(name: string, options: NetworkOptions = {}): Promise<NetworkState> {
    const { labels, driver = "bridge", internal = false, subnet } = options;
    const json = {
      Name: objectName(name),
      Driver: driver,
      Internal: internal,
      Labels: Object.fromEntries(labels ?? []),
      // Docker would make another one of the same name.
      CheckDuplicate: true,
      ...(subnet === undefined ? {} : { IPAM: { Config: [{ Subnet: subnet }] } }),
    };
    await this.#http.send("/networks/create", { json });
    return networkState(await this.#http.get(`/networks/${objectName(name)}`));
  }

  async removeNetwork(name: string): Promise<void> {
    await this.#http.remove(`/networks/${objectName(name)}`);
  }

  async secrets(): Promise<readonly string[]> {
    return (await this.#http.get("/secrets")).list().map((secret) => secret.text("Spec", "Name"));
  }

  async createSecret(name: string, value: Uint8Array): Promise<void> {
    const json = { Name: objectName(name), Data: Buffer.from(value).toString("base64") };
    await this.#http.send("/secrets/create", { json });
  }

  async removeSecret(name: string): Promise<void> {
    await this.#http.remove(`/secrets/${objectName(name)}`);
  }

  async events(options: EventOptions) {
    return readEvents(this.#http, options);
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }
}

/** Both engines' rule for names (`RestrictedNamePattern`); ids are such names. It becomes a part of a path of the API. */
function objectName(name: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(name)) return name;
  throw gearError("bad-name", `${JSON.stringify(name.slice(0, 80))} is not a name that engines take`);
}

function volumeState(found: Answer): VolumeState {
  return {
    name: found.text("Name"),
    driver: found.text("Driver"),
    mountpoint: found.text("Mountpoint"),
    labels: found.textMap("Labels"),
    options: found.textMap("Options"),
  };
}

function networkState(found: Answer): NetworkState {
  return {
    id: found.text("Id"),
    name: found.text("Name"),
    driver: found.text("Driver"),
    internal: found.flag("Internal"),
    subnets: found.list("IPAM", "Config").map((config) => config.text("Subnet")),
    labels: found.textMap("Labels"),
  };
}
