// SPDX-License-Identifier: Apache-2.0
/** What is one host's and not the release's. */
import { tmpfilesPaths } from "../../formats/index.ts";
import type { FileNode, TreeNode } from "../../ostree/index.ts";
import { isSymlink, lookup, lookupDirectory, lookupFile, readNode, readText, walk } from "../tree.ts";
import type { Lint, LintedTree } from "./model.ts";

function isEmpty(node: FileNode): boolean {
  return readNode(node).length === 0;
}

function isPlainFile(node: TreeNode | undefined): node is FileNode {
  return node?.kind === "file" && !isSymlink(node);
}

/** Whether tmpfiles.d speaks of a path; its globs are taken for what they are. */
function tmpfiles({ root }: LintedTree): (path: string) => boolean {
  const names = [...(lookupDirectory(root, "usr/lib/tmpfiles.d")?.entries.keys() ?? [])];
  const paths = names.flatMap((name) => tmpfilesPaths(readText(root, `usr/lib/tmpfiles.d/${name}`) ?? ""));
  const known = new Set(paths.map((path) => path.replace(/^\/var\/run\//, "/run/")));
  return (path) => known.has(path);
}

export const stateLints: readonly Lint[] = [
  {
    name: "var-tmpfiles",
    severity: "warning",
    about: "What is in /var has lines in tmpfiles.d: /var of the tree is copied to a host once, at its installation.",
    hint: "leave /var empty and make directories and links by a file in /usr/lib/tmpfiles.d",
    *check(tree) {
      const known = tmpfiles(tree);
      const variable = lookupDirectory(tree.root, "var");
      for (const [path, node] of variable ? walk(variable, "/var") : []) {
        if (path === "/var/run" || path === "/var/lock" || known(path)) continue;
        const kind = isPlainFile(node) ? "is a file, which tmpfiles.d cannot make" : "has no line in tmpfiles.d";
        yield { path, text: kind };
      }
    },
  },
  {
    name: "var-log",
    severity: "warning",
    about: "No log of the build is in /var/log: it makes no two builds the same and may tell secrets.",
    hint: "remove it in `postprocess`",
    *check({ root }) {
      const logs = lookupDirectory(root, "var/log");
      for (const [path, node] of logs ? walk(logs, "/var/log") : []) {
        if (isPlainFile(node) && !isEmpty(node)) yield { path, text: "is a log of the build" };
      }
    },
  },
  {
    name: "package-database",
    severity: "error",
    about: "The database of packages is below /usr: in /var it would be left behind at the first upgrade.",
    hint: "`atomic compose tree` moves it to /usr/share/rpm or /usr/lib/sysimage",
    *check({ root }) {
      for (const path of ["var/lib/rpm", "var/lib/dpkg"]) {
        const directory = lookupDirectory(root, path);
        if (directory && directory.entries.size > 0) yield { path: `/${path}`, text: "has the database of packages" };
      }
    },
  },
  {
    name: "buildah-injected",
    severity: "warning",
    about: "/etc/hostname and /etc/resolv.conf are not empty files: container builders leave such behind.",
    hint: "remove them at the end of the build",
    *check({ root, etc }) {
      for (const name of ["hostname", "resolv.conf"]) {
        const node = lookup(root, `${etc}/${name}`);
        if (isPlainFile(node) && isEmpty(node)) yield { path: `/etc/${name}`, text: "is an empty file" };
      }
    },
  },
  {
    name: "machine-id",
    severity: "error",
    about: "/etc/machine-id is empty, `uninitialized` or absent: all hosts would be the same one (machine-id(5)).",
    hint: "empty it; `machineid-compat: false` leaves it out",
    *check({ root, etc }) {
      const text = readText(root, `${etc}/machine-id`)?.trim() ?? "";
      if (text !== "" && text !== "uninitialized") yield { path: "/etc/machine-id", text: "names one machine" };
    },
  },
  {
    name: "host-secrets",
    severity: "error",
    about: "Keys and random seeds are made on each host: in a release everybody has them.",
    hint: "remove the file; the service that needs it makes one at the first boot",
    *check({ root, etc }) {
      for (const name of lookupDirectory(root, `${etc}/ssh`)?.entries.keys() ?? []) {
        if (/^ssh_host_.*_key$/.test(name)) yield { path: `/etc/ssh/${name}`, text: "is a host key" };
      }
      const seeds = ["var/lib/systemd/random-seed", "boot/loader/random-seed", "var/lib/systemd/credential.secret"];
      for (const path of seeds) if (lookupFile(root, path)) yield { path: `/${path}`, text: "is a secret of one host" };
    },
  },
  {
    name: "fstab",
    severity: "warning",
    about: "/etc/fstab has no lines: which disks a host has is not known when the tree is made.",
    hint: "have the installer write it, or use kernel arguments",
    *check({ root, etc }) {
      for (const line of (readText(root, `${etc}/fstab`) ?? "").split("\n")) {
        if (/^\s*[^#\s]/.test(line)) yield { path: "/etc/fstab", text: `mounts ${line.trim().split(/\s+/)[0]}` };
      }
    },
  },
];
