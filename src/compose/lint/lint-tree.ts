// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import { readlinkSync } from "node:fs";
import { relative } from "node:path";
import { type DirNode, findNode, readTree, type Repo, scanTree } from "../../ostree/index.ts";
import { composeError } from "../errors.ts";
import { walk } from "../tree.ts";
import { didYouMean } from "../treefile/did-you-mean.ts";
import { allLints, lints } from "./lints.ts";
import type { Finding, LintedTree } from "./model.ts";

export interface LintOptions {
  /** Names of lints that are left out. */
  readonly skip?: readonly string[];
}

export interface LintReport {
  readonly findings: readonly Finding[];
  /** Lints that found nothing. */
  readonly passed: number;
  readonly skipped: number;
}

export function lintCommit(repo: Repo, rev: string, options: LintOptions = {}): LintReport {
  return lintTree({ ...describe(readTree(repo, rev)), committed: true, special: [], badNames: [] }, options);
}

/** Looks at a directory: a container's root, a checkout, what `compose install` leaves. */
export function lintDirectory(directory: string, options: LintOptions = {}): LintReport {
  const special: string[] = [];
  const badNames: string[] = [];
  const keeps = (mode: number) => [0o040000, 0o100000, 0o120000].includes(mode & 0o170000);
  const root = scanTree(directory, {
    xattrs: false,
    filter(path, mode) {
      // What is mounted there on a running system is no part of the tree.
      if (/^\/(?:dev|proc|sys)\//.test(path)) return false;
      const isLink = (mode & 0o170000) === 0o120000;
      if (!keeps(mode)) special.push(path);
      else if (isLink && !isUtf8(readlinkSync(`${directory}${path}`, "buffer"))) badNames.push(path);
      else return true;
      return false;
    },
    badName: (parent, name) => badNames.push(`/${relative(directory, `${parent}/${name}`)}`),
  });
  // Directories are read when they are looked at; all must have been before anything is said of names.
  for (const _ of walk(root));
  return lintTree({ ...describe(root), committed: false, special, badNames }, options);
}

function describe(root: DirNode): Pick<LintedTree, "root" | "etc"> {
  return { root, etc: findNode(root, "usr/etc") && !findNode(root, "etc") ? "usr/etc" : "etc" };
}

/** A lint that finds something everywhere would fill the memory and no one would read it. */
const findingsLimit = 1000;

function lintTree(tree: LintedTree, { skip = [] }: LintOptions): LintReport {
  for (const name of skip) requireLint(name);
  const chosen = lints.filter(({ name }) => !skip.includes(name));
  const found = chosen.map(({ name, severity, hint, check }) =>
    Iterator.from(check(tree))
      .take(findingsLimit)
      .map((one): Finding => ({ lint: name, severity, ...one, hint }))
      .toArray(),
  );
  return {
    findings: found.flat(),
    passed: found.filter(({ length }) => length === 0).length,
    skipped: lints.length - chosen.length,
  };
}

export function requireLint(name: string): void {
  const names = allLints.map((lint) => lint.name);
  if (names.includes(name)) return;
  throw composeError("unknown-lint", `no lint is called ${name}`, {
    hint: "`atomic compose lint --list` names them",
    ...didYouMean(name, names),
  });
}
