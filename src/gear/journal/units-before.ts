// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { readTextIfExists } from "../../base/index.ts";
import type { ServiceManager } from "../systemd/model.ts";
import { removeServiceFiles, writeServiceFiles } from "./service-files.ts";

interface UnitBefore {
  readonly name: string;
  readonly isEnabled: boolean;
  readonly isActive: boolean;
}

/** How units and their files were before they were changed, to go back to when that fails. */
export class UnitsBefore {
  readonly #services: ServiceManager;
  readonly #root: string;
  /** Undefined: it was not there. */
  readonly #files: ReadonlyMap<string, string | undefined>;
  readonly #units: readonly UnitBefore[];

  private constructor(
    services: ServiceManager,
    root: string,
    files: ReadonlyMap<string, string | undefined>,
    units: readonly UnitBefore[],
  ) {
    this.#services = services;
    this.#root = root;
    this.#files = files;
    this.#units = units;
  }

  /** @param paths below the root */
  static async read(
    services: ServiceManager,
    paths: readonly string[],
    units: readonly string[],
    root = "/",
  ): Promise<UnitsBefore> {
    const files = new Map(paths.map((path) => [path, readTextIfExists(join(root, path))]));
    const states = units.map(async (name) => ({
      name,
      isEnabled: (await services.unitFileState(name)) === "enabled",
      isActive: (await services.unit(name)).activeState === "active",
    }));
    return new UnitsBefore(services, root, files, await Promise.all(states));
  }

  /** What was not there goes, what was is there again and runs as it did. */
  async restore(): Promise<void> {
    const services = this.#services;
    const disabled = this.#units.flatMap(({ name, isEnabled }) => (isEnabled ? [] : [name]));
    await services.disable(disabled);
    for (const { name } of this.#units) await this.#end(name);
    for (const [path, content] of this.#files) this.#restoreFile(path, content);
    await services.daemonReload();
    for (const { name, isActive } of this.#units) if (isActive) await services.start(name);
  }

  /** A unit that has failed would stay known without its file. */
  async #end(name: string): Promise<void> {
    if ((await this.#services.unit(name)).loadState !== "loaded") return;
    await this.#services.stop(name);
    await this.#services.resetFailed(name);
  }

  #restoreFile(path: string, content: string | undefined): void {
    if (content === undefined) return removeServiceFiles([path], this.#root);
    writeServiceFiles([{ path, content }], this.#root);
  }
}
