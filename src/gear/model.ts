// SPDX-License-Identifier: Apache-2.0
/**
 * What a file that describes containers says, in one shape. Readers (`read/`) make it of each kind of file, `plan/` places it
 * on hosts, `unit/` renders a host's part of it, and a generation is what was rendered and has been deployed.
 *
 * Times are milliseconds, sizes bytes, ports 1 to 65535 unless said otherwise. What a file did not say is `undefined` and
 * what it said nothing of is an empty list, so that the default is decided once, by whoever renders.
 */
import type { Name } from "./name.ts";

/** Containers that are deployed, updated and rolled back together. */
export interface Application {
  readonly name: Name;
  /** Whose it is: its slice, MCS pair, user namespace and journal. */
  readonly tenant: Name | undefined;
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
  readonly networks: readonly Network[];
  readonly secrets: readonly Secret[];
  readonly update: UpdatePolicy;
  /** Version of the host that it is for, `13.4` or `>=13.4 <14`: both are gone back from as one. */
  readonly hostVersion: string | undefined;
}

export interface Container {
  readonly name: Name;
  /** Reference as written: `docker.io/library/nginx:1.27`, `oci:/srv/image`, `oci-archive:/srv/image.tar`. */
  readonly image: string;
  /** How many instances of it run, over all hosts. */
  readonly count: number;
  readonly entrypoint: readonly string[] | undefined;
  readonly command: readonly string[] | undefined;
  readonly environment: readonly Variable[];
  /** Files of `KEY=VALUE` lines, absolute. */
  readonly environmentFiles: readonly string[];
  readonly workingDirectory: string | undefined;
  /** `USER[:GROUP]`, names of the image or numbers. */
  readonly user: string | undefined;
  readonly hostname: string | undefined;
  readonly ports: readonly Port[];
  readonly links: readonly Link[];
  readonly network: NetworkAccess;
  readonly mounts: readonly Mount[];
  readonly secrets: readonly SecretUse[];
  readonly after: readonly Dependency[];
  /** `none` turns off the image's own check, which holds where this is undefined. */
  readonly health: HealthCheck | "none" | undefined;
  /** How it says that it is ready: it sends READY=1, it is healthy for the first time, or it runs. */
  readonly ready: "notify" | "healthy" | "started";
  readonly restart: RestartPolicy;
  readonly resources: Resources;
  /** Messages of it that the journal takes; more are dropped, and counted. Undefined is the journal's own limit. */
  readonly logRateLimit: LogRateLimit | "none" | undefined;
  readonly stopSignal: string | undefined;
  readonly stopTimeout: number | undefined;
  /** Sockets that systemd listens on and passes as LISTEN_FDS. */
  readonly sockets: readonly Socket[];
  /** systemd.time(7) calendar expression: it runs then, to its end, instead of always. */
  readonly schedule: string | undefined;
  readonly security: Security;
  readonly placement: Placement;
  readonly labels: readonly Variable[];
}

export interface Variable {
  readonly name: string;
  readonly value: string;
}

/** A port that others may reach. */
export interface Port {
  readonly container: number;
  /** Port of the host; 0 has one allocated, undefined publishes none (links reach it all the same). */
  readonly host: number | undefined;
  /** Address of the host to listen on; undefined is every one. */
  readonly address: string | undefined;
  readonly protocol: "tcp" | "udp" | "sctp";
}

/** An address and port inside this container that lead to another one, wherever that runs. */
export interface Link {
  readonly to: Name;
  /** Ports of the target; empty for every port that it publishes. */
  readonly ports: readonly LinkPort[];
  /** The port is the target's own, on an address for each of its instances. */
  readonly matchPort: boolean;
  /** The addresses are not of the loopback network, for programs that refuse those. */
  readonly nonLocal: boolean;
}

export interface LinkPort {
  /** Port of the target container. */
  readonly target: number;
  /** Port inside this container; undefined is the target's. */
  readonly local: number | undefined;
}

/** Containers of one host that reach each other's every port by name, as those of a Compose file do. */
export interface Network {
  readonly name: Name;
  /** Nothing outside of it can be reached. */
  readonly internal: boolean;
}

/**
 * What a container reaches besides its links: by a network namespace of its own (with the networks that it joins, or else that
 * of its application), as the host does, or nothing at all.
 */
