// SPDX-License-Identifier: Apache-2.0
/** `apt-get` with a configuration of its own over an empty root: the judge of what a request means. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/base/index.ts";
import type { AptSource } from "../../src/packages/index.ts";

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

export class AptJudge {
  readonly #environment: Record<string, string>;

  /** Makes the root anew and fetches the indices of `sources` into it. */
  static async make(directory: string, sources: readonly AptSource[]): Promise<AptJudge> {
    rmSync(directory, { recursive: true, force: true });
    for (const name of ["etc/apt/apt.conf.d", "etc/apt/preferences.d", "lists/partial", "cache/archives/partial"]) {
      mkdirSync(join(directory, name), { recursive: true });
    }
    writeFileSync(join(directory, "status"), "");
    const lines = sources.map(
      ({ uri, suite, components, signedBy }) =>
        `deb [signed-by=${signedBy ?? keyring}] ${uri} ${suite} ${components.join(" ")}\n`,
    );
    writeFileSync(join(directory, "etc/apt/sources.list"), lines.join(""));
    writeFileSync(join(directory, "apt.conf"), configuration(directory, sources[0]!.architecture));
    const judge = new AptJudge(directory);
    await run("apt-get", ["update"], { env: judge.#environment });
    return judge;
  }

  constructor(directory: string) {
    this.#environment = { APT_CONFIG: join(directory, "apt.conf"), LC_ALL: "C" };
  }

  /** What `apt-get install` would install: "name version" each, sorted; `undefined` when it refuses. */
  async simulate(names: readonly string[], recommends: boolean): Promise<string[] | undefined> {
    const option = recommends ? "--install-recommends" : "--no-install-recommends";
    const args = ["install", "--simulate", option, ...names];
    const { code, stdout } = await run("apt-get", args, { env: this.#environment, accept: [0, 100] });
    if (code !== 0) return undefined;
    return [...stdout.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name, version]) => `${name} ${version}`).sort();
  }

  /** Fetches a package into a directory and gives its path. */
  async download(name: string, directory: string): Promise<string> {
    await run("apt-get", ["download", name], { env: this.#environment, cwd: directory });
    return join(
      directory,
      readdirSync(directory).find((file) => file.startsWith(`${name}_`))!,
    );
  }
}

function configuration(directory: string, architecture: string): string {
  return `Dir "${directory}/";
Dir::Etc "${directory}/etc/apt/";
Dir::Etc::main "none";
Dir::Etc::parts "apt.conf.d";
Dir::State "${directory}/";
Dir::State::status "${directory}/status";
Dir::Cache "${directory}/cache/";
APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Solver "internal";
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
`;
}
