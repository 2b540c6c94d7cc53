// SPDX-License-Identifier: Apache-2.0
/** The shape that a deployment needs. */
import type { DirNode } from "../../ostree/index.ts";
import { isSymlink, lookup, lookupDirectory, walk } from "../tree.ts";
import type { Lint, LintedTree, Observation } from "./model.ts";

/** The names in a directory that is there and should be empty. */
function* namesIn(root: DirNode, path: string, text: string): Generator<Observation> {
  for (const name of lookupDirectory(root, path)?.entries.keys() ?? []) yield { path: `/${path}/${name}`, text };
}

/** https://systemd.io/API_FILE_SYSTEMS/, and /var. */
const mountPoints = ["dev", "proc", "sys", "run", "tmp", "var"];

const merged: Readonly<Record<string, string>> = {
  bin: "usr/bin",
  sbin: "usr/sbin",
  lib: "usr/lib",
  lib64: "usr/lib64",
};

export const deploymentLints: readonly Lint[] = [
  {
    name: "api-base-directories",
    severity: "error",
    about: "/dev, /proc, /sys, /run, /tmp and /var are directories: file systems are mounted there.",
    hint: "make the directory; `tmp-is-dir: true` makes /tmp one",
    *check({ root }) {
      for (const name of mountPoints) {
        const node = lookup(root, name);
        if (node?.kind !== "dir") yield { path: `/${name}`, text: node ? "is no directory" : "is missing" };
      }
    },
  },
  {
    name: "baseimage-root",
    severity: "error",
    about: "/sysroot is a directory and /ostree a link to sysroot/ostree: the physical root is found through them.",
    hint: "`atomic compose tree` and `compose postprocess` make both",
    *check({ root }) {
      const [sysroot, ostree] = [lookup(root, "sysroot"), lookup(root, "ostree")];
      if (sysroot?.kind !== "dir") yield { path: "/sysroot", text: sysroot ? "is no directory" : "is missing" };
      if (ostree === undefined) yield { path: "/ostree", text: "is missing" };
      else if (!isSymlink(ostree)) yield { path: "/ostree", text: "is no symbolic link" };
      else if (ostree.header.symlink !== "sysroot/ostree") {
        yield { path: "/ostree", text: `leads to ${ostree.header.symlink}, not sysroot/ostree` };
      }
    },
  },
  {
    name: "etc-usretc",
    severity: "error",
    about: "A tree has /etc or /usr/etc, not both: a deployment makes /etc of /usr/etc, a container has /etc only.",
    hint: "move the files of one to the other",
    *check({ root }) {
      if (lookup(root, "etc") && lookup(root, "usr/etc")) yield { path: "/usr/etc", text: "is there beside /etc" };
    },
  },
  {
    name: "var-run",
    severity: "error",
    about: "/var/run is a link to /run, or absent: a directory of that name hides what runs.",
    hint: "remove it; systemd-tmpfiles makes the link",
    *check({ root }) {
      const node = lookup(root, "var/run");
      if (node && !isSymlink(node)) yield { path: "/var/run", text: "is no symbolic link" };
    },
  },
  {
    name: "merged-usr",
    severity: "error",
    about: "/bin, /sbin, /lib and /lib64 are links into /usr: only /usr and /etc belong to a deployment.",
    hint: "install a distribution release with merged /usr",
    *check({ root }) {
      for (const [name, target] of Object.entries(merged)) {
        const node = lookup(root, name);
        if (node?.kind === "dir") yield { path: `/${name}`, text: `is a directory, not a link to ${target}` };
      }
    },
  },
  {
    name: "nonempty-boot",
    severity: "warning",
    about: "/boot is there and empty: a file system is mounted over it, and the kernel belongs into /usr/lib/modules.",
    hint: "`boot-location: modules` leaves it empty",
    *check({ root }) {
      const boot = lookup(root, "boot");
      if (boot?.kind !== "dir") yield { path: "/boot", text: boot ? "is no directory" : "is missing" };
      for (const found of namesIn(root, "boot", "is hidden by what is mounted on /boot")) {
        if (found.path !== "/boot/EFI") yield found;
      }
    },
  },
  {
    name: "nonempty-run-tmp",
    severity: "warning",
    about: "/run and /tmp are empty: both are memory on a running host, so what is there is left over from the build.",
    hint: "remove it in `postprocess`, or with `remove-files`",
    *check(tree) {
      for (const path of ["run", "tmp"]) yield* contents(tree, path);
    },
  },
  {
    name: "nonempty-toplevel",
    severity: "warning",
    about:
      "/home, /root, /srv, /mnt, /media, /opt and /usr/local are empty or links into /var: they belong to the host.",
    hint: "ship the files below /usr, or have systemd-tmpfiles make them",
    *check({ root }) {
      for (const path of ["home", "root", "srv", "mnt", "media", "opt"]) {
        yield* namesIn(root, path, "is in a directory that belongs to the host");
      }
      // A writable overlay of the host lies upon it (`opt-usrlocal: state-overlay`).
      if (lookup(root, `${requires}/ostree-state-overlay@usr-local.service`)) return;
      for (const [path, node] of walk(lookupDirectory(root, "usr/local") ?? { ...root, entries: new Map() })) {
        if (node.kind === "file")
          yield { path: `/usr/local/${path}`, text: "is in a directory that belongs to the host" };
      }
    },
  },
];

const requires = "usr/lib/systemd/system/local-fs.target.requires";

/** What a container runtime leaves behind, with the directories that are empty without it. */
const injected = "run/systemd/resolve/stub-resolv.conf";

function* contents({ root }: LintedTree, path: string): Generator<Observation> {
  const directory = lookupDirectory(root, path);
  for (const [name, node] of directory ? walk(directory, path) : []) {
    const onlyInjected = node.kind === "dir" && injected.startsWith(`${name}/`) && isChain(node);
    if (name !== injected && !onlyInjected) yield { path: `/${name}`, text: "is left over from the build" };
  }
}

/** Whether nothing is below but directories and the injected file. */
function isChain(directory: DirNode): boolean {
  return [...walk(directory)].every(([path, node]) => node.kind === "dir" || injected.endsWith(`/${path}`));
}
