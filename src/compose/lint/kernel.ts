// SPDX-License-Identifier: Apache-2.0
/** What a tree needs to boot. */
import { readBootcKargs } from "../../formats/index.ts";
import { lookup, lookupDirectory, lookupFile, readText } from "../tree.ts";
import type { Lint, LintedTree } from "./model.ts";

/** Kernels of the tree, by version. */
function kernels({ root }: LintedTree): string[] {
  const versions = lookupDirectory(root, "usr/lib/modules")?.entries.keys() ?? [];
  return [...versions].filter((version) => lookupFile(root, `usr/lib/modules/${version}/vmlinuz`) !== undefined);
}

export const kernelLints: readonly Lint[] = [
  {
    name: "kernel",
    severity: "error",
    about: "There is one kernel in /usr/lib/modules: with several, which one boots is left to chance.",
    hint: "put the others into `exclude-packages`",
    *check(tree) {
      const found = kernels(tree);
      if (found.length > 1)
        yield { path: "/usr/lib/modules", text: `has ${found.length} kernels: ${found.join(", ")}` };
    },
  },
  {
    name: "initramfs",
    severity: "error",
    about: "The kernel has an initramfs.img beside it: without one no deployment is mounted as root.",
    hint: "take `no-initramfs` out of the treefile, and dracut into its packages",
    *check(tree) {
      for (const version of kernels(tree)) {
        const path = `usr/lib/modules/${version}/initramfs.img`;
        if (lookupFile(tree.root, path) === undefined) yield { path: `/${path}`, text: "is missing" };
      }
    },
  },
  {
    name: "modules-dep",
    severity: "warning",
    about: "The kernel's modules are indexed (modules.dep): modprobe finds none otherwise.",
    hint: "run depmod in `postprocess`",
    *check(tree) {
      for (const version of kernels(tree)) {
        const directory = `usr/lib/modules/${version}`;
        const dep = [`${directory}/modules.dep`, `${directory}/modules.dep.bin`];
        if (lookup(tree.root, `${directory}/kernel`) && !dep.some((path) => lookup(tree.root, path))) {
          yield { path: `/${directory}/modules.dep`, text: "is missing" };
        }
      }
    },
  },
  {
    name: "bootc-kargs",
    severity: "error",
    about: "The files of /usr/lib/bootc/kargs.d are TOML with `kargs` and perhaps `match-architectures`.",
    hint: 'write  kargs = ["console=ttyS0"]',
    *check({ root }) {
      const directory = "usr/lib/bootc/kargs.d";
      for (const name of lookupDirectory(root, directory)?.entries.keys() ?? []) {
        if (!name.endsWith(".toml")) continue;
        const fault = readBootcKargs(readText(root, `${directory}/${name}`) ?? "");
        if (typeof fault === "string") yield { path: `/${directory}/${name}`, text: fault };
      }
    },
  },
  {
    name: "baseimage-composefs",
    severity: "info",
    about: "composefs is enabled: the root file system is then verified and cannot be changed by accident.",
    hint: "write `[composefs]` and `enabled = yes` into /usr/lib/ostree/prepare-root.conf before the initramfs is made",
    *check({ root }) {
      const path = "usr/lib/ostree/prepare-root.conf";
      const text = readText(root, path);
      if (text === undefined) yield { path: `/${path}`, text: "is missing" };
      // The values of ostree-prepare-root(1), `composefs.enabled`.
      else if (!/^\[composefs\]\s*(?:[^[]*\n)?enabled\s*=\s*(?:yes|true|1|maybe|signed|verity)\s*$/m.test(text)) {
        yield { path: `/${path}`, text: "does not enable composefs" };
      }
    },
  },
];
