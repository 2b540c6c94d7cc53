// SPDX-License-Identifier: Apache-2.0
import { realpathSync } from "node:fs";
import { join } from "node:path";
import {
  type HeldLock,
  listDirectory,
  lockFile,
  lstatIfExists,
  makeDirectories,
  readTextIfExists,
  writeFileAtomic,
} from "../../base/index.ts";
import { gearError } from "../errors.ts";
import type { Name } from "../name.ts";
import type { Tenant } from "./model.ts";
import { decodeTenants, encodeTenants } from "./table.ts";

/** How long a command waits for another one that changes tenants. */
const patience = 10_000;

/** The tenants of a host, kept below /var/lib/atomic/gear/tenants: no name of a tenant has a dot, so that files here never clash. */
export class TenantStore {
  /** Where the host's file tree is. */
  readonly root: string;
  readonly #directory: string;

  constructor(root = "/") {
    this.root = realpathSync(root);
    this.#directory = join(this.root, "var/lib/atomic/gear/tenants");
  }

  /** Held from reading the table to writing it: two commands would allocate the same otherwise. */
  lock(): HeldLock {
    makeDirectories(this.#directory);
    return lockFile(join(this.#directory, "lock"), { timeoutMs: patience });
  }

  tenants(): Tenant[] {
    const path = join(this.#directory, "tenants.json");
    const text = readTextIfExists(path);
    return text === undefined ? [] : decodeTenants(text, path);
  }

  /** Throws `gear-no-tenant`. */
  tenant(name: Name): Tenant {
    const tenant = this.tenants().find((one) => one.name === name && !one.retired);
    if (tenant !== undefined) return tenant;
    throw gearError("no-tenant", `${name} is no tenant of this host`, { hint: `atomic gear tenant add ${name}` });
  }

  /** Puts a tenant in the place of the one of its name, or takes that away. Durable before it returns. */
  replace(name: Name, tenant: Tenant | undefined): void {
    const others = this.tenants().filter((one) => one.name !== name);
    const tenants = tenant === undefined ? others : [...others, tenant];
    writeFileAtomic(join(this.#directory, "tenants.json"), encodeTenants(tenants));
  }

  /** Where a tenant's volumes are that no path was named for. */
  volumes(name: Name): string {
    return join(this.#directory, name, "volumes");
  }

  /** The directories of a tenant's volumes, those that are there. */
  volumePaths({ name, volumes }: Tenant): string[] {
    const own = this.volumes(name);
    const paths = [...listDirectory(own).map((volume) => join(own, volume)), ...volumes];
    return paths.filter((path) => lstatIfExists(path) !== undefined);
  }
}
