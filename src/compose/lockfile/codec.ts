// SPDX-License-Identifier: Apache-2.0
import { plainYaml } from "../../formats/index.ts";
import { composeError } from "../errors.ts";
import { isPlainMap } from "../treefile/kinds.ts";
import { isYaml } from "../treefile/parse.ts";
import { yamlDocument } from "../yaml-document.ts";
import type { LockedPackage, Lockfile, PackageToLock } from "./model.ts";

/** The whole of a distribution is some 10 MB; the cap keeps a wrong file from being parsed. */
const sizeLimit = 64 << 20;

/**
 * Reads a lockfile, JSON or YAML; unknown keys are errors in both (rpm-ostree rust/src/lockfile.rs).
 * @param path for messages, and to tell YAML from JSON
 */
export function decodeLockfile(text: string, path: string): Lockfile {
  if (text.length > sizeLimit) throw composeError("lockfile", `${path}: larger than ${sizeLimit} bytes`);
  const value = requireKeys(parse(text, path), ["packages", "metadata"], path);
  const packages = value["packages"];
  if (packages === undefined) throw composeError("lockfile", `${path}: no key packages`);
  if (!isPlainMap(packages)) throw composeError("lockfile", `${path}: packages must be a map`);
  return {
    packages: new Map(
      Object.entries(packages).map(([name, one]) => [name, lockedPackage(one, `${path}: packages: ${name}`)]),
    ),
  };
}

function parse(text: string, path: string): unknown {
  if (isYaml(path)) {
    const root = yamlDocument(text, path, "lockfile", sizeLimit);
    return root && plainYaml(root);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw composeError("lockfile", `${path}: ${(error as Error).message.split("\n")[0]}`, { cause: error });
  }
}

function requireKeys(value: unknown, known: readonly string[], where: string): Record<string, unknown> {
  if (!isPlainMap(value)) throw composeError("lockfile", `${where}: must be a map`);
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw composeError("lockfile", `${where}: unknown key ${unknown}`);
  return value;
}

function lockedPackage(value: unknown, where: string): LockedPackage {
  const { evr, evra, digest, metadata } = requireKeys(value, ["evr", "evra", "digest", "metadata"], where);
  if (typeof (evr ?? evra) !== "string" || (evr !== undefined && evra !== undefined)) {
    throw composeError("lockfile", `${where}: either evr or evra must be given, as a string`);
  }
  if (typeof (digest ?? "") !== "string") throw composeError("lockfile", `${where}: digest must be a string`);
  if (!isPlainMap(metadata ?? {})) throw composeError("lockfile", `${where}: metadata must be a map`);
  return {
    ...(typeof evr === "string" ? { version: withoutZero(evr) } : splitEvra(evra as string, where)),
    ...(typeof digest === "string" && { digest }),
    ...(isPlainMap(metadata) && { metadata }),
  };
}

function splitEvra(evra: string, where: string): { version: string; architecture: string } {
  const dot = evra.lastIndexOf(".");
  if (dot < 1) throw composeError("lockfile", `${where}: malformed evra ${evra}`);
  return { version: withoutZero(evra.slice(0, dot)), architecture: evra.slice(dot + 1) };
}

/** An epoch of 0 is the same as none. */
function withoutZero(evr: string): string {
  return evr.startsWith("0:") ? evr.slice(2) : evr;
}

export interface LockfileOrigin {
  readonly format: "rpm" | "deb";
  /** Seconds since 1970; only the day is written, so that a lockfile made twice in a day is the same. */
  readonly now: number;
  /** When each repository was made, seconds since 1970, by its identifier. */
  readonly repositories: ReadonlyMap<string, number>;
}

/** Writes rpm-ostree's lockfile; Debian's repositories and source packages have keys of their own. */
export function encodeLockfile(packages: readonly PackageToLock[], origin: LockfileOrigin): string {
  const debian = origin.format === "deb";
  const repositories = inOrder(origin.repositories, (made) => ({ generated: time(made) }));
  return `${JSON.stringify(
    {
      packages: inOrder(
        packages.map((one): [string, PackageToLock] => [one.name, one]),
        ({ version, architecture, digest, source }) => ({
          evra: `${version}.${architecture}`,
          digest,
          ...(source !== undefined && { metadata: { [debian ? "source" : "sourcerpm"]: source } }),
        }),
      ),
      metadata: {
        generated: time(origin.now - (origin.now % 86_400)),
        [debian ? "apt_sources" : "rpmmd_repos"]: repositories,
      },
    },
    undefined,
    2,
  )}\n`;
}

function inOrder<T>(entries: Iterable<readonly [string, T]>, write: (value: T) => unknown): Record<string, unknown> {
  return Object.fromEntries(
    [...entries]
      .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([key, value]) => [key, write(value)]),
  );
}

function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
