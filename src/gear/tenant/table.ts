// SPDX-License-Identifier: Apache-2.0
/** The table of tenants as a file: the only record of who has which categories and users. */
import { gearError } from "../errors.ts";
import type { Resources } from "../model.ts";
import { parseName } from "../name.ts";
import { checkedCategories, levelOf } from "./categories.ts";
import type { JournalLimits, Tenant, UserRange } from "./model.ts";

const version = 1;

export function encodeTenants(tenants: readonly Tenant[]): string {
  const sorted = tenants.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  return `${JSON.stringify({ version, tenants: sorted }, undefined, 2)}\n`;
}

/** Throws `gear-bad-tenants`: with a table that cannot be trusted nobody gets anything, least of all what another one has. */
export function decodeTenants(text: string, what: string): Tenant[] {
  const file = parseJson(text, what) as { readonly version?: unknown; readonly tenants?: unknown };
  if (file?.version !== version || !Array.isArray(file.tenants)) throw bad(what, `is no table of version ${version}`);
  const tenants = (file.tenants as unknown[]).map((one) => decodeTenant(one as Partial<Tenant>, what));
  const levels = new Set(tenants.map(({ categories }) => levelOf(categories)));
  const names = new Set(tenants.map(({ name }) => name));
  if (levels.size < tenants.length || names.size < tenants.length) throw bad(what, "gives two tenants the same");
  return tenants;
}

function decodeTenant(one: Partial<Tenant> | null, what: string): Tenant {
  if (one === null || typeof one !== "object") throw bad(what, "has an entry that is no tenant");
  return {
    name: parseName(String(one.name), "a tenant"),
    categories: checkedCategories(one.categories),
    users: decodeUsers(one.users, what),
    resources: numbers<Resources>(one.resources, ["memory", "cpus", "cpuWeight", "ioWeight", "pids"], what),
    journal: numbers<JournalLimits>(one.journal, ["maxUse", "rateLimit"], what),
    volumes: decodeVolumes(one.volumes, what),
    retired: one.retired === true,
  };
}

function decodeUsers(users: Partial<UserRange> | undefined, what: string): UserRange {
  const { first, count } = users ?? {};
  // The host's root, and users below 65536, are nobody's.
  if (Number.isSafeInteger(first) && Number.isSafeInteger(count) && first! >= 0x10000 && count! > 0)
    return { first: first!, count: count! };
  throw bad(what, "has a tenant without users");
}

function decodeVolumes(volumes: unknown, what: string): string[] {
  const paths = Array.isArray(volumes) ? (volumes as unknown[]) : [];
  return paths.map((path) => {
    if (typeof path === "string" && path.startsWith("/") && !path.includes("\0")) return path;
    throw bad(what, "has a volume that is no absolute path");
  });
}

function numbers<T extends { readonly [K in keyof T]: number | undefined }>(
  value: unknown,
  keys: readonly (keyof T & string)[],
  what: string,
): T {
  const given = (value ?? {}) as Record<string, unknown>;
  const entries = keys.map((key) => [key, given[key]] as const);
  const wrong = entries.find(([, number]) => number !== undefined && !(Number.isFinite(number) && Number(number) > 0));
  if (wrong !== undefined) throw bad(what, `has a ${wrong[0]} that is no number above 0`);
  return Object.fromEntries(entries) as T;
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw gearError("bad-tenants", `${what} is no JSON`, { cause: error });
  }
}

function bad(what: string, why: string) {
  return gearError("bad-tenants", `${what} ${why}`);
}
