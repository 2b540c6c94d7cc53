// SPDX-License-Identifier: Apache-2.0
/** In a mount namespace of its own: mounts a deployment as for a soft reboot and says what is there. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mountNextRoot, nextRootId } from "../../src/host/index.ts";

const [sysroot, tree] = process.argv.slice(2) as [string, string];
const mount = (...args: string[]) => execFileSync("mount", args);
mount("--bind", sysroot, "/sysroot");
mount("-t", "tmpfs", "none", "/run");
mountNextRoot(`/sysroot/${tree}`);
const read = (path: string) => readFileSync(`/run/nextroot/${path}`, "utf8");
const options = execFileSync("findmnt", ["-nro", "TARGET,FSTYPE,VFS-OPTIONS", "-R", "/run/nextroot"], {
  encoding: "utf8",
});
process.stdout.write(
  JSON.stringify({
    tool: read("usr/bin/tool"),
    motd: read("etc/motd"),
    entry: read("boot/loader/entries/ostree-1.conf"),
    next: nextRootId({ run: "/run", root: "/" }),
    mounts: options.trim().split("\n"),
  }),
);
