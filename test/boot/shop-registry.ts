// SPDX-License-Identifier: Apache-2.0
/** The images of the example shop in Debian's docker-registry, which can die while it is asked. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/base/index.ts";
import { type Registry, startRegistry } from "../host/registry.ts";

const makeImages = join(import.meta.dirname, "../../examples/shop/images.sh");

export class ShopRegistry implements AsyncDisposable {
  /** As a machine under QEMU calls it. */
  readonly host: string;
  readonly #root = mkdtempSync(join(tmpdir(), "atomic-shop-"));
  readonly #ends: (() => void | Promise<void>)[] = [];
  #registry!: Registry;
  #proxy!: Server;
  /** Bytes that the registry still says before it dies. */
  #left = Infinity;

  private constructor(host: string) {
    this.host = host;
  }

  /**
   * Makes the images of Debian packages, or takes those of podman's storage below `ATOMIC_SHOP_STORAGE`, which is quicker.
   */
  static async start(port: number): Promise<ShopRegistry> {
    const registry = new ShopRegistry(`10.0.2.2:${port}`);
    await registry.revive();
    await registry.#listen(port);
    if (!(await registry.#hasImages())) await run(makeImages, [], { env: registry.#environment });
    for (const name of ["shop-proxy", "shop-web", "shop-db"]) await registry.#push(name, `localhost/${name}:1`);
    return registry;
  }

  /** Makes an image of one of the shop's, and pushes it under the same name. */
  async replace(name: string, lines: string, files: Readonly<Record<string, string>> = {}): Promise<void> {
    const directory = mkdtempSync(join(this.#root, "build-"));
    writeFileSync(join(directory, "Containerfile"), `FROM localhost/${name}:1\n${lines}\n`);
    for (const [path, content] of Object.entries(files)) writeFileSync(join(directory, path), content);
    await this.#podman("build", "--quiet", "--isolation=chroot", "--no-cache", "--tag=localhost/shop-next", directory);
    await this.#push(name, "localhost/shop-next");
  }

  /** It dies when it has said that much more. */
  dieAfter(bytes: number): void {
    this.#left = bytes;
  }

  async revive(): Promise<void> {
    this.#left = Infinity;
    this.#registry = await startRegistry({ after: (end) => void this.#ends.push(end) }, this.#root);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#proxy?.close();
    for (const end of this.#ends.toReversed()) await end();
    rmSync(this.#root, { recursive: true, force: true });
  }

  async #listen(port: number): Promise<void> {
    this.#proxy = createServer((client) => {
      const upstream = connect(Number(this.#registry.host.split(":")[1]), "127.0.0.1");
      const isDead = () => this.#left <= 0;
      upstream.on("data", (bytes) => {
        this.#left -= bytes.length;
        if (isDead()) void this.#registry.kill();
        else if (!client.write(bytes)) upstream.pause();
      });
      client.on("drain", () => upstream.resume());
      client.pipe(upstream);
      for (const [one, other] of [
        [client, upstream],
        [upstream, client],
      ] as const)
        one.on("close", () => other.destroy()).on("error", () => other.destroy());
    });
    this.#proxy.listen(port, "127.0.0.1");
    await once(this.#proxy, "listening");
  }

  get #environment(): Record<string, string> {
    const base = process.env["ATOMIC_SHOP_STORAGE"] ?? this.#root;
    const config = join(this.#root, "storage.conf");
    const [graph, runtime] = [join(base, "storage"), join(base, "run")];
    mkdirSync(base, { recursive: true });
    writeFileSync(config, `[storage]\ndriver = "overlay"\ngraphroot = "${graph}"\nrunroot = "${runtime}"\n`);
    return { CONTAINERS_STORAGE_CONF: config };
  }

  async #podman(...words: string[]): Promise<void> {
    await run("podman", words, { env: this.#environment });
  }

  async #hasImages(): Promise<boolean> {
    return await this.#podman("image", "exists", "localhost/shop-db:1").then(
      () => true,
      () => false,
    );
  }

  async #push(name: string, image: string): Promise<void> {
    // Which an emulated processor expands several times as fast as gzip.
    const how = ["--quiet", "--tls-verify=false", "--compression-format=zstd"];
    await this.#podman("push", ...how, image, `docker://${this.#registry.host}/${name}:1`);
  }
}
