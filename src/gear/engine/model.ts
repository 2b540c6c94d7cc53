// SPDX-License-Identifier: Apache-2.0
/**
 * A container engine as the rest of gear sees it: podman or docker, over the API that both have.
 *
 * Times are milliseconds, sizes bytes. What the engine refuses is thrown as `gear-engine` with its own words, one that is not
 * there as `gear-engine-connection`. Looking for a thing that is not there gives `undefined`.
 */
import type { ProgressListener } from "../../base/index.ts";

export type EngineKind = "podman" | "docker";

export interface Engine extends Disposable {
  readonly kind: EngineKind;
  /** Path of its socket. */
  readonly socket: string;
  version(): Promise<EngineVersion>;

  /**
   * Has an image brought into the engine's storage, with the credentials of the user who asks, and gives it pinned.
   * @param reference `[docker://]NAME[:TAG|@DIGEST]`, `oci:DIRECTORY[:NAME]`, `oci-archive:FILE[:NAME]` or
   *   `docker-archive:FILE[:NAME]`
   */
  pull(reference: string, options?: PullOptions): Promise<Image>;
  /**
   * An image of the storage, by id, name or `NAME@DIGEST`. Undefined for a directory or archive: what is in it is known when it
   * is read, which is what `pull` does.
   */
  image(reference: string): Promise<Image | undefined>;
  images(): Promise<readonly ImageSummary[]>;
  /**
   * What the registry has by a name now. Nothing is pulled.
   * @param known the image to compare with, as it is pinned
   * @returns undefined for what comes from no registry
   */
  imageInRegistry(
    reference: string,
    known: string,
    options?: Omit<PullOptions, "progress">,
  ): Promise<RegistryImage | undefined>;
  /** Takes a name off an image, and removes it when that was the last one; `force` takes off all. One in use is refused. */
  removeImage(reference: string, options?: { readonly force?: boolean }): Promise<void>;
  /**
   * Removes the images that no container uses and that are not among `keep` (references, ids or digests).
   * @param candidates only these, by the same; undefined is every image of the storage
   */
  pruneImages(keep: readonly string[], candidates?: readonly string[]): Promise<PruneReport>;

