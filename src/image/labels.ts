// SPDX-License-Identifier: Apache-2.0
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";
import { getXattr, listDirectory, lstatIfExists, setXattr } from "../base/index.ts";

/**
 * SELinux labels of what is in a sysroot besides the deployments: made by us, not by a commit, so nobody else labels it.
 * The types are those that the reference policy's file contexts give for `/`, `/boot`, `/usr` and `/var`; that
 * `/ostree` is `usr_t` is what bootc and Fedora's image builder do.
 */
export function labelSysroot(sysroot: string): void {
  label(sysroot, "root_t");
  for (const name of listDirectory(sysroot)) {
    const path = join(sysroot, name);
    if (name === "boot") labelTree(path, "boot_t", () => true);
    else if (name === "ostree") labelOstree(path);
    else labelTree(path, "root_t", () => true);
  }
}

function labelOstree(ostree: string): void {
  const objects = join(ostree, "repo/objects");
  const deploy = join(ostree, "deploy");
  // Objects have their labels from the commit; deployments are checkouts of them.
  labelTree(ostree, "usr_t", (path) => path !== objects && path !== deploy);
  label(objects, "usr_t");
  for (const name of listDirectory(objects)) label(join(objects, name), "usr_t");
  if (lstatIfExists(deploy) === undefined) return;
  label(deploy, "usr_t");
  for (const stateroot of listDirectory(deploy)) {
    const root = join(deploy, stateroot);
    labelTree(root, "usr_t", (path) => path !== join(root, "deploy") && path !== join(root, "var"));
    labelDeployments(join(root, "deploy"));
    labelTree(join(root, "var"), "var_t", () => true);
  }
}

/** The directory of the deployments and the origin files beside them. */
function labelDeployments(path: string): void {
  if (lstatIfExists(path) === undefined) return;
  label(path, "usr_t");
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isFile()) label(join(path, entry.name), "usr_t");
  }
}

/** Labels a tree where labels are missing; not below directories that `enter` refuses. */
function labelTree(path: string, type: string, enter: (path: string) => boolean): void {
  const stat = lstatIfExists(path);
  if (stat === undefined || !enter(path)) return;
  if (!isShared(stat)) label(path, type);
  if (!stat.isDirectory()) return;
  for (const name of readdirSync(path)) labelTree(join(path, name), type, enter);
}

/** A file with another name may be an object of the repository, whose attributes are part of its checksum. */
function isShared(stat: Stats): boolean {
  return stat.isFile() && stat.nlink > 1;
}

function label(path: string, type: string): void {
  if (getXattr(path, "security.selinux") !== undefined) return;
  setXattr(path, "security.selinux", Buffer.from(`system_u:object_r:${type}:s0\0`));
}

/** Whether a deployment was made from a commit with SELinux labels. */
export function isLabelled(deployment: string): boolean {
  return lstatSync(deployment).isDirectory() && getXattr(deployment, "security.selinux") !== undefined;
}
