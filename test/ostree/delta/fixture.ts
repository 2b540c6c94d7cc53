// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setXattr } from "../../../src/base/index.ts";
import { asChecksum, type Checksum } from "../../../src/ostree/index.ts";
import { makeReferenceTree, stock } from "../fixture.ts";

/** Bytes that do not compress, the same for the same seed. */
export function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed >>> 0 || 1;
  for (let index = 0; index < length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state & 0xff;
  }
  return bytes;
}

/** Bytes that compare well with themselves at other places: numbered lines. */
export function lines(count: number, tag: string): Buffer {
  return Buffer.from(Array.from({ length: count }, (_, index) => `${tag} line ${index * 7919} of the file\n`).join(""));
}

export interface TwoCommits {
  readonly from: Checksum;
  readonly to: Checksum;
}

/**
 * Two commits of a tree of which every kind of file changes, in an archive repository that stock makes: patched and
 * shifted files (rollsum, bsdiff), new and removed ones, a file above 4 MB, links, modes, attributes.
 */
export function makeTwoCommits(repo: string, directory: string): TwoCommits {
  const tree = join(directory, "tree");
  makeReferenceTree(tree);
  const put = (name: string, content: string | Uint8Array) => writeFileSync(join(tree, name), content);
  const program = noise(200_000, 1);
  const long = noise(5_000_000, 2);
  mkdirSync(join(tree, "lib"));
  put("lib/program", program);
  put("lib/text", lines(20_000, "a"));
  put("lib/long", long);
  put("lib/renamed-1.0", noise(90_000, 3));
  setXattr(join(tree, "lib/program"), "user.program", Buffer.from("one"));
  stock("init", `--repo=${repo}`, "--mode=archive");
  stock("commit", `--repo=${repo}`, "-b", "test", "-s", "One", `--tree=dir=${tree}`);
  for (let at = 1000; at < program.length; at += 20_000) program[at]! ^= 0x55;
  put("lib/program", program);
  put("lib/text", Buffer.concat([Buffer.from("a new first line\n"), lines(20_000, "a"), Buffer.from("and a last\n")]));
  long[2_500_000]! ^= 1;
  put("lib/long", Buffer.concat([Buffer.from("inserted"), long]));
  renameSync(join(tree, "lib/renamed-1.0"), join(tree, "lib/renamed-1.1"));
  put("lib/new", noise(70_000, 4));
  put("lib/new-text", lines(5000, "b"));
  put("lib/unlike-any-other", noise(1_500_000, 5));
  put("lib/empty-new", "");
  put("hello.txt", "hello again\n");
  symlinkSync("new", join(tree, "lib/new-link"));
  chmodSync(join(tree, "lib/new"), 0o4755);
  setXattr(join(tree, "lib/new"), "user.c", Buffer.from([1, 2, 0, 3]));
  stock("commit", `--repo=${repo}`, "-b", "test", "-s", "Two", `--tree=dir=${tree}`);
  const rev = (name: string) => asChecksum(stock("rev-parse", `--repo=${repo}`, name).trim());
  return { from: rev("test^"), to: rev("test") };
}
