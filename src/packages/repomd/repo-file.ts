// SPDX-License-Identifier: Apache-2.0
/** `.repo` files: dnf.conf(5), "REPO OPTIONS" and "OPTIONS FOR BOTH [MAIN] AND REPO". */
import { join } from "node:path";
import { listDirectory, readTextIfExists } from "../../base/index.ts";
import { parseIni } from "../../formats/index.ts";
import { packageError } from "../errors.ts";
import type { RepositoryConnection, RpmSource } from "./model.ts";
import { type RepoVariables, substituteVariables } from "./variables.ts";

export interface RepoFile {
  /** In the order of the sections, with those that are not enabled. */
  readonly sources: readonly RpmSource[];
  /** What dnf warns of, and what has no effect here. */
  readonly warnings: readonly string[];
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
interface Draft extends Mutable<Omit<RpmSource, "connection">> {
  connection: Mutable<RepositoryConnection>;
  proxyUsername?: string;
  proxyPassword?: string;
}

/** Takes one option over. Throws a text that says what is wrong with the value. */
type Setter = (draft: Draft, value: string) => void;

const setters: Readonly<Record<string, Setter>> = {
  name: (draft, value) => (draft.name = value),
  baseurl: (draft, value) => (draft.baseUrls = list(value)),
  mirrorlist: (draft, value) => (draft.mirrorList = value),
  metalink: (draft, value) => (draft.metalink = value),
  enabled: (draft, value) => (draft.enabled = boolean(value)),
  priority: (draft, value) => (draft.priority = integer(value)),
  cost: (draft, value) => (draft.cost = integer(value)),
  excludepkgs: (draft, value) => (draft.excludes = [...(draft.excludes ?? []), ...list(value)]),
  exclude: (draft, value) => (draft.excludes = [...(draft.excludes ?? []), ...list(value)]),
  includepkgs: (draft, value) => (draft.includes = [...(draft.includes ?? []), ...list(value)]),
  gpgcheck: (draft, value) => (draft.gpgCheck = boolean(value)),
  repo_gpgcheck: (draft, value) => (draft.repoGpgCheck = boolean(value)),
  gpgkey: (draft, value) => (draft.gpgKeys = list(value)),
  module_hotfixes: (draft, value) => (draft.moduleHotfixes = boolean(value)),
  skip_if_unavailable: (draft, value) => (draft.skipIfUnavailable = boolean(value)),
  metadata_expire: (draft, value) => (draft.metadataExpire = seconds(value)),
  sslverify: (draft, value) => (draft.connection.sslVerify = boolean(value)),
  sslcacert: (draft, value) => (draft.connection.sslCaCert = value),
  sslclientcert: (draft, value) => (draft.connection.sslClientCert = value),
  sslclientkey: (draft, value) => (draft.connection.sslClientKey = value),
  proxy: (draft, value) => (draft.connection.proxy = value === "_none_" ? "" : value),
  proxy_username: (draft, value) => (draft.proxyUsername = value),
  proxy_password: (draft, value) => (draft.proxyPassword = value),
  username: (draft, value) => (draft.connection.username = value),
  password: (draft, value) => (draft.connection.password = value),
  timeout: (draft, value) => (draft.connection.timeout = seconds(value)),
  // Attempts for one file; dnf counts those of all together, and takes 0 for no end.
  retries: (draft, value) => (draft.connection.retries = integer(value) || 1000),
  user_agent: (draft, value) => (draft.connection.userAgent = value),
  ip_resolve: (draft, value) => setFamily(draft, value),
  type: (_, value) => oneOf(value, ["rpm-md", "rpm", "repomd", "rpmmd", "yum", "YUM"]),
  proxy_auth_method: (_, value) => oneOf(value, ["any", "basic", "none"]),
  // Checked no more than TLS itself checks: refused where they ask for more.
  sslverifystatus: (_, value) => refuseIf(boolean(value), "the revocation of certificates is not checked"),
  proxy_sslverify: (_, value) => refuseIf(!boolean(value), "the certificate of a proxy is always verified"),
  proxy_sslcacert: (_, value) => refuseIf(value !== "", "the certificate of a proxy is verified by the system's list"),
  proxy_sslclientcert: (_, value) => refuseIf(value !== "", "a certificate is not shown to a proxy"),
  proxy_sslclientkey: (_, value) => refuseIf(value !== "", "a certificate is not shown to a proxy"),
};

/** Options that change only how fast things go, or what dnf does besides installing. */
const withoutEffect = new Set([
  "countme",
  "deltarpm",
  "deltarpm_percentage",
  "enablegroups",
  "enabled_metadata",
  "failovermethod",
  "fastestmirror",
  "keepcache",
  "localpkg_gpgcheck",
  "max_parallel_downloads",
  "mediaid",
  "minrate",
  "protected_packages",
]);

/** @param what the file's name, for errors and warnings */
export function parseRepoFile(text: string, what: string, variables: RepoVariables): RepoFile {
  const sources: RpmSource[] = [];
  const warnings: string[] = [];
  for (const [section, options] of parseIni(text, what)) {
    if (section === "main") continue;
    const id = substituteVariables(section, variables);
    // dnf: Repo.is_id_valid; such a section is left out there too.
    if (!/^[-A-Za-z0-9_.:]+$/.test(id)) {
      warnings.push(`${what}: [${id}] is no id of a repository`);
      continue;
    }
    sources.push(sourceOf(id, options, { what: `${what}: [${id}]`, variables, warnings }));
  }
  return { sources, warnings };
}

interface Context {
  readonly what: string;
  readonly variables: RepoVariables;
  readonly warnings: string[];
}

function sourceOf(id: string, options: ReadonlyMap<string, string>, context: Context): RpmSource {
  const { what, variables, warnings } = context;
  const draft: Draft = { id, baseUrls: [], connection: {} };
  for (const [key, raw] of options) {
    const setter = setters[key];
    if (setter !== undefined) apply(setter, key, substituteVariables(raw, variables), draft, what);
    else if (key === "throttle" || key === "bandwidth") warnings.push(`${what}: ${key} has no effect here`);
    else if (!withoutEffect.has(key)) warnings.push(`${what}: unknown option ${key}=${raw.split("\n")[0]}`);
  }
  return finish(draft, what);
}

function apply(setter: Setter, key: string, value: string, draft: Draft, what: string): void {
  try {
    setter(draft, value);
  } catch (error) {
    if (!(error instanceof RefusedValue)) throw error;
    throw packageError("repo-file", `${what}: ${key}=${value}: ${error.message}`);
  }
}

function finish({ proxyUsername, proxyPassword, connection, ...source }: Draft, what: string): RpmSource {
  const { proxy } = connection;
  if (proxy !== undefined && proxy !== "") {
    const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw packageError("repo-file", `${what}: proxy=${proxy}: only http and https proxies are used`);
    }
    if (proxyUsername !== undefined) url.username = encodeURIComponent(proxyUsername);
    if (proxyPassword !== undefined) url.password = encodeURIComponent(proxyPassword);
    connection.proxy = url.href;
  }
  if (source.baseUrls.length === 0 && source.mirrorList === undefined && source.metalink === undefined) {
    throw packageError("repo-file", `${what}: it has neither baseurl nor mirrorlist nor metalink`);
  }
  return Object.keys(connection).length === 0 ? source : { ...source, connection };
}

