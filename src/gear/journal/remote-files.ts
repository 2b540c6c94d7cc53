// SPDX-License-Identifier: Apache-2.0
/**
 * The journals of other hosts on a collector, where stock journalctl looks for them (`journalctl --merge`). The host in a file's
 * name is that of the certificate which its entries came with; `_HOSTNAME` in them is what the host says of itself.
 *
 *     remote-HOST.journal              entries of the host's journal
 *     remote-HOST+TENANT.journal       of a namespace
 *     remote-HOST@....journal          full ones, which systemd-journal-remote has put aside
 */
import { join } from "node:path";
import { closestNames, listDirectory, lstatIfExists, removeIfExists } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { hostName } from "./certificates.ts";
import type { LogSource } from "../logs/model.ts";

export const remoteDirectory = "/var/log/journal/remote";

/** Name of the file that entries of a host, and a namespace of its journal, are added to. */
export function remoteFile(host: string, namespace: string | undefined): string {
  if (!hostName.test(host)) throw new Error(`${host} is no name of a host`);
  return `remote-${host}${namespace === undefined ? "" : `+${namespace}`}.journal`;
}

const pattern = /^remote-([A-Za-z0-9][A-Za-z0-9._-]*?)(\+[a-z0-9-]+)?(@[0-9a-f-]+)?\.journal~?$/;

/** Hosts that a collector has journals of. */
export function remoteHosts(directory = remoteDirectory): string[] {
  const hosts = listDirectory(directory).flatMap((name) => pattern.exec(name)?.[1] ?? []);
  return [...new Set(hosts)].sort();
}

/**
 * The journals of hosts, by their certificates.
 * @throws gear-no-logs for a host that nothing came from
 */
export function remoteSource(hosts: readonly string[], directory = remoteDirectory): LogSource {
  const known = remoteHosts(directory);
  const unknown = hosts.find((host) => !known.includes(host));
  if (unknown !== undefined) {
    const near = closestNames(known, unknown);
    const there = near.length > 0 ? `did you mean ${near.join(" or ")}?` : `there are: ${known.join(", ")}`;
    throw gearError("no-logs", `${directory} has nothing of the host ${JSON.stringify(unknown.slice(0, 100))}`, {
      hint: known.length === 0 ? "atomic gear journal receive  makes this host a collector" : there,
    });
  }
  const files = listDirectory(directory).filter((name) => hosts.includes(pattern.exec(name)?.[1] ?? ""));
  return { options: files.map((name) => `--file=${join(directory, name)}`), local: false };
}

/**
 * Removes the oldest of a host's files until all of them together are within a limit of bytes: those that are full, then those that
 * nothing comes to, since a host may name as many namespaces as it likes.
 * @param written names of files that entries are being added to, which stay
 */
export function pruneRemote(
  host: string,
  limit: number,
  written: ReadonlySet<string>,
  directory = remoteDirectory,
): void {
  const files = listDirectory(directory)
    .filter((name) => pattern.exec(name)?.[1] === host)
    .flatMap((name) => sizeOf(directory, name))
    .toSorted((one, other) => Number(other.full) - Number(one.full) || one.changed - other.changed);
  let all = files.reduce((sum, { size }) => sum + size, 0);
  for (const { name, size } of files) {
    if (all <= limit) return;
    if (written.has(name)) continue;
    removeIfExists(join(directory, name));
    all -= size;
  }
}

/** None of one that was put aside under another name meanwhile. */
function sizeOf(directory: string, name: string) {
  const stat = lstatIfExists(join(directory, name));
  // Journal files have holes.
  return stat === undefined ? [] : [{ name, full: /@|~$/.test(name), size: stat.blocks * 512, changed: stat.mtimeMs }];
}
