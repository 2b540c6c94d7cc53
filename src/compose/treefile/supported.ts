// SPDX-License-Identifier: Apache-2.0
/** What a treefile may say and a compose does not do: refused by name, so that nothing is silently left out. */
import { composeError } from "../errors.ts";
import { deriveKeys } from "./keys.ts";
import type { Treefile } from "./model.ts";

export interface Refusal {
  readonly key: string;
  readonly reason: string;
}

const rpmOnly = "it belongs to RPM trees; this composes from `apt`";
const accounts = "users keep their numbers by way of sysusers.d, which compose writes into the tree";

/** Keys that are refused whatever their value. */
const refused: Record<Treefile["format"], Readonly<Record<string, string>>> = {
  deb: {
    "lockfile-repos": rpmOnly,
    "repo-packages": "give the repository a `priority` in `apt`",
    repovars: rpmOnly,
    rpmdb: rpmOnly,
    "rpmdb-normalize": rpmOnly,
    "platform-module": rpmOnly,
    modules: rpmOnly,
    ima: rpmOnly,
    sysusers: accounts,
    "check-passwd": accounts,
    "check-groups": accounts,
    "preserve-passwd": accounts,
    "ignore-removed-users": accounts,
    "ignore-removed-groups": accounts,
    cliwrap: rpmOnly,
    "cliwrap-binaries": rpmOnly,
  },
  rpm: {
    apt: "it belongs to Debian trees; this composes from `repos`",
    "security-tracker": "it belongs to Debian trees; RPM repositories have their own advisories",
  },
};

/** Keys of which only some values are done. */
const values: Record<Treefile["format"], Readonly<Record<string, readonly unknown[]>>> = {
  deb: {
    "boot-location": ["modules"],
    edition: ["2024"],
    "repo-metadata": ["inline"],
    "selinux-label-version": [0, 1],
  },
  rpm: {
    "boot-location": ["modules", "new"],
    "selinux-label-version": [0, 1],
  },
};

/** What `container: true` implies, which nobody wrote. */
const ofContainers = new Set(["preserve-passwd", "check-passwd", "check-groups"]);

/** What stands between a treefile and its compose. */
export function refusals({ flattened, repovars, format, container }: Treefile): Refusal[] {
  const found: Refusal[] = [];
  const implied = container ? ofContainers : new Set();
  const written = [...Object.entries(flattened), ...(repovars.size > 0 ? [["repovars", ""] as const] : [])];
  for (const [key, value] of written.filter(([name]) => !implied.has(name))) {
    const allowed = values[format][key];
    const reason = deriveKeys.has(key) ? "it belongs to a host's own treefile" : refused[format][key];
    if (reason !== undefined) found.push({ key, reason });
    else if (allowed && !allowed.includes(value)) {
      found.push({ key, reason: `only ${allowed.join(" or ")} can be done, not ${String(value)}` });
    }
  }
  return found;
}

/** Ends a compose that could not do what its treefile says. */
export function requireSupported(treefile: Treefile): void {
  const [first] = refusals(treefile);
  if (first) throw composeError("treefile-unsupported", `${treefile.path}: ${first.key}: ${first.reason}`);
}
