// SPDX-License-Identifier: Apache-2.0
/**
 * A Debian archive of a few packages that tests make with dpkg-deb, apt-ftparchive and gpg. `tinyBase` is what a tree
 * needs so that its own dpkg can configure packages: a shell (busybox), and this machine's dpkg with its libraries.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { serveDirectory } from "../../src/ostree/index.ts";

export type FileSpec =
  | string
  | { readonly content?: string | Buffer; readonly mode?: number; readonly uid?: number; readonly gid?: number }
  | { readonly link: string }
  | { readonly directory: number };

export interface PackageSpec {
  readonly name: string;
  readonly version?: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** By path in the tree. */
  readonly files?: Readonly<Record<string, FileSpec>>;
  /** Control files: maintainer scripts, conffiles, triggers. */
  readonly control?: Readonly<Record<string, string>>;
}

export function makeDeb(directory: string, spec: PackageSpec): string {
  const { name, version = "1", fields = {}, files = {}, control = {} } = spec;
  const root = join(directory, `${name}_${version}`);
  mkdirSync(join(root, "DEBIAN"), { recursive: true });
  for (const [path, file] of Object.entries(files)) writeFile(join(root, path), file);
  const all = {
    Package: name,
    Version: version,
    Architecture: "amd64",
    Maintainer: "Test <test@example.org>",
    ...fields,
  };
  const text = Object.entries({ ...all, Description: `package ${name}` }).map(([key, value]) => `${key}: ${value}\n`);
  writeFileSync(join(root, "DEBIAN/control"), text.join(""));
  for (const [file, content] of Object.entries(control)) {
    writeFileSync(join(root, "DEBIAN", file), content, { mode: content.startsWith("#!") ? 0o755 : 0o644 });
  }
  const deb = join(directory, `${name}_${version}_${all.Architecture}.deb`);
  execFileSync("dpkg-deb", ["-Znone", "--build", root, deb], { stdio: ["ignore", "ignore", "pipe"] });
  return deb;
}

function writeFile(path: string, file: FileSpec): void {
  mkdirSync(dirname(path), { recursive: true });
  if (typeof file === "string") {
    writeFileSync(path, file);
    chmodSync(path, file.startsWith("#!") ? 0o755 : 0o644);
  } else if ("link" in file) {
    symlinkSync(file.link, path);
  } else if ("directory" in file) {
    mkdirSync(path, { recursive: true });
    chmodSync(path, file.directory);
  } else {
    writeFileSync(path, file.content ?? "");
    chownSync(path, file.uid ?? 0, file.gid ?? 0);
    chmodSync(path, file.mode ?? 0o644);
  }
}

const applets = [
  "sh",
  "cat",
  "rm",
  "mkdir",
  "ln",
  "touch",
  "tar",
  "diff",
  "id",
  "ls",
  "chmod",
  "chown",
  "sleep",
  "mv",
  "cp",
];
const dpkgPrograms = [
  "dpkg",
  "dpkg-deb",
  "dpkg-split",
  "dpkg-query",
  "dpkg-trigger",
  "dpkg-divert",
  "update-alternatives",
];

/** The essential packages of the tests' distribution. */
export function tinyBase(): PackageSpec[] {
  return [
    {
      name: "base-files",
      fields: { Essential: "yes", "Pre-Depends": "shell" },
      files: {
        "/bin": { link: "usr/bin" },
        "/sbin": { link: "usr/sbin" },
        "/lib": { link: "usr/lib" },
        "/lib64": { link: "usr/lib64" },
        "/usr/lib/os-release": 'NAME="Tiny"\nVERSION="1 (small)"\nPRETTY_NAME="Tiny Linux 1"\nID=tiny\n',
        "/etc/passwd": "root:*:0:0:root:/root:/bin/sh\ndaemon:*:1:1:daemon:/:/bin/false\n",
        "/etc/group": "root:*:0:\ndaemon:*:1:\n",
        "/etc/shadow": { content: "root:*:20000:0:99999:7:::\n", mode: 0o640 },
        "/var/lib/misc": { directory: 0o755 },
        "/home": { directory: 0o755 },
        "/root": { directory: 0o700 },
      },
    },
    {
      name: "shell",
      fields: { Essential: "yes" },
      files: {
        "/usr/bin/busybox": { content: readFileSync("/bin/busybox"), mode: 0o755 },
        ...Object.fromEntries(applets.map((name) => [`/usr/bin/${name}`, { link: "busybox" }])),
      },
    },
    { name: "dpkg", version: "1.21", fields: { Essential: "yes" }, files: dpkgFiles() },
  ];
}

