// SPDX-License-Identifier: Apache-2.0
import type { DirNode, FileNode } from "../../ostree/index.ts";
import { isSymlink, lookup, lookupFile, makeFileNode, put, readText, take, walk, withHeader } from "../tree.ts";

/** What tells of the one machine or the one moment that made the tree; each host makes its own. */
const identities = [
  /^etc\/ssh\/ssh_host_/,
  /^etc\/(hostname|adjtime|mtab|\.updated|\.pwd\.lock|ld\.so\.cache~)$/,
  /^etc\/(passwd|group|shadow|gshadow|subuid|subgid)[-+]$/,
  /^etc\/selinux\/.*\.LOCK$/,
  /^var\/(lib\/selinux\/.*\.LOCK|\.updated|lib\/dbus\/machine-id)$/,
  /^var\/lib\/dpkg\/(lock|lock-frontend|.*-old|available|triggers\/Lock)$/,
  /^var\/cache\/debconf\/.*-old$/,
  /^boot\/initrd\.img-/,
  /\.dpkg-(old|new|tmp|bak)$/,
  /^(dev|proc|run|sys|tmp)\/./,
];

export function removeIdentities(tree: DirNode, options: { readonly machineidCompat: boolean }): void {
  const doomed = [...walk(tree)].filter(([path]) => identities.some((pattern) => pattern.test(path)));
  for (const [path] of doomed) take(tree, path);
  // A link to what systemd-resolved keeps below /run is configuration; a file is the composing machine's.
  if (!isSymlink(lookup(tree, "etc/resolv.conf"))) take(tree, "etc/resolv.conf");
  // Empty: systemd fills it at first boot; absent: it also runs presets (machine-id(5), "First Boot Semantics").
  if (options.machineidCompat) put(tree, "etc/machine-id", makeFileNode("", 0o444));
  else take(tree, "etc/machine-id");
  forgetPasswordDates(tree, "etc/shadow");
}

/** The third field of shadow(5) is the day of the compose: of no use for an account without password. */
function forgetPasswordDates(tree: DirNode, path: string): void {
  const node = lookupFile(tree, path);
  const text = readText(tree, path);
  if (!node || text === undefined) return;
  const lines = text.split("\n").map((line) => {
    const fields = line.split(":");
    if (/^[!*]/.test(fields[1] ?? "")) fields[2] = "";
    return fields.join(":");
  });
  put(tree, path, withContent(node, lines.join("\n")));
}

function withContent(node: FileNode, content: string): FileNode {
  return withHeader(makeFileNode(content), node.header);
}

/** Python's caches remember the time of their source, which a deployment does not keep, so they are never used. */
export function removePythonCaches(tree: DirNode): void {
  const caches = [...walk(tree)].filter(([path, node]) => node.kind === "dir" && path.endsWith("/__pycache__"));
  for (const [path] of caches) if (lookup(tree, path)) take(tree, path);
}