/** All `.repo` files of a directory, in the order of their names. An id that comes again is left out, as dnf does. */
export function readRepoFiles(directory: string, variables: RepoVariables): RepoFile {
  const sources = new Map<string, RpmSource>();
  const warnings: string[] = [];
  for (const name of listDirectory(directory).filter((each) => each.endsWith(".repo"))) {
    const path = join(directory, name);
    const file = parseRepoFile(readTextIfExists(path) ?? "", path, variables);
    warnings.push(...file.warnings);
    for (const source of file.sources) {
      if (sources.has(source.id)) warnings.push(`${path}: the repository ${source.id} is there more than once`);
      else sources.set(source.id, source);
    }
  }
  return { sources: [...sources.values()], warnings };
}

class RefusedValue extends Error {}

function list(value: string): string[] {
  return value.split(/[ ,\n\t]+/).filter((word) => word !== "");
}

function boolean(value: string): boolean {
  const word = value.toLowerCase();
  if (["1", "yes", "true", "on"].includes(word)) return true;
  if (["0", "no", "false", "off"].includes(word)) return false;
  throw new RefusedValue("neither true nor false");
}

function integer(value: string): number {
  if (/^[+-]?\d{1,9}$/.test(value)) return Number(value);
  throw new RefusedValue("no whole number");
}

/** A number with `s`, `m`, `h` or `d`; `-1` and `never` are without end (libdnf: OptionSeconds). */
function seconds(value: string): number {
  if (value === "-1" || value === "never") return Number.POSITIVE_INFINITY;
  const match = /^(\d{1,9}(?:\.\d{1,9})?)([smhd]?)$/i.exec(value);
  if (!match) throw new RefusedValue("no time in seconds, as 90, 5m, 48h or 7d");
  const unit = { "": 1, s: 1, m: 60, h: 3600, d: 86400 }[match[2]!.toLowerCase() as "" | "s" | "m" | "h" | "d"];
  return Math.floor(Number(match[1]) * unit);
}

function oneOf(value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw new RefusedValue(`only ${allowed.join(", ")} can be used`);
}

function refuseIf(condition: boolean, message: string): void {
  if (condition) throw new RefusedValue(message);
}

function setFamily(draft: Draft, value: string): void {
  const word = value.toLowerCase();
  oneOf(word, ["4", "ipv4", "6", "ipv6", "whatever"]);
  if (word.endsWith("4")) draft.connection.family = 4;
  if (word.endsWith("6")) draft.connection.family = 6;
}