function dpkgFiles(): Record<string, FileSpec> {
  const paths = [...dpkgPrograms.map((name) => `/usr/bin/${name}`), "/sbin/ldconfig", "/sbin/start-stop-daemon"];
  const libraries = paths
    .slice(0, dpkgPrograms.length)
    .flatMap((path) =>
      [...execFileSync("ldd", [path], { encoding: "utf8" }).matchAll(/(\/lib\S+)/g)].map(([, library = ""]) => library),
    );
  const copy = (path: string) => ({ content: readFileSync(realpathSync(path)), mode: 0o755 });
  return Object.fromEntries([
    ...[...new Set(libraries)].map((path): [string, FileSpec] => [`/usr${path}`, copy(path)]),
    ...paths.map((path): [string, FileSpec] => [`/usr/${basename(dirname(path))}/${basename(path)}`, copy(path)]),
  ]);
}

/** An archive that is served over HTTP until its scope ends. */
export class TestArchive implements AsyncDisposable {
  readonly keyring: string;
  readonly #suite: string;
  readonly #root: string;
  readonly #home: string;
  #server: { url: string; close(): Promise<void> | void } | undefined;

  constructor(directory: string, suite = "tiny") {
    this.#suite = suite;
    this.#root = join(directory, "archive");
    this.#home = join(directory, "gnupg");
    this.keyring = join(directory, "archive.gpg");
    mkdirSync(join(this.#root, "pool"), { recursive: true });
    mkdirSync(this.#home, { mode: 0o700 });
    this.#gpg("--passphrase", "", "--quick-gen-key", "archive@example.org", "ed25519", "sign", "never");
    this.#gpg("--output", this.keyring, "--export", "archive@example.org");
  }

  get url(): string {
    return this.#server?.url ?? "";
  }

  /** Adds packages and signs the archive anew. @param release fields of its Release file */
  async publish(packages: readonly PackageSpec[], release: Readonly<Record<string, string>> = {}): Promise<void> {
    for (const one of packages)
      cpSync(
        makeDeb(join(this.#root, "..", "build"), one),
        join(this.#root, "pool", `${one.name}_${one.version ?? "1"}.deb`),
      );
    const suite = join(this.#root, "dists", this.#suite);
    const index = join(suite, "main/binary-amd64");
    mkdirSync(index, { recursive: true });
    const ftparchive = (...args: string[]) =>
      execFileSync("apt-ftparchive", args, { cwd: this.#root, stdio: ["ignore", "pipe", "ignore"] });
    writeFileSync(join(index, "Packages"), ftparchive("packages", "pool"));
    const base = { Suite: this.#suite, Codename: this.#suite, Architectures: "amd64", Components: "main" };
    const options = { ...base, ...release };
    const settings = Object.entries(options).flatMap(([key, value]) => [
      "-o",
      `APT::FTPArchive::Release::${key}=${value}`,
    ]);
    writeFileSync(join(suite, "Release"), ftparchive(...settings, "release", `dists/${this.#suite}`));
    this.#gpg("--output", join(suite, "InRelease"), "--clearsign", join(suite, "Release"));
    this.#server ??= await serveDirectory(this.#root, { host: "127.0.0.1", port: 0 });
  }

  /** The `apt` part of a treefile. */
  get apt(): string {
    return `apt: [{uri: "${this.url}", suites: [${this.#suite}], signed-by: "${this.keyring}"}]\n`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.close();
    execFileSync("gpgconf", ["--homedir", this.#home, "--kill", "all"]);
  }

  #gpg(...args: string[]): void {
    execFileSync("gpg", ["--homedir", this.#home, "--batch", "--yes", "--quiet", ...args], {
      stdio: ["ignore", "ignore", "pipe"],
    });
  }
}
