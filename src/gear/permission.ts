// SPDX-License-Identifier: Apache-2.0
/** What an image asks for beyond what any container has. Images are others' words: it is told, and had only when it is allowed. */
import { normalize } from "node:path/posix";
import { gearError } from "./errors.ts";

/** Kinds of it, with what each means, for help and errors. */
export const permissions = {
  privileged: "all that root of the host may do",
  "host-root": "the host's whole file tree",
  mounts: "files or volumes of the host",
  "host-namespaces": "the host's network, processes, users or message queues",
  capabilities: "capabilities beyond the usual",
  devices: "devices of the host",
  confinement: "less of SELinux, AppArmor, seccomp or the masked parts of /proc",
  root: "a process that is root by request, in what else the command gives it",
  secrets: "secrets of the engine",
  "host-files": "files of the host that it brings",
  "host-unit": "settings of its unit that reach the host, such as programs that run there",
} as const;

export type Permission = keyof typeof permissions;

export interface AskedPermission {
  readonly permission: Permission;
  /** What exactly: `/etc of the host at /host/etc, writable`. */
  readonly what: string;
}

/**
 * Whether a path leads to all files of the host: its root, that of a deployment's disk (ostree(1)), or of a process. One from the
 * present directory upwards might.
 */
export function isHostRoot(path: string): boolean {
  const whole = normalize(path);
  return /^(?:\/|\/sysroot\/?|\/proc\/[^/]+\/(?:root|cwd)\/?|\.\.(?:\/.*)?)$/.test(whole);
}

/** What is allowed: all that is asked for, or these. */
export type Allowed = "all" | ReadonlySet<Permission>;

/** @throws gear-bad-permission */
export function parsePermissions(text: string): Permission[] {
  return text.split(",").map((word) => {
    if (Object.hasOwn(permissions, word)) return word as Permission;
    throw gearError("bad-permission", `${JSON.stringify(word)} is no permission`, {
      hint: `there are: ${Object.keys(permissions).join(", ")}`,
    });
  });
}

export function deniedPermissions(asked: readonly AskedPermission[], allowed: Allowed): AskedPermission[] {
  return allowed === "all" ? [] : asked.filter(({ permission }) => !allowed.has(permission));
}

/** @param what who asks, such as `label INSTALL of IMAGE`. @throws gear-permission, with all that is missing */
export function requirePermissions(what: string, asked: readonly AskedPermission[], allowed: Allowed): void {
  const denied = deniedPermissions(asked, allowed);
  if (denied.length === 0) return;
  throw gearError("permission", [`${what} asks for what was not allowed`, ...permissionLines(asked)].join("\n  "), {
    hint: `--allow=${permissionNames(asked)}  allows it, --yes all that it asks for; nothing was done`,
  });
}

export const permissionNames = (asked: readonly AskedPermission[]): string =>
  [...new Set(asked.map(({ permission }) => permission))].join(",");

/** In one line each, without what would move the cursor or turn the text of who reads it: what it hid would be allowed unseen. */
export const permissionLines = (asked: readonly AskedPermission[]): string[] =>
  asked.map(({ permission, what }) => `${permission}: ${what.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, "\u{fffd}")}`);
