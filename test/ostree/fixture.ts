// SPDX-License-Identifier: Apache-2.0
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, chownSync, linkSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { removeTree, setXattr } from "../../src/base/index.ts";

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
