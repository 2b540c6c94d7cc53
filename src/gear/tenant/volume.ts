// SPDX-License-Identifier: Apache-2.0
import { chownSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { getXattr, lstatIfExists, makeDirectories, unlessErrno } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import type { Name } from "../name.ts";
import { fileLabel, labelXattr, readLabel } from "./label.ts";
import { type Labelled, labelTree } from "./label-tree.ts";
import type { Tenant } from "./model.ts";
import type { TenantStore } from "./store.ts";

/** Makes a volume below the tenant's directory, owned by root of its containers and labelled; leaves one alone that is there. */
export function createVolume(store: TenantStore, name: Name, volume: Name): string {
  const tenant = store.tenant(name);
  const path = join(store.volumes(name), volume);
  makeDirectories(dirname(path), 0o711);
  const made = unlessErrno(["EEXIST"], () => (mkdirSync(path, { mode: 0o700 }), true)) ?? false;
  if (made) chownSync(path, tenant.users.first, tenant.users.first);
  labelVolume(store, name, path, { onlyNew: true });
  return path;
}

export interface LabelOptions {
  /** Goes no further where the directory itself has the label: what is made in it gets it, too. */
  readonly onlyNew?: boolean;
}

/**
 * Labels a directory as a tenant's and remembers it as such. Throws `gear-not-a-volume` for directories of the system, and
 * for what is another tenant's.
 */
export function labelVolume(
  store: TenantStore,
  name: Name,
  path: string,
  { onlyNew = false }: LabelOptions = {},
): Labelled {
  const real = realpathSync(path);
  const tenant = recordVolume(store, name, path, real);
  const label = fileLabel(tenant.categories);
  if (onlyNew && readLabel(getXattr(real, labelXattr)) === label) return { files: 0, changed: 0 };
  return labelTree(real, label);
}

/** Before it is labelled, which may take long, so that deleting the tenant finds the files. */
function recordVolume(store: TenantStore, name: Name, path: string, real: string): Tenant {
  using _lock = store.lock();
  const tenant = store.tenant(name);
  checkVolume(store, tenant, path, real);
  if (!isWithin(real, store.volumes(name)) && !tenant.volumes.includes(real))
    store.replace(name, { ...tenant, volumes: [...tenant.volumes, real].toSorted() });
  return tenant;
}

/** Never relabelled by a container engine either (opencontainers/selinux, `exclude_paths`): a host would not boot again. */
const systemDirectories = new Set(
  `/ /bin /boot /dev /etc /home /lib /lib64 /media /mnt /opt /ostree /proc /root /run /sbin /srv /sys /sysroot /tmp /usr /var
   /var/home /var/lib /var/log /var/opt /var/roothome /var/run /var/spool /var/srv /var/tmp /var/usrlocal /var/lib/atomic
   /var/lib/containers /var/lib/docker`.split(/\s+/),
);
/** Nothing in them is a volume. */
const systemTrees = ["/boot", "/dev", "/etc", "/ostree", "/proc", "/sys", "/sysroot", "/usr", "/var/lib/atomic"];

function checkVolume(store: TenantStore, tenant: Tenant, path: string, real: string): void {
  if (lstatIfExists(path)?.isSymbolicLink() === true) throw notAVolume(path, "is a symlink");
  const hostPath = `/${relative(realpathSync(store.root), real)}`;
  const own = isWithin(real, store.volumes(tenant.name));
  if (systemDirectories.has(hostPath) || (!own && systemTrees.some((tree) => isWithin(hostPath, tree))))
    throw notAVolume(path, "belongs to the system");
  const other = store.tenants().find((one) => one.name !== tenant.name && touches(store, one, real));
  if (other !== undefined) throw notAVolume(path, `is of tenant ${other.name}`);
}

function touches(store: TenantStore, tenant: Tenant, path: string): boolean {
  return [store.volumes(tenant.name), ...tenant.volumes].some((one) => isWithin(path, one) || isWithin(one, path));
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function notAVolume(path: string, why: string) {
  return gearError("not-a-volume", `${path} ${why}, and is not labelled for a tenant`);
}
