// SPDX-License-Identifier: Apache-2.0
import { Keyfile } from "../../formats/index.ts";
import type { DirNode } from "../../ostree/index.ts";
import { composeError } from "../errors.ts";
import type { FormatLayout } from "../format.ts";
import type { Treefile } from "../treefile/model.ts";
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

export type ToplevelOptions = Pick<Treefile, "tmpIsDir" | "optUsrlocal">;

/** Gives the root directory the shape of a deployment's. */
export function shapeToplevel(tree: DirNode, options: ToplevelOptions): void {
  linkToplevel(tree, options);
  for (const name of mountPoints) put(tree, name, makeDirectoryNode());
  for (const name of tree.entries.keys()) {
    if (/^(vmlinuz|initrd\.img)(\.old)?$|^\.autorelabel$/.test(name)) tree.entries.delete(name);
  }
  tree.meta = { uid: 0, gid: 0, mode: 0o040755, xattrs: [] };
}

/** Makes the links of the root directory (composepost.rs `compose_init_rootfs_strict`); /boot stays as it is. */
export function linkToplevel(tree: DirNode, { tmpIsDir, optUsrlocal }: ToplevelOptions): void {
  const transient = hasTransientRoot(tree);
  if (transient && !tmpIsDir) {
    throw composeError("treefile-value", "tmp-is-dir must be true where prepare-root.conf has root.transient");
  }
  for (const [from, to, target] of moved) {
    const stays = transient ? !/^(home|root)$/.test(from) : optUsrlocal !== "var" && /^(opt|usr\/local)$/.test(from);
    if (stays) continue;
    moveInto(tree, from, to);
    put(tree, from, makeSymlinkNode(target));
  }
  if (transient) for (const name of ["opt", "media", "mnt", "usr/local"]) ensureDirectory(tree, name);
  else {
    if (optUsrlocal !== "var") keepLocal(tree, optUsrlocal);
    put(tree, "media", makeSymlinkNode("run/media"));
  }
  put(tree, "ostree", makeSymlinkNode("sysroot/ostree"));
  const tmp = makeDirectoryNode({ uid: 0, gid: 0, mode: 0o041777, xattrs: [] });
  put(tree, "tmp", tmpIsDir ? tmp : makeSymlinkNode("sysroot/tmp"));
}

/**
 * Whether all of the root may be written to until the next boot (ostree-prepare-root(1), `root.transient`): its
 * directories are no links then (composepost.rs `compose_init_rootfs_transient`).
 */
function hasTransientRoot(tree: DirNode): boolean {
  const paths = ["etc", "usr/etc", "usr/lib"].map((directory) => `${directory}/ostree/prepare-root.conf`);
  const path = paths.find((one) => readText(tree, one) !== undefined);
  const value = path && Keyfile.parse(readText(tree, path) ?? "", `/${path}`).get("root", "transient");
  return value === "true" || value === "1";
}

/** /opt and /usr/local as parts of the release: directories of the root, or what an overlay of the host lies upon. */
function keepLocal(tree: DirNode, optUsrlocal: "root" | "state-overlay"): void {
  ensureDirectory(tree, "usr/local");
  if (optUsrlocal === "root") {
    ensureDirectory(tree, "opt");
    return;
  }
  const opt = lookup(tree, "opt");
  if (opt?.kind === "dir") {
    const target = ensureDirectory(tree, "usr/lib/opt");
    for (const [name, node] of opt.entries) if (!target.entries.has(name)) target.entries.set(name, node);
  } else ensureDirectory(tree, "usr/lib/opt");
  put(tree, "opt", makeSymlinkNode("usr/lib/opt"));
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
d /var/srv 0755 root root - -
d /var/mnt 0755 root root - -
d /var/roothome 0700 root root - -
d /run/media 0755 root root - -
`;

/** With overlays the old names lead to the release (rpm-ostree-0-integration-opt-usrlocal-compat.conf). */
const localLines: Readonly<Record<Treefile["optUsrlocal"], string>> = {
  var: "d /var/opt 0755 root root - -\nd /var/usrlocal 0755 root root - -\n",
  root: "",
  "state-overlay": "L /var/opt - - - - ../usr/lib/opt\nL /var/usrlocal - - - - ../usr/local\n",
};

/** The file that tells a finished tree from one that is not. */
export const integrationPath = "usr/lib/tmpfiles.d/atomic-0-integration.conf";

/** Has the directories made at boot, and keeps systemd's own lines from stumbling over the links. */
export function writeIntegration(
  tree: DirNode,
  { installed, released }: FormatLayout["database"],
  optUsrlocal: Treefile["optUsrlocal"],
): void {
  const database = `L /${installed} - - - - ../../${released}\n`;
  put(tree, integrationPath, makeFileNode(`${integration}${localLines[optUsrlocal]}${database}`));
  if (lookup(tree, "usr/lib/tmpfiles.d/home.conf")) {
    put(tree, "usr/lib/tmpfiles.d/home.conf", makeFileNode("# /home and /srv: see atomic-0-integration.conf\n"));
  }
  const provision = readText(tree, "usr/lib/tmpfiles.d/provision.conf");
  if (provision !== undefined) {
    const text = provision.replaceAll(/(?<=\s)\/root(?=[\s/])/g, "/var/roothome");
    put(tree, "usr/lib/tmpfiles.d/provision.conf", makeFileNode(text));
  }
}
