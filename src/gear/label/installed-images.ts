// SPDX-License-Identifier: Apache-2.0
import { dirname, join } from "node:path";
import { makeDirectories, readTextIfExists, writeFileAtomic } from "../../base/index.ts";
import { gearError } from "../errors.ts";
import { lockHost } from "../generation/lock.ts";

/** An image whose INSTALL label was run; until its UNINSTALL is, things of it are on the host. */
export interface InstalledImage {
  readonly image: string;
  readonly name: string;
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Which images were installed by their label, in one file that is replaced whole. */
export class InstalledImages {
  readonly #root: string;
  readonly #path: string;

  constructor(root = "/") {
    this.#root = root;
    this.#path = join(root, "var/lib/atomic/gear/installed-images.json");
  }

  all(): readonly InstalledImage[] {
    const text = readTextIfExists(this.#path);
    if (text === undefined) return [];
    try {
      const { images } = JSON.parse(text) as { images: InstalledImage[] };
      const isWhole = ({ image, name, id }: InstalledImage) =>
        [image, name, id].every((word) => typeof word === "string");
      if (images.every(isWhole)) return images;
    } catch {
      // Told below.
    }
    throw gearError("store", `${this.#path} does not read as it was written`);
  }

  find(image: string): InstalledImage | undefined {
    return this.all().find((one) => one.image === image);
  }

  async add(installed: InstalledImage): Promise<void> {
    using _lock = await lockHost(this.#root);
    this.#write([...this.all().filter(({ image }) => image !== installed.image), installed]);
  }

  async remove(image: string): Promise<void> {
    using _lock = await lockHost(this.#root);
    this.#write(this.all().filter((one) => one.image !== image));
  }

  #write(images: readonly InstalledImage[]): void {
    makeDirectories(dirname(this.#path));
    writeFileAtomic(this.#path, `${JSON.stringify({ version: 1, images }, undefined, 2)}\n`, { mode: 0o600 });
  }
}