  container(name: string): Promise<ContainerState | undefined>;
  /** Running and ended ones, by labels (`KEY` or `KEY=VALUE`) when some are given. */
  containers(labels?: readonly string[]): Promise<readonly ContainerSummary[]>;
  /** Names of the running containers whose health check has this result. */
  containersByHealth(status: Health["status"]): Promise<readonly string[]>;
  removeContainer(name: string, options?: { readonly force?: boolean; readonly volumes?: boolean }): Promise<void>;
  /** Runs a program in a running container. What it prints is kept up to `limit` bytes (default 1 MiB). */
  exec(name: string, command: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  stats(name: string): Promise<ContainerStats>;

  volume(name: string): Promise<VolumeState | undefined>;
  volumes(): Promise<readonly VolumeState[]>;
  createVolume(name: string, options?: VolumeOptions): Promise<VolumeState>;
  removeVolume(name: string, options?: { readonly force?: boolean }): Promise<void>;

  network(name: string): Promise<NetworkState | undefined>;
  createNetwork(name: string, options?: NetworkOptions): Promise<NetworkState>;
  removeNetwork(name: string): Promise<void>;

  /** Names; no engine gives the values again. Docker has secrets only in a swarm and refuses them with its own words. */
  secrets(): Promise<readonly string[]>;
  createSecret(name: string, value: Uint8Array): Promise<void>;
  removeSecret(name: string): Promise<void>;

  /**
   * What happens from when this resolves until the signal comes; then the events end. An engine that ends sooner is thrown as
   * `gear-engine-connection`.
   */
  events(options: EventOptions): Promise<AsyncIterable<EngineEvent>>;
}

export interface EngineVersion {
  readonly kind: EngineKind;
  /** Of the program: `4.3.1`. */
  readonly version: string;
  /** Of the Docker API: `1.41`. */
  readonly api: string;
  readonly architecture: string;
}

export interface PullOptions {
  readonly progress?: ProgressListener;
  readonly signal?: AbortSignal;
  /** File of credentials to use instead of those that podman and docker look for. */
  readonly authFile?: string;
}

export interface RegistryImage {
  /** Of its manifest, or of the list of manifests. */
  readonly digest: string;
  readonly isNew: boolean;
}

export interface ImageSummary {
  /** `sha256:...` of its configuration: the same image, the same id, in each engine. */
  readonly id: string;
  /** `sha256:...` of its manifest in the registry it was pulled from; undefined for one that came from elsewhere. */
  readonly digest: string | undefined;
  /** `docker.io/library/nginx:1.27` */
  readonly names: readonly string[];
  /** `NAME@DIGEST` of the registries that it was pulled from. They stay when a tag moves on. */
  readonly digests: readonly string[];
  /** What a unit names so that no other image can ever run: `NAME@DIGEST`, or its id where it has no digest. */
  readonly pinned: string;
  readonly size: number;
  readonly created: number | undefined;
  readonly labels: ReadonlyMap<string, string>;
}

export interface Image extends ImageSummary {
  readonly config: ImageConfig;
}

/** What the image says of its containers, as far as a unit or a link needs it. */
export interface ImageConfig {
  readonly user: string | undefined;
  /** `80/tcp` */
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly stopSignal: string | undefined;
  readonly hasHealthCheck: boolean;
}

export interface PruneReport {
  readonly removed: readonly string[];
  /** Those that the engine would not remove, with its words. */
  readonly refused: readonly { readonly image: string; readonly reason: string }[];
}

export interface ContainerSummary {
  readonly id: string;
  readonly name: string;
  /** As it was named when the container was made. */
  readonly image: string;
  readonly imageId: string;
  readonly state: string;
  readonly labels: ReadonlyMap<string, string>;
}

export interface ContainerState extends ContainerSummary {
  readonly running: boolean;
  /** Main process, in the engine's process namespace; undefined when it does not run. */
  readonly pid: number | undefined;
  readonly exitCode: number | undefined;
  readonly outOfMemory: boolean;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  /** Undefined where it has no health check. */
  readonly health: Health | undefined;
  /** Path of its network namespace. */
  readonly networkNamespace: string | undefined;
  readonly addresses: readonly string[];
  /** `system_u:system_r:container_t:s0:c1,c2`; undefined without SELinux. */
  readonly processLabel: string | undefined;
}

export interface Health {
  readonly status: "starting" | "healthy" | "unhealthy";
  /** Failures one after another. */
  readonly failures: number;
  /** The last checks that the engine keeps, oldest first. */
  readonly log: readonly HealthCheckRun[];
}

export interface HealthCheckRun {
  readonly at: number | undefined;
  /** Podman says 1 for each failure. */
  readonly exitCode: number;
  readonly output: string;
}

export interface ExecOptions {
  readonly user?: string;
  readonly environment?: readonly string[];
  readonly workingDirectory?: string;
  readonly limit?: number;
  /** Gives up waiting; no engine can end the program. */
  readonly signal?: AbortSignal;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** More was printed than `limit`. */
  readonly cut: boolean;
}

/** Of one moment; what the engine does not count is 0. */
export interface ContainerStats {
  readonly at: number | undefined;
  /** Nanoseconds of processor time since it began. */
  readonly cpuNs: bigint;
  /** Processors that it may use. */
  readonly cpus: number;
  readonly memory: number;
  readonly memoryLimit: number;
  readonly pids: number;
  readonly received: number;
  readonly sent: number;
  readonly read: number;
  readonly written: number;
}

export interface VolumeOptions {
  readonly labels?: ReadonlyMap<string, string>;
  readonly driver?: string;
  /** Of the driver; `{type: "none", o: "bind", device: "/srv/x"}` makes a directory of the host the volume. */
  readonly options?: ReadonlyMap<string, string>;
}

export interface VolumeState {
  readonly name: string;
  readonly driver: string;
  readonly mountpoint: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly options: ReadonlyMap<string, string>;
}

export interface NetworkOptions {
  readonly labels?: ReadonlyMap<string, string>;
  readonly driver?: string;
  /** Without a way out. */
  readonly internal?: boolean;
  readonly subnet?: string;
}

export interface NetworkState {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly internal: boolean;
  readonly subnets: readonly string[];
  readonly labels: ReadonlyMap<string, string>;
}

export interface EventOptions {
  readonly signal: AbortSignal;
  /** Containers, by name; empty is all of them. */
  readonly containers?: readonly string[];
  readonly labels?: readonly string[];
}

export interface EngineEvent {
  readonly at: number;
  readonly kind: string;
  /** `create`, `start`, `die`, `stop`, `remove`, `health_status`, `pull`, ... */
  readonly action: string;
  readonly id: string;
  readonly name: string | undefined;
  readonly image: string | undefined;
  /** Of `die`. */
  readonly exitCode: number | undefined;
  /** Of `health_status`. */
  readonly health: Health["status"] | undefined;
  readonly labels: ReadonlyMap<string, string>;
}
