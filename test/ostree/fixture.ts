// SPDX-License-Identifier: Apache-2.0
import { execFile, execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readXattrs, removeTree, setXattr } from "../../src/base/index.ts";
import {
  type Checksum,
  refBinding,
  type Repo,
  scanTree,
  writeCommit,
  writeTree,
  type WriteTreeOptions,
} from "../../src/ostree/index.ts";

/** A directory that is removed when the scope ends: `using scratch = temporary()`. */
export function temporary(): { path: string } & Disposable {
  if (process.geteuid?.() !== 0) throw new Error("these tests make files of several owners: run them as root");
  const path = mkdtempSync(join(tmpdir(), "atomic-test-"));
  return { path, [Symbol.dispose]: () => removeTree(path) };
}

/** Runs the stock `ostree` program; its standard output. */
export function stock(...args: string[]): string {
  return execFileSync("ostree", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** As `stock`, while this process goes on: for a client of a server in this process. */
export async function stockAsync(...args: string[]): Promise<string> {
  return (await promisify(execFile)("ostree", args)).stdout;
}

/** The tree of the reference vectors: every kind of name, mode, link and attribute that a commit can hold. */
export function makeReferenceTree(path: string): void {
  const file = (name: string, content: string | Uint8Array, mode = 0o644) => {
    writeFileSync(join(path, name), content);
    chmodSync(join(path, name), mode);
  };
  for (const name of ["", "emptydir", "zz", "sub", "sub/deep"]) mkdirSync(join(path, name));
  file("empty", "", 0o600);
  file("hello.txt", "hello\n");
  symlinkSync("hello.txt", join(path, "link"));
  file("ro", "ro\n", 0o444);
  file("run.sh", "#!/bin/sh\necho hi\n", 0o755);
  file("sgid", "sgid\n", 0o2755);
  file("suid", "setuid\n", 0o4755);
  file("ww", "sticky-ww\n", 0o666);
  symlinkSync("/abs/target/does/not/exist", join(path, "sub/abslink"));
  file("sub/café", "utf8\n");
  linkSync(join(path, "hello.txt"), join(path, "sub/hardlink"));
  file("sub/xa", "xattr file\n", 0o640);
  chownSync(join(path, "sub/xa"), 1000, 1001);
  setXattr(join(path, "sub/xa"), "user.b", Buffer.from("bbb"));
  setXattr(join(path, "sub/xa"), "user.a", Buffer.from([0, 1, 0xff]));
  file("sub/zeros", Buffer.alloc(300_000));
  file("sub/deep/x", "x");
  chmodSync(join(path, "sub/deep"), 0o700);
  setXattr(join(path, "zz"), "user.dir", Buffer.from("d1"));
  chmodSync(join(path, "zz"), 0o2775);
  chmodSync(join(path, "emptydir"), 0o1777);
  for (const name of ["", "sub"]) chmodSync(join(path, name), 0o755);
}

/** Enough small files for an operation to go to its worker threads; one in ten is a copy of another, some are links. */
export function makeManyFiles(path: string, count: number): void {
  for (let index = 0; index < count; index++) {
    const directory = join(path, `d${index % 37}`, `e${index % 5}`);
    mkdirSync(directory, { recursive: true });
    const content = `file ${index - (index % 10 === 0 ? 10 : 0)}\n`.repeat(1 + (index % 200));
    if (index % 50 === 7) symlinkSync(`target-${index}`, join(directory, `l${index}`));
    else writeFileSync(join(directory, `f${index}`), content, { mode: index % 3 === 0 ? 0o755 : 0o644 });
  }
}

/** Commits a directory with our engine; the commit's checksum. */
export async function commitDirectory(
  repo: Repo,
  path: string,
  ref: string,
  options: WriteTreeOptions = {},
): Promise<Checksum> {
  const written = await writeTree(repo, scanTree(path), options);
  return writeCommit(repo, { ...written, timestamp: 0, metadata: new Map([refBinding([ref])]), ref });
}

/** Every file below a directory as `find` sees it: type, mode, owner, size, link target and attributes. */
export function describeTree(path: string): string[] {
  return [...describe(path, "")];
}

function* describe(path: string, inner: string): Generator<string> {
  const stat = lstatSync(path);
  const kind = stat.isDirectory() ? "d" : stat.isSymbolicLink() ? "l" : stat.isFile() ? "f" : "other";
  const content = kind === "l" ? readlinkSync(path) : kind === "f" ? hash("sha256", readFileSync(path)) : "";
  const xattrs = readXattrs(path)
    .filter(({ name }) => name !== "user.ostreemeta")
    .map(({ name, value }) => `${name}=${Buffer.from(value).toString("hex")}`)
    .sort();
  yield `${inner || "/"} ${kind}${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid} ${content} ${xattrs.join(" ")}`;
  if (kind !== "d") return;
  for (const name of readdirSync(path).sort()) yield* describe(join(path, name), `${inner}/${name}`);
}
