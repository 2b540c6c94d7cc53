// SPDX-License-Identifier: Apache-2.0
import { chmodSync, copyFileSync, existsSync, mkdtempSync, renameSync, rmSync, utimesSync } from "node:fs";
import { basename, join } from "node:path";
import { lstatIfExists, run } from "../../src/base/index.ts";

/** Of the key and of all signatures: with it, what is signed again is the same. */
const signedAt = "20250101T000000!";
const user = "Atomic test distribution <distribution@example.org>";

/** The key that the distributions of this machine are signed with. */
export class DistributionKey {
  /** A directory of GnuPG. */
  readonly #home: string;

  /** Takes the key out of the cache; made on the first call. */
  static async load(cacheDir: string): Promise<DistributionKey> {
    const home = join(cacheDir, "gnupg");
    if (!existsSync(home)) {
      // Short, for the agent's socket is in it.
      const scratch = mkdtempSync("/tmp/atomic-gnupg-");
      chmodSync(scratch, 0o700);
      const key = new DistributionKey(scratch);
      // RSA, which every rpm verifies.
      await key.#gpg("--passphrase", "", "--quick-generate-key", user, "rsa3072", "sign", "never");
      await key.close();
      await run("cp", ["-aT", scratch, `${home}.tmp`]);
      renameSync(`${home}.tmp`, home);
      rmSync(scratch, { recursive: true });
    }
    return new DistributionKey(home);
  }

  private constructor(home: string) {
    this.#home = home;
  }

  async #gpg(...args: string[]): Promise<string> {
    const options = ["--homedir", this.#home, "--batch", "--yes", "--quiet", "--faked-system-time", signedAt];
    return (await run("gpg", [...options, ...args])).stdout;
  }

  armored(): Promise<string> {
    return this.#gpg("--armor", "--export");
  }

  /** Writes `path`.asc. */
  async signDetached(path: string): Promise<void> {
    await this.#gpg("--armor", "--detach-sign", "--output", `${path}.asc`, path);
  }

  /** Signed copies of packages; those signed before are kept beside the packages. */
  async signPackages(paths: readonly string[]): Promise<string[]> {
    const signed = paths.map((path) => `${path}.signed`);
    const missing = paths.filter((_, place) => !existsSync(signed[place]!));
    if (missing.length > 0) await this.#signAll(missing);
    return signed;
  }

  async #signAll(paths: readonly string[]): Promise<void> {
    const scratch = mkdtempSync(join(this.#home, "..", "signing-"));
    try {
      const copies = paths.map((path) => join(scratch, basename(path)));
      for (const [place, path] of paths.entries()) copyFileSync(path, copies[place]!);
      const macros = {
        __gpg: "/usr/bin/gpg",
        _gpg_name: user,
        _gpg_path: this.#home,
        _gpg_sign_cmd_extra_args: `--faked-system-time ${signedAt}`,
      };
      const defines = Object.entries(macros).flatMap(([name, value]) => ["--define", `${name} ${value}`]);
      await run("rpmsign", [...defines, "--addsign", ...copies], { env: { HOME: scratch } });
      for (const [place, path] of paths.entries()) {
        const { mtimeMs } = lstatIfExists(path)!;
        utimesSync(copies[place]!, mtimeMs / 1000, mtimeMs / 1000);
        renameSync(copies[place]!, `${path}.signed`);
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }

  /** Ends the agent that gpg has started. */
  async close(): Promise<void> {
    await run("gpgconf", ["--homedir", this.#home, "--kill", "all"]);
  }
}
