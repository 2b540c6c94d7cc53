// SPDX-License-Identifier: Apache-2.0
/** Hosts of Debian packages whose /etc names an archive of the test's own. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "../../../src/base/index.ts";
import { composeTree, parseTreefile } from "../../../src/compose/index.ts";
import { deploy, initSysroot } from "../../../src/host/index.ts";
import { Repo } from "../../../src/ostree/index.ts";
import { type PackageSpec, TestArchive, tinyBase } from "../../compose/archive.ts";
import { LayeredHost } from "./layered-host.ts";

export const branch = "tiny/host";

/** So that `dpkg -V` has something to compare with. */
export function md5sums(files: Readonly<Record<string, string>>): string {
  const lines = Object.entries(files).map(([path, content]) => {
    return `${createHash("md5").update(content).digest("hex")}  ${path.slice(1)}\n`;
  });
  return lines.join("");
}

export const script = (text: string) => `#!/bin/sh\nset -e\n${text}\n`;

const kernel: PackageSpec = {
  name: "kernel",
  files: {
    "/usr/lib/modules/6.12.1/vmlinuz": "kernel",
    "/usr/lib/modules/6.12.1/initramfs.img": "initramfs",
    "/usr/sbin/depmod": "#!/bin/sh\n",
  },
};

export function ostree(...args: string[]): string {
  return execFileSync("ostree", args, { encoding: "utf8" }).trim();
}

/** An archive, and the versions that are composed of it, each once. */
export class DebDistribution implements AsyncDisposable {
  readonly scratch = mkdtempSync(join(tmpdir(), "layers-deb-"));
  readonly archive = new TestArchive(this.scratch);

  async publish(packages: readonly PackageSpec[]): Promise<void> {
    await this.archive.publish([...tinyBase(), kernel, ...packages]);
  }

  async compose(version: string, packages: string): Promise<string> {
    const head = `ref: ${branch}\nbasearch: x86_64\nselinux: false\nno-initramfs: true\n${this.archive.apt}`;
    const treefile = parseTreefile(`${head}packages: [kernel, ${packages}]\n`, join(this.scratch, "tree.yaml"));
    const repo = Repo.init(join(this.scratch, "composed"), "bare");
    const known = repo.tryResolve(`version/${version}`);
    if (known !== undefined) return known;
    const cacheDir = join(this.scratch, "cache");
    const { commit } = await composeTree({ treefile, repo, cacheDir, version, force: true });
    repo.setRef(`version/${version}`, commit!);
    return commit!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.archive[Symbol.asyncDispose]();
    removeTree(this.scratch);
  }
}

export class DebHost extends LayeredHost {
  private constructor(distribution: DebDistribution, name: string) {
    super(distribution, name, branch);
  }

  /** @param packages of its first version */
  static async make(distribution: DebDistribution, name: string, packages: string): Promise<DebHost> {
    const made = new DebHost(distribution, name);
    mkdirSync(made.path);
    const sysroot = initSysroot(made.path, { stateroot: "debian" });
    made.base = await made.bring("1", packages);
    await deploy(sysroot, { stateroot: "debian", rev: branch, origin: branch });
    const etc = join(made.root, "etc");
    mkdirSync(join(etc, "apt"), { recursive: true });
    const { archive } = distribution;
    writeFileSync(join(etc, "apt/tiny.gpg"), readFileSync(archive.keyring));
    writeFileSync(join(etc, "apt/sources.list"), `deb [signed-by=/etc/apt/tiny.gpg] ${archive.url} tiny main\n`);
    const admin = "admin:x:1000:1000::/home/admin:/bin/sh\n";
    writeFileSync(join(etc, "passwd"), `${readFileSync(join(etc, "passwd"), "utf8")}${admin}`);
    return made;
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  dpkg(...args: string[]): string {
    const options = [`--root=${this.root}`, `--admindir=${this.root}/usr/lib/sysimage/dpkg`];
    return execFileSync("dpkg", [...options, ...args], { encoding: "utf8" });
  }

  /** "name version" of all that dpkg finds installed. */
  installed(): string[] {
    return [...this.dpkg("-l").matchAll(/^ii +(\S+?)(?::\S+)? +(\S+)/gm)].map(
      ([, name, version]) => `${name} ${version}`,
    );
  }
}
