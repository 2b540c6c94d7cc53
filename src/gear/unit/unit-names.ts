// SPDX-License-Identifier: Apache-2.0
/**
 * Names of units, and of what an engine keeps. A `.` separates where names of two applications could give the same
 * (`a` + `b-c` and `a-b` + `c`): no {@link Name} has one, and what is mixed up there is data of two tenants.
 */
import type { Application } from "../model.ts";
import type { InstanceId } from "../plan/model.ts";
import type { Name } from "../name.ts";

type Owner = Pick<Application, "name" | "tenant">;

/** Also the name of the container in the engine. */
export const instanceName = ({ name }: Owner, id: InstanceId): string => `${name}-${id}`;

export const serviceUnit = (owner: Owner, id: InstanceId): string => `${instanceName(owner, id)}.service`;
export const socketUnit = (owner: Owner, id: InstanceId): string => `${instanceName(owner, id)}.socket`;
export const timerUnit = (owner: Owner, id: InstanceId): string => `${instanceName(owner, id)}.timer`;
/** Is active while its instance is healthy for the first time or later. */
export const healthyUnit = (owner: Owner, id: InstanceId): string => `${instanceName(owner, id)}.healthy.service`;
/** With a prefix: an application may be called `network` or `multi-user`. */
export const targetUnit = ({ name }: Owner): string => `gear-${name}.target`;

/**
 * A slice is below those that its name has before each `-` (systemd.slice(5)), so one in a name is escaped as systemd-escape(1)
 * does: the tenant `acme-shop` is not an application of the tenant `acme`.
 */
export const sliceUnit = ({ name, tenant }: Owner): string =>
  tenant === undefined ? `gear-${escapeName(name)}.slice` : `tenant-${escapeName(tenant)}-${escapeName(name)}.slice`;
export const tenantSliceUnit = (tenant: Name): string => `tenant-${escapeName(tenant)}.slice`;

const escapeName = (name: string): string => name.replaceAll("-", "\\x2d");

export const volumeName = ({ name }: Owner, volume: Name): string => `${name}.${volume}`;
/** @param network undefined is the one that containers have which join none */
export const networkName = ({ name }: Owner, network?: Name): string =>
  network === undefined ? name : `${name}.${network}`;
