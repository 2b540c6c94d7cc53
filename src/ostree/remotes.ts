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
  /** Any option by its key. */
  option(this: void, key: string): string | undefined;
  boolean(this: void, key: string): boolean | undefined;
}

/** Directory with remotes of a system's repository, below its root (ostree.repo-config(5)). */
const remotesDirectory = "etc/ostree/remotes.d";

/** Where further remotes of the repository are; none for one that belongs to no system (get_remotes_d_dir). */
function systemRemotes(repo: Repo): string | undefined {
  if (repo.sysroot !== undefined) return join(repo.sysroot, remotesDirectory);
  return isSystemRepo(repo) ? join("/", remotesDirectory) : undefined;
}

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
  const directory = systemRemotes(repo);
  if (directory === undefined) return files;
  for (const name of listDirectory(directory).filter((name) => name.endsWith(".conf"))) {
    const path = join(directory, name);
    files.push({ path, content: parseFile(path) });
  }
  return files;
}

function parseFile(path: string): Keyfile {
  return Keyfile.parse(readTextIfExists(path) ?? "", path);
}

/** Remotes are inherited from the parents of a repository. */
function withParents(repo: Repo): Repo[] {
  return [repo, ...(repo.parent ? withParents(repo.parent) : [])];
}

/** Names of all remotes, those of parent repositories too, sorted (ostree_repo_remote_list). */
export function listRemotes(repo: Repo): string[] {
  const files = withParents(repo).flatMap(remoteFiles);
  const names = files.flatMap(({ content }) =>
    content.groups().flatMap((group) => groupPattern.exec(group)?.[1] ?? []),
  );
  return [...new Set(names)].sort();
}

/** The remote of that name; throws `ostree-remote` when there is none. */
export function findRemote(repo: Repo, name: string): Remote {
  const remote = tryFindRemote(repo, name);
  if (!remote) throw notFound(name);
  return remote;
}

function notFound(name: string) {
  const hint = "atomic ostree remote list  shows the remotes";
  return ostreeError("remote", `Remote "${name}" not found`, { hint });
}

export function tryFindRemote(repo: Repo, name: string): Remote | undefined {
  for (const one of withParents(repo)) {
    const found = findOwnRemote(one, name);
    if (found) return found;
  }
  return undefined;
}

function findOwnRemote(repo: Repo, name: string): Remote | undefined {
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
    option,
    boolean: (key) => content.getBoolean(group, key),
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
  const existing = findOwnRemote(repo, name);
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

/** A system's remotes go to their directory unless `core.add-remotes-config-dir` says that they must not. */
function newRemoteFile(repo: Repo, name: string): string {
  const directory = systemRemotes(repo);
  if (directory === undefined || repo.config.getBoolean("core", "add-remotes-config-dir") === false) {
    return join(repo.path, "config");
  }
  makeDirectories(directory);
  return join(directory, `${name}.conf`);
}

/** Removes a remote and its keyring. @returns whether it was there */
export function deleteRemote(repo: Repo, name: string, ifExists = false): boolean {
  checkRemoteName(name);
  const remote = findOwnRemote(repo, name);
  if (!remote && ifExists) return false;
  if (!remote) throw notFound(name);
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

/** URL of a remote, maybe `mirrorlist=` and the URL of the list; it must have one (ostree_repo_remote_get_url). */
export function remoteUrl(remote: Remote): string {
  const url = remote.option("metalink") ?? remote.url;
  if (url !== undefined) return url;
  throw ostreeError("remote", `No "url" option in remote "${remote.name}"`);
}
