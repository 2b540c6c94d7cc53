// SPDX-License-Identifier: Apache-2.0
import type { DirNode } from "../../ostree/index.ts";
import type { FormatLayout } from "../format.ts";
import {
  ensureDirectory,
  lookup,
  makeDirectoryNode,
  makeFileNode,
  makeSymlinkNode,
  put,
  readText,
  take,
} from "../tree.ts";

/**
 * Directories that become links to where a host may write (libostree docs/adapting-existing.md; rpm-ostree's
 * `init_rootfs`). What packages have in them moves along.
 */
const moved: readonly (readonly [from: string, to: string, target: string])[] = [
  ["home", "var/home", "var/home"],
  ["root", "var/roothome", "var/roothome"],
  ["opt", "var/opt", "var/opt"],
  ["srv", "var/srv", "var/srv"],
  ["mnt", "var/mnt", "var/mnt"],
  ["usr/local", "var/usrlocal", "../var/usrlocal"],
];

/** The symlinks of a deployment's root that lead to places a host may write. */
export const toplevelLinks: readonly string[] = [...moved.map(([from]) => from), "media", "ostree", "tmp"];

/** Directories that stay or come as empty mount points. */
const mountPoints = ["boot", "dev", "proc", "run", "sys", "sysroot"];

/** Gives the root directory the shape of a deployment's. */
export function shapeToplevel(tree: DirNode, options: { readonly tmpIsDir: boolean }): void {
  for (const [from, to, target] of moved) {
    moveInto(tree, from, to);
    put(tree, from, makeSymlinkNode(target));
  }
  put(tree, "media", makeSymlinkNode("run/media"));
  put(tree, "ostree", makeSymlinkNode("sysroot/ostree"));
  for (const name of mountPoints) put(tree, name, makeDirectoryNode());
  const tmp = makeDirectoryNode({ uid: 0, gid: 0, mode: 0o041777, xattrs: [] });
  put(tree, "tmp", options.tmpIsDir ? tmp : makeSymlinkNode("sysroot/tmp"));
  for (const name of tree.entries.keys()) {
    if (/^(vmlinuz|initrd\.img)(\.old)?$|^\.autorelabel$/.test(name)) tree.entries.delete(name);
  }
  tree.meta = { uid: 0, gid: 0, mode: 0o040755, xattrs: [] };
}

function moveInto(tree: DirNode, from: string, to: string): void {
  const node = take(tree, from);
  const target = ensureDirectory(tree, to);
  if (node?.kind !== "dir") return;
  target.meta = node.meta;
  for (const [name, child] of node.entries) target.entries.set(name, child);
}

const integration = `# The links in the root directory lead here; see atomic-autovar.conf for what packages bring.
d /var/home 0755 root root - -
d /var/opt 0755 root root - -
d /var/srv 0755 root root - -
d /var/mnt 0755 root root - -
d /var/roothome 0700 root root - -
d /var/usrlocal 0755 root root - -
d /run/media 0755 root root - -
`;

/** Has the directories made at boot, and keeps systemd's own lines from stumbling over the links. */
export function writeIntegration(tree: DirNode, { installed, released }: FormatLayout["database"]): void {
  const database = `L /${installed} - - - - ../../${released}\n`;
  put(tree, "usr/lib/tmpfiles.d/atomic-0-integration.conf", makeFileNode(`${integration}${database}`));
  if (lookup(tree, "usr/lib/tmpfiles.d/home.conf")) {
    put(tree, "usr/lib/tmpfiles.d/home.conf", makeFileNode("# /home and /srv: see atomic-0-integration.conf\n"));
  }
  const provision = readText(tree, "usr/lib/tmpfiles.d/provision.conf");
  if (provision !== undefined) {
    const text = provision.replaceAll(/(?<=\s)\/root(?=[\s/])/g, "/var/roothome");
    put(tree, "usr/lib/tmpfiles.d/provision.conf", makeFileNode(text));
  }
}