export type NetworkAccess =
  | { readonly kind: "own"; readonly networks: readonly NetworkUse[] }
  | { readonly kind: "host" }
  | { readonly kind: "none" };

export interface NetworkUse {
  readonly name: Name;
  /** Names, besides the container's own, by which the others of the network find it. */
  readonly aliases: readonly string[];
}

/** A directory that outlives containers. */
export interface Volume {
  readonly name: Name;
  /** Directory of the host; undefined has the engine keep it. */
  readonly path: string | undefined;
  readonly labels: readonly Variable[];
}

export interface Mount {
  readonly source:
    | { readonly kind: "volume"; readonly name: Name }
    | { readonly kind: "bind"; readonly path: string }
    | { readonly kind: "tmpfs"; readonly size: number | undefined }
    /** A file of a generation, such as a configuration; permissions as those of the file. */
    | { readonly kind: "file"; readonly content: string; readonly mode: number };
  /** Absolute path in the container. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** Its value is in a file or with systemd-creds(1), never in what is shown or logged. */
export interface Secret {
  readonly name: Name;
  readonly source:
    | { readonly kind: "file"; readonly path: string }
    | { readonly kind: "credential"; readonly name: string };
}

export interface SecretUse {
  readonly name: Name;
  /** Where the container finds it: a file (default /run/secrets/NAME) or a variable of the environment. */
  readonly target:
    | { readonly kind: "file"; readonly path: string | undefined }
    | { readonly kind: "environment"; readonly variable: string };
}

/** What must be so before this container starts; it also starts again when the other one does. */
export interface Dependency {
  readonly on: Name;
  readonly condition: "started" | "healthy" | "completed";
}

export interface HealthCheck {
  /** Program with its arguments, or one line for the image's shell. */
  readonly test: readonly string[] | string;
  readonly interval: number;
  readonly timeout: number;
  readonly retries: number;
  /** Failures in this time after the start do not count. */
  readonly startPeriod: number;
}

export interface RestartPolicy {
  readonly when: "no" | "on-failure" | "always";
  readonly delay: number | undefined;
  /** Starts allowed in `period`, the first one among them; more make the unit fail. */
  readonly burst: number | undefined;
  /** Undefined where there is a burst: ever. */
  readonly period: number | undefined;
}

export interface LogRateLimit {
  /** Messages in `period`. */
  readonly burst: number;
  readonly period: number;
}

/** Limits of its control group; undefined is none. */
export interface Resources {
  readonly memory: number | undefined;
  /** Processors, such as 0.5. */
  readonly cpus: number | undefined;
  /** 1 to 10000, systemd.resource-control(5). */
  readonly cpuWeight: number | undefined;
  readonly ioWeight: number | undefined;
  readonly pids: number | undefined;
}

export interface Socket {
  /** As ListenStream= of systemd.socket(5). */
  readonly listen: string;
  readonly protocol: "stream" | "datagram";
}

/** What is loosened of the defaults: no new privileges, no capabilities, a read-only root, seccomp, SELinux. Each by name. */
export interface Security {
  readonly newPrivileges: boolean;
  /** Capabilities that it keeps, such as NET_BIND_SERVICE. */
  readonly capabilities: readonly string[];
  readonly writableRoot: boolean;
  /** Profile's path, or `unconfined`. */
  readonly seccomp: string | undefined;
  /** SELinux type, or `disable`. */
  readonly selinuxType: string | undefined;
  /** `host` shares the host's users; undefined is the tenant's own range. */
  readonly userNamespace: string | undefined;
  readonly devices: readonly string[];
}

export interface Placement {
  /** Names of hosts that it may run on; empty is any. */
  readonly hosts: readonly string[];
  /** Instances of it never share a host. */
  readonly spread: boolean;
}

/** How new images are found and when a deployment has come through. The words are Nomad's. */
export interface UpdatePolicy {
  readonly images: "none" | "registry" | "local";
  /** systemd.time(7) calendar expression that updates begin at; undefined is at any time. */
  readonly window: string | undefined;
  /** Every container must be healthy for this time. */
  readonly minHealthyTime: number;
  /** ... and reach that within this. */
  readonly healthyDeadline: number;
  /** A deployment that does not is taken back. */
  readonly autoRevert: boolean;
  /** Generations kept, the running one among them. */
  readonly keep: number;
}
