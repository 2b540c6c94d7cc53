// SPDX-License-Identifier: Apache-2.0
/** Debian packages, signed repositories and a server for them, made with the stock tools. */
import { execFileSync } from "node:child_process";
import { createReadStream, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), "atomic-packages-"));
}

export interface PackageRecipe {
  readonly name: string;
  readonly version?: string;
  readonly architecture?: string;
  /** Further control fields. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  /** Maintainer scripts and other control files. */
  readonly scripts?: Readonly<Record<string, string>>;
}

/** Builds a package with dpkg-deb and returns its path. */
export function buildDeb(recipe: PackageRecipe, directory: string, compression = "gzip"): string {
  const { name, version = "1.0", architecture = "all" } = recipe;
  const root = mkdtempSync(join(tmpdir(), "atomic-deb-"));
  const fields = {
    Package: name,
    Version: version,
    Architecture: architecture,
    Maintainer: "Nobody <nobody@example.org>",
    Description: `test package ${name}`,
    ...recipe.fields,
  };
  put(
    root,
    "DEBIAN/control",
    Object.entries(fields)
      .map(([key, value]) => `${key}: ${value}\n`)
      .join(""),
  );
  for (const [path, content] of Object.entries(recipe.scripts ?? {})) put(root, `DEBIAN/${path}`, content, 0o755);
  for (const [path, content] of Object.entries(recipe.files ?? {})) put(root, path, content);
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${name}_${version.replace(/^.*:/, "")}_${architecture}.deb`);
  execFileSync("dpkg-deb", ["--root-owner-group", `-Z${compression}`, "-z1", "-b", root, path], { stdio: "pipe" });
  rmSync(root, { recursive: true });
  return path;
}

export function put(root: string, path: string, content: string | Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content, { mode });
}

/** A throw-away OpenPGP key in a keyring of its own. */
export class SigningKey {
  readonly home: string;
  readonly keyring: string;

  /** @param expires as `gpg --quick-generate-key` takes it; @param at the time when it is made, as gpg's --faked-system-time takes it */
  constructor(directory: string, name: string, expires = "never", at?: string, algorithm = "ed25519") {
    this.home = join(directory, `gnupg-${name}`);
    this.keyring = join(directory, `${name}.gpg`);
    mkdirSync(this.home, { mode: 0o700 });
    const time = at === undefined ? [] : ["--faked-system-time", at];
    this.gpg(
      ...time,
      "--passphrase",
      "",
      "--quick-generate-key",
      `${name} <${name}@example.org>`,
      algorithm,
      "sign",
      expires,
    );
    writeFileSync(this.keyring, this.gpg("--export"));
  }

  gpg(...args: string[]): Buffer {
    return execFileSync("gpg", ["--homedir", this.home, "--batch", "--yes", "--quiet", ...args], {
      stdio: ["pipe", "pipe", "pipe"],
    });
  }

  armored(): string {
    return this.gpg("--armor", "--export").toString();
  }

  /** Ends the agent that gpg has started. */
  close(): void {
    execFileSync("gpgconf", ["--homedir", this.home, "--kill", "all"]);
  }
}

export interface ReleaseRecipe {
  readonly suite?: string;
  readonly codename?: string;
  /** Further options of apt-ftparchive's Release, `Valid-Until: ...`. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly signature?: "inline" | "detached" | "none";
  readonly byHash?: boolean;
  readonly compressions?: readonly ("gz" | "xz" | "zst" | "")[];
  readonly at?: string;
}

/** Writes the indices of `root`/pool for `root`/dists/`suite`, as a mirror has them. */
export function publish(root: string, key: SigningKey, recipe: ReleaseRecipe = {}): void {
  const suite = recipe.suite ?? "stable";
  const dist = join(root, "dists", suite);
  const index = "main/binary-amd64/Packages";
  rmSync(dist, { recursive: true, force: true });
  const packages = execFileSync("apt-ftparchive", ["packages", "pool"], {
    cwd: root,
    stdio: ["pipe", "pipe", "pipe"],
    maxBuffer: 1 << 28,
  });
  const compress = { gz: "gzip", xz: "xz", zst: "zstd" };
  for (const form of recipe.compressions ?? ["xz", "gz"]) {
    const bytes = form === "" ? packages : execFileSync(compress[form], ["-c"], { input: packages });
    put(dist, form === "" ? index : `${index}.${form}`, bytes);
  }
  writeRelease(root, key, recipe);
}

/** Writes and signs the Release file over what is in the suite's directory. */
export function writeRelease(root: string, key: SigningKey, recipe: ReleaseRecipe = {}): void {
  const suite = recipe.suite ?? "stable";
  const dist = join(root, "dists", suite);
  for (const name of ["Release", "Release.gpg", "InRelease"]) rmSync(join(dist, name), { force: true });
  const fields: Record<string, string> = {
    Origin: "Test",
    Label: "Test",
    Suite: suite,
    Codename: recipe.codename ?? suite,
    Architectures: "amd64",
    Components: "main",
    ...(recipe.byHash === true ? { "Acquire-By-Hash": "yes" } : {}),
    ...recipe.fields,
  };
  const head = Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
  const sums = execFileSync("apt-ftparchive", ["-o", "APT::FTPArchive::Release::MD5=false", "release", "."], {
    cwd: dist,
  }).toString();
  // apt-ftparchive gives Date and the sums; the fields above are ours.
  put(dist, "Release", head + sums.replace(/^Date: .*\n/m, fields["Date"] === undefined ? "$&" : ""));
  if (recipe.byHash === true) hashLinks(dist);
  const time = recipe.at === undefined ? [] : ["--faked-system-time", recipe.at];
  const files = [join(dist, "Release")];
  if (recipe.signature === "detached")
    key.gpg(...time, "--armor", "-o", join(dist, "Release.gpg"), "--detach-sign", ...files);
  else if (recipe.signature !== "none") key.gpg(...time, "-o", join(dist, "InRelease"), "--clear-sign", ...files);
}

/** Moves the indices to by-hash names only, so that a reader must ask for these. */
function hashLinks(dist: string): void {
  const script =
    'for f in Packages*; do mkdir -p by-hash/SHA256; mv "$f" by-hash/SHA256/$(sha256sum "$f" | cut -c1-64); done';
  execFileSync("sh", ["-c", script], { cwd: join(dist, "main/binary-amd64") });
}

/** A server of static files with ranges; `answers` replaces the answer of single paths, `requests` records all. */
export class FileServer {
  readonly requests: string[] = [];
  readonly answers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
  readonly #server;

  private constructor(root: string) {
    this.#server = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname);
      this.requests.push(path);
      const answer = this.answers.get(path);
      if (answer !== undefined) answer(request, response);
      else serve(join(root, path), request, response);
    });
  }

  static async start(root: string): Promise<FileServer> {
    const server = new FileServer(root);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function serve(path: string, request: IncomingMessage, response: ServerResponse): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true) {
    response.writeHead(404).end("not here");
    return;
  }
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const headers = { "content-length": stat.size - start };
  if (start > 0)
    response.writeHead(206, { ...headers, "content-range": `bytes ${start}-${stat.size - 1}/${stat.size}` });
  else response.writeHead(200, headers);
  createReadStream(path, { start }).pipe(response);
}
