// SPDX-License-Identifier: Apache-2.0
/** Where a package's files go in a tree that is deployed: rpm-ostree's rules (rust/src/utils.rs, rust/src/importer.rs). */
import { formatTmpfilesLine, type TmpfilesLine } from "../../formats/index.ts";

/** Directories below /var/lib that belong to the release (`translate_path_for_ostree`). */
const released = /^var\/lib\/(alternatives|vagrant)/;

/** The place of a file in the tree (`translate_path_for_ostree`). Paths are relative to the root. */
export function translatePath(path: string): string {
  if (path === "etc" || path.startsWith("etc/")) return `usr/${path}`;
  if (path.startsWith("boot/")) return `usr/lib/ostree-boot/${path.slice("boot/".length)}`;
  const store = "var/lib/selinux/targeted/";
  if (path.startsWith(store)) return `usr/etc/selinux/targeted/${path.slice(store.length)}`;
  if (path === "opt" || path.startsWith("opt/")) return `usr/lib/${path}`;
  return released.test(path) ? `usr/${path.slice("var/".length)}` : path;
}

/** Where a path lies while scriptlets run, as they know it: /etc is /etc (`prepare_tempetc_guard`). */
export function pathForScripts(path: string): string {
  const translated = translatePath(path);
  return translated.startsWith("usr/etc/") || translated === "usr/etc" ? translated.slice("usr/".length) : translated;
}

export type Placement =
  /** It is a file of the tree. */
  | "tree"
  /** It is made at boot. */
  | "tmpfiles"
  /** The tree does not have it. */
  | "dropped"
  | "unsupported";

/** What becomes of a path after its translation (`compose_filter_cb`, `import_filter`). */
export function placementOf(path: string, type: "directory" | "symlink" | "file"): Placement {
  if (path.startsWith("run/") || path.startsWith("var/")) {
    if (/^var\/lib\/(rpm|selinux)/.test(path)) return "dropped";
    return type === "file" ? "dropped" : "tmpfiles";
  }
  if (/^usr\/etc\/selinux.*\.LOCK$/.test(path)) return "dropped";
  if (/^(|usr|bin|sbin|lib|lib64)$/.test(path) || /^(usr|bin|sbin|lib|lib64)\//.test(path)) return "tree";
  // The layout makes these itself: rpm-ostree passes over them in the package `filesystem` only.
  return type !== "file" && rootDirectories.has(path) ? "dropped" : "unsupported";
}

const rootDirectories = new Set(
  "afs boot dev home media mnt ostree proc root run srv sys sysroot tmp var lib32 libx32".split(" "),
);

/** Packages whose files elsewhere are passed over (rust/src/treefile.rs `importer_flags`). */
export const skipsExtraneous: ReadonlySet<string> = new Set(["filesystem", "rootfiles"]);

export interface MadeAtBoot {
  /** Relative to the root. */
  readonly path: string;
  readonly mode: number;
  readonly user: string;
  readonly group: string;
  /** Of a symlink. */
  readonly target?: string;
}

/** `/var/run` is a link to `/run` (`canonicalize_escape_path`). */
function bootPath(path: string): string {
  return path.startsWith("var/run/") ? `/${path.slice("var/".length)}` : `/${path}`;
}

/** The line of tmpfiles.d(5) for a directory or symlink (`translate_to_tmpfiles_d`). */
export function tmpfilesLine({ path, mode, user, group, target }: MadeAtBoot): string {
  const line: TmpfilesLine =
    target === undefined
      ? { type: "d", path: bootPath(path), mode, user, group }
      : { type: "L", path: bootPath(path), argument: target };
  return formatTmpfilesLine(line);
}

/**
 * Links from where a path was to where it is (`inspect_path_for_symlink_translation`): one for each name in /opt, and for
 * the directories of /var/lib that belong to the release.
 * @param paths untranslated
 */
export function compatibilityLines(paths: Iterable<string>): string[] {
  const opt = new Set<string>();
  const state = new Set<string>();
  for (const path of paths) {
    const inOpt = /^opt\/([^/]+)/.exec(path)?.[1];
    const inState = /^var\/lib\/(alternatives|vagrant)$/.exec(path)?.[1];
    if (inOpt !== undefined) opt.add(inOpt);
    if (inState !== undefined) state.add(inState);
  }
  const link = (path: string, argument: string) => formatTmpfilesLine({ type: "L", path, argument });
  return [
    ...[...opt].sort().map((name) => link(`/opt/${name}`, `../../usr/lib/opt/${name}`)),
    ...[...state].sort().map((name) => link(`/var/lib/${name}`, `../../usr/lib/${name}`)),
  ];
}

/** Symlinks to an old spelling are written in the plain way (`tweak_imported_file_info`). */
export function canonicalTarget(target: string): string {
  return target.endsWith("//sbin/chkconfig") ? target.replaceAll(/\/+/g, "/") : target;
}
