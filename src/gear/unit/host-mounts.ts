// SPDX-License-Identifier: Apache-2.0
/**
 * LogNamespace= gives a unit mounts of its own, also to its commands with `+` (systemd's apply_mount_namespace). What podman mounts there
 * nobody else sees: a health check and `podman exec` would find no users in a container's root, and no network. So its
 * commands have the mounts of the host.
 */
import type { Scene } from "./settings.ts";
import type { Entry } from "./unit-file.ts";

/** Whether the units log to a journal of their own, and have mounts of their own with it. */
export const hasOwnMounts = ({ engine, tenant }: Scene): boolean =>
  engine === "podman" && tenant?.logNamespace !== undefined;

const enter = "/usr/bin/nsenter --mount=/proc/1/ns/mnt -- ";

/** Commands that podman, or a program that asks it, is run by; what copies files has nothing to do with it. */
export function hostMountEntries(scene: Scene, entries: readonly Entry[]): Entry[] {
  if (!hasOwnMounts(scene)) return [...entries];
  return entries.map(([key, value]) => [key, isCommand(key, value) ? value.replace(/^-?/, `$&${enter}`) : value]);
}

const isCommand = (key: string, value: string): boolean =>
  key.startsWith("Exec") && !value.startsWith("/usr/bin/install ");
