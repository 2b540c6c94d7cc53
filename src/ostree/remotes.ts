// SPDX-License-Identifier: Apache-2.0
import { statSync } from "node:fs";
import { join } from "node:path";
import { listDirectory, makeDirectories, readTextIfExists, removeIfExists, writeFileAtomic } from "../base/index.ts";
import { Keyfile } from "../formats/index.ts";
import { ostreeError } from "./errors.ts";
import { remoteKeyringPath } from "./sign/keyring-path.ts";
import type { Repo } from "./repo.ts";

/** A remote as configured: the options of its group. Unset booleans have libostree's defaults. */
export interface Remote {
  readonly name: string;
  /** File that holds the group: the repository's config or one in remotes.d. */
  readonly file: string;
  readonly url?: string;
  readonly contentUrl?: string;
  readonly branches: readonly string[];
  readonly gpgVerify: boolean;
  readonly gpgVerifySummary: boolean;
  readonly collectionId?: string;
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly permissive?: boolean };
  /** Any option by its key. */
  option(key: string): string | undefined;
}

/** Directory with remotes of the system's repository (ostree.repo-config(5)). */
const systemRemotes = "/etc/ostree/remotes.d";

function groupOf(name: string): string {
  return `remote "${name}"`;
}

const groupPattern = /^remote "(.+)"$/;

/** As ostree_validate_remote_name. */
export function checkRemoteName(name: string): string {
  if (!/^[\w][-.\w]*$/.test(name)) throw ostreeError("remote", `Invalid remote name ${name}`);
  return name;
}

/** Whether this is the repository of the running system (ostree_repo_is_system): only it reads remotes.d. */
export function isSystemRepo(repo: Repo): boolean {
  const own = statSync(repo.path);
  return ["/sysroot/ostree/repo", "/ostree/repo"].some((path) => {
    const system = statSync(path, { throwIfNoEntry: false });
    return system !== undefined && system.ino === own.ino && system.dev === own.dev;
  });
}

/** Every key file that may hold remotes, the repository's config first. */
function remoteFiles(repo: Repo): { path: string; content: Keyfile }[] {
  const files = [{ path: join(repo.path, "config"), content: repo.config }];
  if (!isSystemRepo(repo)) return files;
  for (const name of listDirectory(systemRemotes).filter((name) => name.endsWith(".conf"))) {
    const path = join(systemRemotes, name);
    files.push({ path, content: parseFile(path) });
  }
  return files;
}

function parseFile(path: string): Keyfile {
  return Keyfile.parse(readTextIfExists(path) ?? "", path);
}

/** Names of all remotes, sorted. */
export function listRemotes(repo: Repo): string[] {
  const names = remoteFiles(repo).flatMap(({ content }) =>
    content.groups().flatMap((group) => groupPattern.exec(group)?.[1] ?? []),
  );
  return [...new Set(names)].sort();
}

/** The remote of that name; throws `ostree-remote` when there is none. */
export function findRemote(repo: Repo, name: string): Remote {
  const remote = tryFindRemote(repo, name);
  if (!remote) {
    throw ostreeError("remote", `Remote "${name}" not found`, { hint: "atomic ostree remote list  shows the remotes" });
  }
  return remote;
}

export function tryFindRemote(repo: Repo, name: string): Remote | undefined {
  const file = remoteFiles(repo).find(({ content }) => content.hasGroup(groupOf(name)));
  return file && readRemote(name, file.path, file.content);
}

function readRemote(name: string, file: string, content: Keyfile): Remote {
  const group = groupOf(name);
  const option = (key: string) => content.get(group, key);
  const present = <Key extends string>(entries: Record<Key, string | undefined>) =>
    Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as Partial<
      Record<Key, string>
    >;
  return {
    name,
    file,
    ...present({ url: option("url"), contentUrl: option("contenturl"), collectionId: option("collection-id") }),
    branches: content.getList(group, "branches") ?? [],
    gpgVerify: content.getBoolean(group, "gpg-verify") ?? true,
    gpgVerifySummary: content.getBoolean(group, "gpg-verify-summary") ?? false,
    tls: {
      ...present({
        ca: option("tls-ca-path"),
        cert: option("tls-client-cert-path"),
        key: option("tls-client-key-path"),
      }),
      permissive: content.getBoolean(group, "tls-permissive") ?? false,
    },
    option,
  };
}

export interface AddRemoteOptions {
  readonly url?: string | undefined;
  readonly branches?: readonly string[];
  /** Further keys of the group. */
  readonly set?: ReadonlyMap<string, string | boolean>;
  readonly ifNotExists?: boolean;
  /** Replace one of the same name. */
  readonly force?: boolean;
}

/** Adds a remote to the repository's config, or to remotes.d for the system's repository. */
export function addRemote(repo: Repo, name: string, options: AddRemoteOptions): void {
  checkRemoteName(name);
  const existing = tryFindRemote(repo, name);
  if (existing && options.ifNotExists) return;
  if (existing && !options.force) {
    const place = existing.file === join(repo.path, "config") ? "(in config)" : existing.file;
    throw ostreeError("remote", `Remote configuration for "${name}" already exists: ${place}`);
  }
  if (existing) dropGroup(repo, existing);
  const file = existing?.file ?? newRemoteFile(repo, name);
  const content = openFile(repo, file);
  const group = groupOf(name);
  const { url } = options;
  if (url !== undefined) {
    if (url.startsWith("metalink=")) content.set(group, "metalink", url.slice("metalink=".length));
    else content.set(group, "url", url);
  }
  if (options.branches && options.branches.length > 0) content.setList(group, "branches", options.branches);
  for (const [key, value] of options.set ?? []) content.set(group, key, value);
  writeFileAtomic(file, content.toString());
}

function newRemoteFile(repo: Repo, name: string): string {
  const system = isSystemRepo(repo);
  if (!(repo.config.getBoolean("core", "add-remotes-config-dir") ?? system) || !system)
    return join(repo.path, "config");
  makeDirectories(systemRemotes);
  return join(systemRemotes, `${name}.conf`);
}

/** Removes a remote and its keyring. @returns whether it was there */
export function deleteRemote(repo: Repo, name: string, ifExists = false): boolean {
  checkRemoteName(name);
  const remote = ifExists ? tryFindRemote(repo, name) : findRemote(repo, name);
  if (!remote) return false;
  dropGroup(repo, remote);
  removeIfExists(remoteKeyringPath(repo.path, name));
  return true;
}

/** The repository's config is edited where it is held, so that the open repository sees the change. */
function openFile(repo: Repo, path: string): Keyfile {
  return path === join(repo.path, "config") ? repo.config : parseFile(path);
}

function dropGroup(repo: Repo, remote: Remote): void {
  const content = openFile(repo, remote.file);
  content.removeGroup(groupOf(remote.name));
  if (content.groups().length === 0) removeIfExists(remote.file);
  else writeFileAtomic(remote.file, content.toString());
}

/** URL of a remote; it must have one. */
export function remoteUrl(remote: Remote): string {
  const { url } = remote;
  if (url === undefined) {
    const metalink = remote.option("metalink");
    if (metalink !== undefined) {
      throw ostreeError("unsupported", `remote "${remote.name}" uses a metalink, which is not supported`);
    }
    throw ostreeError("remote", `No "url" option in remote "${remote.name}"`);
  }
  if (url.startsWith("mirrorlist=")) {
    throw ostreeError("unsupported", `remote "${remote.name}" uses a mirror list, which is not supported`);
  }
  return url;
}
