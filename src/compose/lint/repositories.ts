// SPDX-License-Identifier: Apache-2.0
/** Lints of the repositories that a treefile names. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AtomicError, getBytes } from "../../base/index.ts";
import {
  distributionUrl,
  fetchRepomd,
  packageError,
  readRepoFiles,
  repoVariables,
  type RpmSource,
} from "../../packages/index.ts";
import { aptSources } from "../resolve.ts";
import type { Treefile } from "../treefile/model.ts";
import type { Finding, Lint } from "./model.ts";

export const repositoryLints = [
  {
    name: "missing-repo",
    severity: "error",
    about: "Every repository that the treefile names is in a .repo file beside it.",
    hint: "write a .repo file with a section of that name",
  },
  {
    name: "repo-file",
    severity: "error",
    about: "The .repo files beside the treefile can be read.",
    hint: "see dnf.conf(5), `REPO OPTIONS`",
  },
  {
    name: "unverified-repo",
    severity: "warning",
    about: "Packages are signed and the keys are given: whoever is between here and the repository could change them.",
    hint: "write gpgcheck=1 and gpgkey=... into the .repo file",
  },
  {
    name: "unreachable-repo",
    severity: "error",
    about: "The repositories answer.",
    hint: "--offline does not ask them",
  },
] as const satisfies readonly Omit<Lint, "check">[];

type Name = (typeof repositoryLints)[number]["name"];

function finding(name: Name, text: string): Finding {
  const { severity, hint } = repositoryLints.find((lint) => lint.name === name)!;
  return { lint: name, severity, text, hint };
}

export async function checkRepositories(treefile: Treefile, offline: boolean): Promise<Finding[]> {
  if (treefile.format === "deb") return offline ? [] : checkApt(treefile);
  const read = readSources(treefile);
  if ("lint" in read) return [read];
  const wanted = treefile.repos ?? read.filter(({ enabled = true }) => enabled).map(({ id }) => id);
  const names = [...wanted, ...treefile.lockfileRepos, ...treefile.repoPackages.map(({ repo }) => repo)];
  if (names.length === 0) return [finding("missing-repo", `no repos, and no .repo file in ${treefile.repoDirectory}`)];
  const known = new Map(read.map((source) => [source.id, source]));
  const named = [...new Set(names)];
  const sources = named.flatMap((id) => known.get(id) ?? []);
  const missing = named.filter((id) => !known.has(id));
  return [
    ...missing.map((id) => finding("missing-repo", `${id} is in no .repo file of ${treefile.repoDirectory}`)),
    ...sources.flatMap(unverified),
    ...(offline ? [] : (await Promise.all(sources.map(unreachable))).flat()),
  ];
}

function readSources({ repoDirectory, basearch, releasever, repovars }: Treefile): readonly RpmSource[] | Finding {
  const variables = repoVariables({ arch: basearch, ...(releasever !== undefined && { releasever }) });
  try {
    return readRepoFiles(repoDirectory, new Map([...variables, ...repovars])).sources;
  } catch (error) {
    if (!packageError.is(error, "repo-file")) throw error;
    return finding("repo-file", error.message);
  }
}

function unverified({ id, gpgCheck = true, gpgKeys = [] }: RpmSource): Finding[] {
  if (!gpgCheck) return [finding("unverified-repo", `${id}: gpgcheck=0`)];
  return gpgKeys.length === 0 ? [finding("unverified-repo", `${id}: no gpgkey`)] : [];
}

/** A repository that is there answers within this many seconds. */
const patience = 10;

async function unreachable(source: RpmSource): Promise<Finding[]> {
  const cacheDir = mkdtempSync(join(tmpdir(), "atomic-lint-"));
  const connection = { ...source.connection, timeout: patience, retries: 1 };
  try {
    return await answer(
      () => fetchRepomd({ ...source, connection }, { cacheDir, offline: false, now: Date.now() / 1000 }),
      source.id,
    );
  } finally {
    rmSync(cacheDir, { recursive: true });
  }
}

async function checkApt(treefile: Treefile): Promise<Finding[]> {
  const urls = new Set(aptSources(treefile).map(distributionUrl));
  const answers = [...urls].map((url) =>
    answer(async () => {
      const [inline, plain] = [`${url}/InRelease`, `${url}/Release`].map((one) =>
        getBytes(one, 32 << 20, { idleSeconds: patience, retries: 1 }),
      );
      if ((await inline) === undefined && (await plain) === undefined) {
        throw packageError("not-found", `${url}: there is no Release file`);
      }
      await plain;
    }),
  );
  return (await Promise.all(answers)).flat();
}

async function answer(ask: () => Promise<unknown>, name?: string): Promise<Finding[]> {
  try {
    await ask();
    return [];
  } catch (error) {
    if (!(error instanceof AtomicError)) throw error;
    return [
      finding("unreachable-repo", name === undefined ? error.message : `${name}: ${unnamed(name, error.message)}`),
    ];
  }
}

/** Some messages begin with the repository's name, some do not. */
function unnamed(name: string, message: string): string {
  return message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
}
