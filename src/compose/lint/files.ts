// SPDX-License-Identifier: Apache-2.0
/** Names, modes, links and labels of files. */
import { followSymlinks, isSymlink, lookup, lookupDirectory, lookupFile, readText, walk } from "../tree.ts";
import type { Lint, LintedTree } from "./model.ts";

/** Where links may lead to what is only there on a running host. */
const runtime = /^(?:dev|proc|run|sys|tmp|var|sysroot|boot|home|root|mnt|media|srv|opt|usr\/local)(?:\/|$)/;

/** Directories whose links something follows at boot or at login. */
const followed = (etc: string) => [
  `${etc}/alternatives`,
  `${etc}/systemd/system`,
  `${etc}/pam.d`,
  "usr/lib/systemd/system",
];

function leadsNowhere({ root, etc }: LintedTree, path: string): boolean {
  const target = followSymlinks(root, path);
  if (target === undefined) return true;
  const inTree = etc === "usr/etc" ? target.replace(/^etc\//, "usr/etc/") : target;
  return !runtime.test(inTree) && lookup(root, inTree) === undefined && inTree !== "";
}

const otherWrites = 0o002;
const sticky = 0o1000;

export const fileLints: readonly Lint[] = [
  {
    name: "utf8",
    severity: "error",
    about: "Names of files and targets of links are UTF-8: an ostree repository keeps no others.",
    hint: "rename the file",
    *check({ badNames }) {
      for (const path of badNames) yield { path, text: "is not UTF-8, or a link to what is not" };
    },
  },
  {
    name: "special-file",
    severity: "error",
    about: "There are no devices, FIFOs and sockets: an ostree repository keeps none.",
    hint: "have systemd-tmpfiles make it on the host",
    *check({ special }) {
      for (const path of special) yield { path, text: "is a device, FIFO or socket" };
    },
  },
  {
    name: "world-writable",
    severity: "warning",
    about: "Nothing below /usr and /etc can be written by everybody; directories with the sticky bit may.",
    hint: "take the permission away in `postprocess`: chmod o-w",
    *check({ root, etc }) {
      for (const top of new Set(["usr", etc])) {
        const directory = lookupDirectory(root, top);
        for (const [path, node] of directory ? walk(directory, `/${top}`) : []) {
          if (isSymlink(node)) continue;
          const mode = node.kind === "dir" ? node.meta.mode : node.header.mode;
          const open = (mode & otherWrites) !== 0 && !(node.kind === "dir" && (mode & sticky) !== 0);
          if (open) yield { path, text: `has mode ${(mode & 0o7777).toString(8).padStart(4, "0")}` };
        }
      }
    },
  },
  {
    name: "dangling-link",
    severity: "warning",
    about: "Links of alternatives, units and PAM lead to something: what follows them fails otherwise.",
    hint: "remove the link, or install what it leads to",
    *check(tree) {
      for (const top of followed(tree.etc)) {
        const directory = lookupDirectory(tree.root, top);
        for (const [path, node] of directory ? walk(directory, top) : []) {
          if (isSymlink(node) && leadsNowhere(tree, path)) {
            yield { path: `/${path}`, text: `leads to ${node.header.symlink}, which is not there` };
          }
        }
      }
    },
  },
  {
    name: "setuid",
    severity: "info",
    about:
      "Programs that run with another one's rights (setuid, setgid): each is a way to become root if it has a fault.",
    hint: "leave out what the host does not need",
    *check({ root }) {
      for (const [path, node] of walk(root)) {
        if (node.kind === "file" && (node.header.mode & 0o6000) !== 0 && !isSymlink(node)) {
          yield { path: `/${path}`, text: `has mode ${(node.header.mode & 0o7777).toString(8).padStart(4, "0")}` };
        }
      }
    },
  },
  {
    name: "os-release",
    severity: "error",
    about: "/usr/lib/os-release is there with an ID: boot entries and updates take the system's name from it.",
    hint: "install the distribution's release package",
    *check({ root }) {
      const text = readText(root, "usr/lib/os-release");
      if (text === undefined) yield { path: "/usr/lib/os-release", text: "is missing" };
      else if (!/^ID=\S/m.test(text)) yield { path: "/usr/lib/os-release", text: "has no ID" };
    },
  },
  {
    name: "selinux-policy",
    severity: "error",
    about: "The policy that /etc/selinux/config names is there: an enforcing host does not boot without.",
    hint: "install its package, or set SELINUX=disabled",
    *check({ root, etc }) {
      const config = readText(root, `${etc}/selinux/config`) ?? "";
      const type = /^SELINUXTYPE=\s*(\S+)/m.exec(config)?.[1];
      if (type === undefined || /^SELINUX=\s*disabled/m.test(config)) return;
      if (!lookupDirectory(root, `${etc}/selinux/${type}/policy`)) {
        yield { path: `/etc/selinux/${type}/policy`, text: "is missing" };
      }
    },
  },
  {
    name: "selinux-labels",
    severity: "warning",
    about: "A commit with a policy has labels: a host in enforcing mode denies access to files without.",
    hint: "commit with `atomic compose tree`, or with --selinux-policy",
    *check({ root, etc, committed }) {
      if (!committed || !lookupDirectory(root, `${etc}/selinux`)) return;
      if (!/^SELINUXTYPE=/m.test(readText(root, `${etc}/selinux/config`) ?? "")) return;
      for (const path of ["usr/lib/os-release", `${etc}/passwd`, "usr/bin/sh", "usr/bin/bash"]) {
        const labelled = lookupFile(root, path)?.header.xattrs.some(({ name }) => isLabel(name));
        if (labelled === false) yield { path: `/${path}`, text: "has no label" };
      }
    },
  },
];

function isLabel(name: Uint8Array | string): boolean {
  return (
    Buffer.from(name as Uint8Array)
      .toString()
      .replace(/\0$/, "") === "security.selinux"
  );
}
