// SPDX-License-Identifier: Apache-2.0
/**
 * The treefile's keys as one table: the kind of value and the rule for merging an include. Names, meanings and order are
 * rpm-ostree's (docs/treefile.md; rust/src/treefile.rs `TreeComposeConfig`); `apt` and `security-tracker` are ours. `modules` is of older versions.
 */
import * as kinds from "./kinds.ts";
import type { Kind } from "./kinds.ts";

/**
 * treefile.rs `treefile_merge`. `override`: the including file wins; `concat`: the included list comes first; `set`:
 * sorted union; `map`: entry by entry, the including file wins; `none`: belongs to its own file only.
 */
export type Merge = "override" | "concat" | "set" | "map" | "none";

export interface KeyRule {
  readonly kind: Kind;
  readonly merge: Merge;
  /** Consumed while the treefile is read, so not printed (serde `skip_serializing`). */
  readonly hidden?: true;
}

const override = (kind: Kind): KeyRule => ({ kind, merge: "override" });
const concat = (kind: Kind = kinds.strings): KeyRule => ({ kind, merge: "concat" });
const set = (kind: Kind): KeyRule => ({ kind, merge: "set" });
const entries = (kind: Kind = kinds.map): KeyRule => ({ kind, merge: "map" });
const own = (kind: Kind): KeyRule => ({ kind, merge: "none", hidden: true });

const metadataPlace = kinds.choice(["inline", "detached", "disabled"]);

/** What only a host's own treefile (`/etc/rpm-ostree/origin.d`) says; a compose refuses it (`error_if_deriving`). */
export const deriveKeys: ReadonlyMap<string, KeyRule> = new Map(
  Object.entries<KeyRule>({
    "base-refspec": override(kinds.text),
    "container-image-reference": override(kinds.text),
    "packages-local": entries(kinds.textMap),
    "packages-local-fileoverride": entries(kinds.textMap),
    "override-remove": set(kinds.set),
    "ex-override-replace": concat(kinds.maps),
    "override-replace-local": entries(kinds.textMap),
    initramfs: override(kinds.map),
    custom: override(kinds.map),
    "override-commit": override(kinds.text),
    "unconfigured-state": override(kinds.text),
  }),
);

export const keyRules: ReadonlyMap<string, KeyRule> = new Map([
  ...Object.entries<KeyRule>({
    packages: set(kinds.words),
    "repo-packages": concat(kinds.repoPackages),
    cliwrap: override(kinds.flag),
    "cliwrap-binaries": concat(),
  }),
  ...deriveKeys,
  ...Object.entries<KeyRule>({
    edition: override(kinds.choice(["2014", "2024"])),
    ref: override(kinds.text),
    metadata: entries(),
    basearch: override(kinds.text),
    variables: { ...entries(kinds.variables), hidden: true },
    repovars: { ...entries(kinds.textMap), hidden: true },
    rojig: override(kinds.rojig),
    apt: concat(kinds.maps),
    "security-tracker": override(kinds.securityTracker),
    repos: concat(),
    "lockfile-repos": concat(),
    selinux: override(kinds.flag),
    "ignore-devices": override(kinds.flag),
    "selinux-label-version": override(kinds.count),
    sysusers: override(kinds.choice(["compose-auto", "compose-forced"])),
    ima: override(kinds.flag),
    "gpg-key": override(kinds.text),
    include: own(kinds.include),
    "arch-include": own(kinds.includeMap),
    "conditional-include": own(kinds.maps),
    "bootstrap-packages": { ...set(kinds.words), hidden: true },
    "ostree-layers": concat(),
    "ostree-override-layers": concat(),
    "exclude-packages": concat(),
    "platform-module": override(kinds.text),
    modules: override(kinds.modules),
    container: override(kinds.flag),
    recommends: override(kinds.flag),
    documentation: override(kinds.flag),
    "install-langs": concat(),
    "initramfs-args": concat(),
    "no-initramfs": override(kinds.flag),
    "readonly-executables": override(kinds.flag),
    "boot-location": override(kinds.choice(["new", "modules", "kernel-install"])),
    "tmp-is-dir": override(kinds.flag),
    "opt-usrlocal": override(kinds.choice(["var", "root", "state-overlay"], { stateoverlay: "state-overlay" })),
    units: concat(),
    "default-target": override(kinds.text),
    "machineid-compat": override(kinds.flag),
    releasever: override(kinds.release),
    "automatic-version-prefix": override(kinds.scalar),
    "automatic-version-suffix": override(kinds.scalar),
    "mutate-os-release": override(kinds.scalar),
    "etc-group-members": concat(),
    "preserve-passwd": override(kinds.flag),
    "check-passwd": override(kinds.checkPasswd),
    "check-groups": override(kinds.checkGroups),
    "ignore-removed-users": set(kinds.set),
    "ignore-removed-groups": set(kinds.set),
    "postprocess-script": override(kinds.text),
    postprocess: concat(),
    "add-files": concat(kinds.pairs),
    "remove-files": concat(),
    "remove-from-packages": concat(kinds.rows),
    "add-commit-metadata": entries(),
    "repo-metadata": override(metadataPlace),
    "advisories-metadata": override(metadataPlace),
    rpmdb: override(kinds.choice(["bdb", "sqlite", "ndb", "target", "host"], { "b-d-b": "bdb" })),
    "rpmdb-normalize": override(kinds.flag),
    "container-cmd": override(kinds.strings),
  }),
]);

/** Spellings with `_` that old treefiles use (treefile.rs `LegacyTreeComposeConfigFields`). */
export const legacyNames: ReadonlyMap<string, string> = new Map([
  ["gpg_key", "gpg-key"],
  ["boot_location", "boot-location"],
  ["default_target", "default-target"],
  ["automatic_version_prefix", "automatic-version-prefix"],
  ["bootstrap_packages", "bootstrap-packages"],
]);

/** `packages-x86_64` and `packages-amd64` are `packages` of one architecture. */
export const archPackages = /^packages-(.+)$/;
