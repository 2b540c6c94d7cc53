// SPDX-License-Identifier: Apache-2.0
/** Hosts of tiny RPM packages, composed once for all of them. Needs root. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "../../../src/base/index.ts";
import { composeTree, parseTreefile } from "../../../src/compose/index.ts";
import { deploy, initSysroot } from "../../../src/host/index.ts";
import { Repo } from "../../../src/ostree/index.ts";
import { makeRpms, type RpmSpec } from "../../compose/rpm/rpms.ts";
import { LayeredHost } from "./layered-host.ts";

export const branch = "tiny/rpm";

export function ostree(...args: string[]): string {
  return execFileSync("ostree", args, { encoding: "utf8" }).trim();
}

export function rpm(root: string, ...args: string[]): string {
  return execFileSync("sh", ["-c", 'rpm "$@" || true', "sh", `--root=${root}`, "--dbpath=/usr/share/rpm", ...args], {
    encoding: "utf8",
  });
}

/** A package repository and what is composed of it. */
export class Distribution {
  readonly scratch = mkdtempSync(join(tmpdir(), "layers-rpm-"));
  readonly repository = join(this.scratch, "repository");
  /** Of the .repo file that hosts get, besides name and baseurl. */
  repoSettings = "gpgcheck=0\n";
  readonly #selinux: boolean;

  constructor(options: { readonly selinux?: boolean } = {}) {
    this.#selinux = options.selinux ?? false;
    mkdirSync(this.repository);
  }

  [Symbol.dispose](): void {
    removeTree(this.scratch);
  }

  /** Packages into the repository; gives their paths. */
  publish(specs: readonly RpmSpec[], sign: (paths: readonly string[]) => void = () => {}): string[] {
    const paths = makeRpms(this.repository, specs);
    sign(paths);
    execFileSync("createrepo_c", ["-q", this.repository]);
    writeFileSync(join(this.scratch, "tiny.repo"), this.repoFile());
    return paths;
  }

  repoFile(): string {
    return `[tiny]\nname=Tiny\nbaseurl=file://${this.repository}\n${this.repoSettings}`;
  }

  async compose(version: string, packages: string): Promise<string> {
    const head = `ref: ${branch}\nbasearch: x86_64\nrepos: [tiny]\nselinux: ${this.#selinux}\nboot-location: modules\nno-initramfs: true\n`;
    const treefile = parseTreefile(
      `${head}packages: [filesystem, shell, kernel, ${packages}]\n`,
      join(this.scratch, "tree.yaml"),
    );
    const repo = Repo.init(join(this.scratch, "composed"), "bare");
    const known = repo.tryResolve(`version/${version}`);
    if (known !== undefined) return known;
    const cacheDir = join(this.scratch, "cache");
    const { commit } = await composeTree({ treefile, repo, cacheDir, version, force: true });
    repo.setRef(`version/${version}`, commit!);
    return commit!;
  }
}

export class Host extends LayeredHost {
  private constructor(distribution: Distribution, name: string) {
    super(distribution, name, branch);
  }

  /** @param packages of its base, besides those of every base */
  static async make(distribution: Distribution, name: string, packages: string): Promise<Host> {
    const made = new Host(distribution, name);
    mkdirSync(made.path);
    const sysroot = initSysroot(made.path, { stateroot: "tiny" });
    made.base = await made.bring("1", packages);
    await deploy(sysroot, { stateroot: "tiny", rev: branch, origin: branch });
    const directory = join(made.root, "etc/yum.repos.d");
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "tiny.repo"), distribution.repoFile());
    return made;
  }

  names(): string[] {
    return rpm(this.root, "-qa", "--qf", "%{name}\n").trim().split("\n").toSorted();
  }
}
