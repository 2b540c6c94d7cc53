// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { changeLayers, status, Sysroot, type UpdateRequest, upgrade } from "../../../src/host/index.ts";
import { asChecksum } from "../../../src/ostree/index.ts";

/** What hosts are composed from. */
export interface Composer {
  readonly scratch: string;
  /** @returns the commit, which is in `scratch`/composed */
  compose(version: string, packages: string): Promise<string>;
}

/** A host whose layered packages are changed, of packages of either kind. */
export class LayeredHost {
  readonly path: string;
  base = "";
  readonly #composer: Composer;
  readonly #branch: string;

  protected constructor(composer: Composer, name: string, branch: string) {
    this.#composer = composer;
    this.#branch = branch;
    this.path = join(composer.scratch, name);
  }

  /** Makes a version the newest of the branch that the host follows. */
  async bring(version: string, packages: string): Promise<string> {
    const commit = await this.#composer.compose(version, packages);
    const { repo } = this.open();
    execFileSync("ostree", [`--repo=${repo.path}`, "pull-local", join(this.#composer.scratch, "composed"), commit]);
    repo.setRef(this.#branch, asChecksum(commit));
    return commit;
  }

  open(): Sysroot {
    return Sysroot.open(this.path);
  }

  /** Of what boots next. */
  get root(): string {
    const sysroot = this.open();
    return sysroot.directory(sysroot.deployments[0]!);
  }

  get told() {
    return status(this.open()).deployments[0]!;
  }

  change(request: Parameters<typeof changeLayers>[1]) {
    return changeLayers(this.open(), request);
  }

  upgrade(request: UpdateRequest = {}) {
    return upgrade(this.open(), request);
  }
}
