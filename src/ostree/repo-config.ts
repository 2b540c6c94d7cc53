// SPDX-License-Identifier: Apache-2.0
import { Keyfile } from "../formats/index.ts";
import { ostreeError } from "./errors.ts";
import type { VerityPolicy } from "./fsverity.ts";
import type { RepoMode } from "./model.ts";

/** Modes by their names in config files; `archive-z2` is what libostree writes for archive. */
const modes: Readonly<Record<string, RepoMode>> = {
  archive: "archive",
  "archive-z2": "archive",
  bare: "bare",
  "bare-user": "bare-user",
  "bare-user-only": "bare-user-only",
  "bare-split-xattrs": "bare-split-xattrs",
};

/** The `[core]` and `[archive]` settings that the engine obeys (ostree-repo.c reload_core_config; ostree.repo-config(5)). */
export interface RepoSettings {
  readonly mode: RepoMode;
  readonly fsync: boolean;
  readonly perObjectFsync: boolean;
  readonly locking: boolean;
  readonly lockTimeoutSeconds: number;
  readonly zlibLevel: number;
  readonly disableXattrs: boolean;
  readonly tmpExpirySeconds: number;
  /** Content of at least so many bytes gets a payload link, on file systems that share blocks; default: none does. */
  readonly payloadLinkThreshold: number;
  /** Whether fs-verity is enabled on new objects. */
  readonly fsverity: VerityPolicy;
  /** Space that commits must leave free: a part of the file system or a number of bytes. */
  readonly minFreeSpace: { readonly percent: number } | { readonly bytes: number };
}

export function parseRepoMode(text: string, what: string): RepoMode {
  const mode = modes[text];
  if (!mode) throw ostreeError("bad-config", `${what}: unsupported repository mode ${JSON.stringify(text)}`);
  return mode;
}

export function parseSettings(config: Keyfile, what: string): RepoSettings {
  const version = config.get("core", "repo_version");
  if (version !== "1") throw ostreeError("bad-config", `${what}: repo_version is ${version ?? "missing"}, not 1`);
  const level = Number.parseInt(config.get("archive", "zlib-level") ?? "6", 10);
  return {
    mode: parseRepoMode(config.get("core", "mode") ?? "bare", what),
    fsync: config.getBoolean("core", "fsync") ?? true,
    perObjectFsync: config.getBoolean("core", "per-object-fsync") ?? false,
    locking: config.getBoolean("core", "locking") ?? true,
    lockTimeoutSeconds: config.getInteger("core", "lock-timeout-secs") ?? 300,
    zlibLevel: Math.min(9, Math.max(1, Number.isNaN(level) ? 6 : level)),
    disableXattrs: config.getBoolean("core", "disable-xattrs") ?? false,
    tmpExpirySeconds: config.getInteger("core", "tmp-expiry-secs") ?? 86400,
    payloadLinkThreshold: payloadLinkThreshold(config),
    fsverity: parseVerity(config, what),
    minFreeSpace: parseMinFreeSpace(config, what),
  };
}

/** As g_ascii_strtoull reads it: what is no number is 0, a negative one is larger than any size. */
function payloadLinkThreshold(config: Keyfile): number {
  const value = Number.parseInt(config.get("core", "payload-link-threshold") ?? "-1", 10);
  return value < 0 ? Number.POSITIVE_INFINITY : value || 0;
}

/** _ostree_repo_parse_fsverity_config */
function parseVerity(config: Keyfile, what: string): VerityPolicy {
  const composefs = parseTristate(config, "composefs", what) ?? "no";
  const wanted = parseTristate(config, "fsverity", what) ?? (composefs === "no" ? "no" : "maybe");
  if (wanted !== "no") return wanted;
  // The names that it had before.
  if (config.getBoolean("ex-fsverity", "required") ?? false) return "yes";
  return (config.getBoolean("ex-fsverity", "opportunistic") ?? false) ? "maybe" : "no";
}

function parseTristate(config: Keyfile, key: string, what: string): VerityPolicy | undefined {
  const value = config.get("ex-integrity", key)?.trim();
  if (value === undefined || value === "maybe") return value;
  if (["yes", "true", "1"].includes(value)) return "yes";
  if (["no", "false", "0"].includes(value)) return "no";
  throw ostreeError("bad-config", `${what}: Invalid tri-state value: ${value}`);
}

const units: Readonly<Record<string, number>> = { MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };

/** A size other than zero has precedence over a percentage; 3 % when neither is given. */
function parseMinFreeSpace(config: Keyfile, what: string): { percent: number } | { bytes: number } {
  const size = config.get("core", "min-free-space-size");
  if (size !== undefined) {
    const match = /^(\d{1,12})([MGT]B)$/.exec(size);
    if (!match?.[1] || !match[2]) {
      throw ostreeError(
        "bad-config",
        `${what}: Invalid min-free-space-size '${size}': it should look like 123MB, 123GB or 123TB`,
      );
    }
    const bytes = Number(match[1]) * (units[match[2]] ?? 1);
    if (bytes > 0) return { bytes };
  }
  const text = config.get("core", "min-free-space-percent") ?? (size === undefined ? "3" : "0");
  if (!/^\d{1,2}$/.test(text)) {
    throw ostreeError(
      "bad-config",
      `${what}: Invalid min-free-space-percent '${text}': it should be a number from 0 to 99`,
    );
  }
  return { percent: Number(text) };
}

/** The config file of a new repository, as `ostree init` writes it. */
export function newConfig(mode: RepoMode, collectionId?: string): Keyfile {
  const config = Keyfile.empty();
  config.set("core", "repo_version", "1");
  config.set("core", "mode", mode === "archive" ? "archive-z2" : mode);
  if (collectionId !== undefined) config.set("core", "collection-id", collectionId);
  return config;
}
