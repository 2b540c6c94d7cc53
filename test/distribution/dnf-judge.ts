// SPDX-License-Identifier: Apache-2.0
/** `dnf --installroot` and `rpm --root`: the judges of what a set of packages becomes on the disk. */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeDirectories, run } from "../../src/base/index.ts";
import type { Distribution } from "./model.ts";

export class DnfJudge {
  readonly root: string;
  readonly #directory: string;
  readonly #repos: string;

  /** @param directory for the root, dnf's cache and settings; made when missing */
  constructor(directory: string, distribution: Distribution) {
    this.root = join(directory, "root");
    this.#directory = directory;
    this.#repos = dirname(distribution.repoFile);
    makeDirectories(this.root);
    // Debian's own rpm keeps its database in the home directory.
    writeFileSync(join(directory, ".rpmmacros"), "%_dbpath /usr/lib/sysimage/rpm\n");
  }

  /** Runs dnf on the root, and returns what it said. */
  async dnf(...args: string[]): Promise<string> {
    const settings = [`reposdir=${this.#repos}`, `cachedir=${join(this.#directory, "cache")}`, "gpgcheck=1"];
    const options = ["-y", `--installroot=${this.root}`, "--releasever=1", ...settings.map((one) => `--setopt=${one}`)];
    return (await run("dnf", [...options, ...args], { env: this.#environment })).stdout;
  }

  async install(names: readonly string[]): Promise<void> {
    await this.dnf("install", ...names);
  }

  async rpm(...args: string[]): Promise<string> {
    return (await run("rpm", [`--root=${this.root}`, ...args], { env: this.#environment, accept: [0, 1] })).stdout;
  }

  /** What `rpm -Va` complains of. */
  async verify(): Promise<string[]> {
    return (await this.rpm("-Va")).split("\n").filter((line) => line !== "");
  }

  get #environment(): Record<string, string> {
    return { HOME: this.#directory, LC_ALL: "C.UTF-8" };
  }
}
