// SPDX-License-Identifier: Apache-2.0
import { type FileContext, parseFileContexts, parseSubstitutions } from "../../formats/index.ts";
import { type DirNode, type Labeler, makeLabeler } from "../../ostree/index.ts";
import type { FormatLayout } from "../format.ts";
import {
  ensureDirectory,
  lookup,
  lookupDirectory,
  makeFileNode,
  makeSymlinkNode,
  put,
  readText,
  take,
} from "../tree.ts";
import { toplevelLinks } from "./toplevel.ts";

/** Where /etc is: in a deployment's tree, and in one that is not yet. */
export type EtcPath = "etc" | "usr/etc";

/** Name of the tree's policy (`SELINUXTYPE` of /etc/selinux/config); `undefined` without SELinux. */
export function policyType(tree: DirNode, etc: EtcPath = "etc"): string | undefined {
  return /^SELINUXTYPE=\s*(\S+)/m.exec(readText(tree, `${etc}/selinux/config`) ?? "")?.[1];
}

/** The store of policy modules follows the release, as it does with rpm-ostree: /var is the host's. */
export function moveModuleStore(tree: DirNode, type: string): void {
  const store = take(tree, `var/lib/selinux/${type}`);
  if (store?.kind === "dir") {
    const target = ensureDirectory(tree, `etc/selinux/${type}`);
    for (const [name, node] of store.entries) target.entries.set(name, node);
  }
  const configuration = readText(tree, "etc/selinux/semanage.conf") ?? "";
  if (/^store-root\s*=/m.test(configuration)) return;
  put(tree, "etc/selinux/semanage.conf", makeFileNode(`${configuration}\nstore-root=/etc/selinux\n`));
}

/**
 * A deployment is labelled when it is made. Debian's mark-unit asks for a new labelling whenever the machine ran without
 * SELinux, by a file in the root directory, which cannot be written.
 */
export function maskRelabelling(tree: DirNode): void {
  const unit = "selinux-autorelabel-mark.service";
  if (lookup(tree, `usr/lib/systemd/system/${unit}`))
    put(tree, `etc/systemd/system/${unit}`, makeSymlinkNode("/dev/null"));
}

/** Where the layout keeps paths that the policy knows by another name. */
const aliases: readonly (readonly [string, string])[] = [
  ["/var/home", "/home"],
  ["/var/roothome", "/root"],
  ["/var/usrlocal", "/usr/local"],
  ["/var/opt", "/opt"],
  ["/var/srv", "/srv"],
  ["/var/mnt", "/mnt"],
  ["/usr/share/factory/var", "/var"],
];

/** Teaches the policy the layout: file_contexts.subs_dist and local lines for the root directory's links. */
export function adaptPolicy(tree: DirNode, type: string, database: FormatLayout["database"]): void {
  const files = `etc/selinux/${type}/contexts/files`;
  if (!lookupDirectory(tree, files)) return;
  const subsPath = `${files}/file_contexts.subs_dist`;
  const subs = readText(tree, subsPath) ?? "";
  put(tree, subsPath, makeFileNode(`${subs.trimEnd()}\n\n${substitutionLines(subs, database).join("\n")}\n`));
  const local = readText(tree, `${files}/file_contexts.local`) ?? "";
  const policy = ["", ".homedirs"].flatMap((suffix) =>
    parseFileContexts(readText(tree, `${files}/file_contexts${suffix}`) ?? ""),
  );
  const content = `${local}${linkContexts(policy).join("\n")}\n`;
  put(tree, `${files}/file_contexts.local`, makeFileNode(content));
  // semodule writes the file above anew from this one.
  if (lookupDirectory(tree, `etc/selinux/${type}/active`)) {
    put(tree, `etc/selinux/${type}/active/file_contexts.local`, makeFileNode(content, 0o600));
  }
}

/**
 * Only one substitution applies to a path, so those below /etc are needed once more below /usr/etc. They stand before and
 * after it: libselinux up to 3.7 takes the last line that fits, later ones the first.
 */
function substitutionLines(existing: string, { installed, released }: FormatLayout["database"]): string[] {
  const below = parseSubstitutions(existing)
    .filter(({ from }) => from.startsWith("/etc/"))
    .map(({ from, to }) => `/usr${from} ${to}`);
  return [
    "# The layout of an OSTree deployment.",
    ...aliases.map(([from, to]) => `${from} ${to}`),
    `/${released} /${installed}`,
    ...below,
    "/usr/etc /etc",
    ...below,
  ];
}

/**
 * Every domain may follow a link of type root_t; by the policy's general rules they would be default_t or usr_t, which few may.
 * A rule that the policy has for just that link stays: libselinux 3.8 lets no local line override it.
 */
function linkContexts(contexts: readonly (FileContext | undefined)[]): string[] {
  const own = new Set(contexts.filter((line) => line?.type === symlinkType).map((line) => line?.pattern));
  const links = toplevelLinks.map((name) => `/${name}`).filter((path) => !own.has(path));
  return [...links.map((path) => `${path} -l system_u:object_r:root_t:s0`), "/sysroot -d system_u:object_r:root_t:s0"];
}

const symlinkType = 0o120000;

/** The labeler of the policy of a deployment's tree. */
export function treeLabeler(tree: DirNode, type: string): Labeler {
  const file = (name: string) => readText(tree, `usr/etc/selinux/${type}/contexts/files/file_contexts${name}`) ?? "";
  return makeLabeler({
    fileContexts: file(""),
    homedirs: file(".homedirs"),
    local: file(".local"),
    subs: file(".subs"),
    subsDist: file(".subs_dist"),
  });
}
