// SPDX-License-Identifier: Apache-2.0
/**
 * The treefile's keys as one table: value kind, rule for merging an include, and whether we do it. Names and meanings
 * are rpm-ostree's (docs/treefile.md, rust/src/treefile.rs); `apt` is ours.
 */
export type Kind =
  | "string"
  | "boolean"
  /** A number is taken for a string: `releasever: 13`. */
  | "scalar"
  | "strings"
  /** Strings that are split at white space, as rpm-ostree splits `packages`. */
  | "words"
  /** Lists of [first, more...] strings. */
  | "rows"
  | "map"
  | "maps"
  | "strings-or-string";

/**
 * `override`: the including file wins; `concat`: the included list comes first (treefile.rs `merge_vec_field`);
 * `map`: entry by entry, the including file wins; `none`: belongs to its own file only.
 */
export type Merge = "override" | "concat" | "map" | "none";

export interface KeyRule {
  readonly kind: Kind;
  readonly merge: Merge;
  readonly choices?: readonly string[];
  /** Why the key is refused; absent when we do it. */
  readonly refused?: string;
}

const override = (kind: Kind, choices?: readonly string[]): KeyRule => ({
  kind,
  merge: "override",
  ...(choices && { choices }),
});
const concat = (kind: Kind): KeyRule => ({ kind, merge: "concat" });
const refused = (reason: string): KeyRule => ({ kind: "string", merge: "override", refused: reason });

const rpm = "it belongs to RPM trees; this composes from `apt`";
const later = "not done yet";
const unnecessary = "users keep their numbers by way of sysusers.d, which compose writes into the tree";

export const keyRules: ReadonlyMap<string, KeyRule> = new Map(
  Object.entries<KeyRule>({
    ref: override("string"),
    basearch: override("string"),
    releasever: override("scalar"),
    // Its defaults (tmp-is-dir, boot-location: modules) are ours.
    edition: override("scalar", ["2024"]),
    variables: { kind: "map", merge: "map" },
    include: { kind: "strings-or-string", merge: "none" },
    "arch-include": { kind: "map", merge: "none" },
    "conditional-include": { kind: "maps", merge: "none" },

    apt: concat("maps"),
    packages: concat("words"),
    "exclude-packages": concat("words"),
    recommends: override("boolean"),
    documentation: override("boolean"),
    "install-langs": concat("strings"),
    "remove-from-packages": concat("rows"),

    "add-files": concat("rows"),
    "remove-files": concat("strings"),
    units: concat("strings"),
    "default-target": override("string"),
    postprocess: concat("strings"),
    "postprocess-script": override("string"),
    "mutate-os-release": override("scalar"),
    "automatic-version-prefix": override("scalar"),
    "automatic-version-suffix": override("scalar"),
    "add-commit-metadata": { kind: "map", merge: "map" },
    "machineid-compat": override("boolean"),
    "tmp-is-dir": override("boolean"),
    "boot-location": override("string", ["modules"]),
    "opt-usrlocal": override("string", ["var"]),
    "no-initramfs": override("boolean"),
    "initramfs-args": concat("strings"),
    selinux: override("boolean"),
    "readonly-executables": override("boolean"),
    // All groups stay in /etc/group, so members can always be added on the host.
    "etc-group-members": concat("strings"),
    // For readers and other tools, as with rpm-ostree.
    metadata: { kind: "map", merge: "map" },
    rojig: { kind: "map", merge: "none" },

    repos: refused(`${rpm}. Give the repositories as \`apt: [{uri, suites, components}]\``),
    "lockfile-repos": refused(rpm),
    "repo-packages": refused(rpm),
    repovars: refused(rpm),
    "gpg-key": refused("sign with `atomic ostree gpg-sign` after the compose"),
    "bootstrap-packages": refused("use `packages`: essential packages always come in"),
    rpmdb: refused(rpm),
    "rpmdb-normalize": refused(rpm),
    "platform-module": refused(rpm),
    modules: refused(rpm),
    ima: refused(rpm),
    sysusers: refused(unnecessary),
    "check-passwd": refused(unnecessary),
    "check-groups": refused(unnecessary),
    "preserve-passwd": refused(unnecessary),
    "ignore-removed-users": refused(unnecessary),
    "ignore-removed-groups": refused(unnecessary),
    "ignore-devices": refused("no Debian package has devices"),
    "selinux-label-version": refused(later),
    "ostree-layers": refused(later),
    "ostree-override-layers": refused(later),
    container: refused(later),
    "container-cmd": refused(later),
    cliwrap: refused(later),
    "cliwrap-binaries": refused(later),
    "repo-metadata": refused(later),
    "advisories-metadata": refused(later),
  }),
);

/** Spellings with `_` that old treefiles use (treefile.rs, serde aliases). */
export const legacyNames: ReadonlyMap<string, string> = new Map([
  ["gpg_key", "gpg-key"],
  ["boot_location", "boot-location"],
  ["default_target", "default-target"],
  ["automatic_version_prefix", "automatic-version-prefix"],
  ["bootstrap_packages", "bootstrap-packages"],
]);

/** `packages-x86_64` and `packages-amd64` are `packages` of one architecture. */
export const archPackages = /^packages-([a-z0-9_]+)$/;
