// SPDX-License-Identifier: Apache-2.0
/**
 * System containers: services of the host that come as container images and need no container engine. The image's layers are
 * in the host's OSTree repository, a generation is a read-only checkout of it (hard links) with all that was rendered for it,
 * and systemd runs it with the distribution's OCI runtime. Names of files and variables are those of Project Atomic's
 * `atomic install --system`, whose images work.
 */
import type { Name } from "../name.ts";
import type { AskedPermission } from "../permission.ts";

/** What is kept of a generation, in `NAME.N/info`. Written once, never changed. */
export interface SystemGeneration {
  readonly name: Name;
  /** Counted from 0. */
  readonly number: number;
  /** As it was named: `ostree-unverified-registry:...` and its like. */
  readonly image: string;
  /** Of the manifest. */
  readonly digest: string;
  /** Of the configuration. */
  readonly id: string;
  readonly commit: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** What was set, without the variables that are always given. */
  readonly values: Readonly<Record<string, string>>;
  /** Path of the OCI runtime. */
  readonly runtime: string;
  readonly hostNetwork: boolean;
  /** Text of `NAME.service`; undefined for an image that only brings files (`noContainerService`). */
  readonly unit: string | undefined;
  /** Text of its tmpfiles.d(5) file. */
  readonly tmpfiles: string | undefined;
  readonly hostFiles: readonly HostFile[];
  /** Directories of the host that are its own: they were made for it. */
  readonly ownDirectories: readonly string[];
  /** What the image asks for beyond what any container has. */
  readonly asked: readonly AskedPermission[];
}

/** A file that the image brings to the host; its content is in the generation. */
export interface HostFile {
  /** Absolute. */
  readonly path: string;
  /** Where a symbolic link leads; undefined for a file. */
  readonly link: string | undefined;
  /** Permission bits. */
  readonly mode: number;
  /** Of the content, in hexadecimal digits. */
  readonly sha256: string;
}

/** A switch that is under way: with it recorded, only the link of the name says which generation counts. */
export interface SystemChange {
  readonly from: number | undefined;
  /** Undefined removes the container. */
  readonly to: number | undefined;
  /** `to` was made for it: nobody goes back to what never came through. */
  readonly made: boolean;
  /** Whether the service ran before. */
  readonly active: boolean;
}

export interface SystemContainer {
  readonly name: Name;
  readonly current: SystemGeneration;
  /** Others that are kept, newest first. */
  readonly others: readonly SystemGeneration[];
  readonly change: SystemChange | undefined;
}
