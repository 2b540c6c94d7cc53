// SPDX-License-Identifier: Apache-2.0
/**
 * Two releases of a host, of which the second has other files in twenty packages, on a server; and system roots that have
 * the first. Needs root. The first release is the head of the repository that `ATOMIC_BOOT_REPO` names, else the example
 * host, composed from Debian's mirror.
 */
import { execFileSync } from "node:child_process";
import { appendFileSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeTree, loadTreefile } from "../../src/compose/index.ts";
import { Repo } from "../../src/ostree/index.ts";
import { removeTree } from "../../src/base/index.ts";
import { root, stockOstree } from "./compare.ts";
import { startServer } from "./start-server.ts";

const changedPackages = 20;
const ref = "bench";
const stateroot = "debian";
const packageLists = "usr/lib/sysimage/dpkg/info";

const stock = stockOstree();
export const ostree = (...args: string[]): string =>
  execFileSync(stock, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

export interface HostMachine extends Disposable {
  readonly stock: string;
  /** `215 packages, 20 of them with other files: 812 files` */
  readonly description: string;
  readonly directory: string;
  /** Makes a system root that runs the first release, or brings it back to that. @returns its path */
  reset(name: string): string;
}

/** The directory is on a disk, for flushing is a part of an upgrade (`ATOMIC_BENCH_DIR`: another place). */
export async function makeHostMachine(): Promise<HostMachine> {
  const directory = mkdtempSync(join(process.env["ATOMIC_BENCH_DIR"] ?? tmpdir(), "atomic-bench-"));
  try {
    const site = join(directory, "site");
    ostree("init", `--repo=${site}`, "--mode=archive");
    const { first, description } = await makeReleases(site, directory);
    const server = await startServer(site);
    const dispose = () => {
      server.stop();
      removeTree(directory);
    };
    const reset = (name: string) => resetSysroot(join(directory, name), server.url, site, first);
    return { stock, description, directory, reset, [Symbol.dispose]: dispose };
  } catch (error) {
    removeTree(directory);
    throw error;
  }
}

async function makeReleases(site: string, directory: string): Promise<{ first: string; description: string }> {
  const source = process.env["ATOMIC_BOOT_REPO"] ?? (await composeExample(join(directory, "composed")));
  const [branch] = Repo.open(source).listRefs().keys();
  ostree("pull-local", `--repo=${site}`, source, branch!);
  const tree = join(directory, "tree");
  ostree("checkout", `--repo=${site}`, branch!, tree);
  // Stock ostree would rebuild the policy, which takes longer than all the rest; ours does when the administrator changed it.
  rmSync(join(tree, "usr/etc/selinux/config"), { force: true });
  const commit = (version: string) =>
    ostree(
      "commit",
      `--repo=${site}`,
      `--branch=${ref}`,
      `--tree=dir=${tree}`,
      `--add-metadata-string=version=${version}`,
    );
  const first = commit("1");
  const lists = readdirSync(join(tree, packageLists)).filter((name) => name.endsWith(".list"));
  const changed = changePackages(tree, lists);
  commit("2");
  removeTree(tree);
  ostree("refs", `--repo=${site}`, "--delete", branch!);
  const description = `${lists.length} packages, ${changedPackages} of them with other files: ${changed} files`;
  return { first, description };
}

async function composeExample(repo: string): Promise<string> {
  const treefile = loadTreefile(join(root, "examples/debian-container-host.yaml"));
  const cacheDir = process.env["ATOMIC_COMPOSE_CACHE"] ?? "/var/cache/atomic/compose";
  await composeTree({ treefile, repo: Repo.init(repo, "archive"), cacheDir, executable: join(root, "dist/atomic") });
  return repo;
}

/** Of packages evenly spread over the alphabet, without the kernel: the initramfs would be another. @returns files changed */
function changePackages(tree: string, lists: readonly string[]): number {
  const eligible = lists.filter((name) => !name.startsWith("linux-image")).toSorted();
  const step = eligible.length / changedPackages;
  const chosen = Array.from({ length: changedPackages }, (_, index) => eligible[Math.floor(index * step)]!);
  let changed = 0;
  for (const name of chosen)
    for (const path of readFileSync(join(tree, packageLists, name), "utf8").split("\n")) {
      const file = join(tree, path.startsWith("/etc/") ? `usr${path}` : path);
      if (path === "" || lstatSync(file, { throwIfNoEntry: false })?.isFile() !== true) continue;
      appendFileSync(file, "\n");
      changed++;
    }
  return changed;
}

function resetSysroot(path: string, url: string, site: string, first: string): string {
  const repo = join(path, "ostree/repo");
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
    const second = ostree("rev-parse", `--repo=${site}`, ref);
    ostree("refs", `--repo=${site}`, "--force", `--create=${ref}`, first);
    mkdirSync(path);
    ostree("admin", "init-fs", path);
    ostree("admin", "os-init", `--sysroot=${path}`, stateroot);
    ostree("remote", "add", `--repo=${repo}`, "--no-gpg-verify", "site", url);
    ostree("config", `--repo=${repo}`, "set", "sysroot.bootloader", "none");
    ostree("pull", `--repo=${repo}`, "site", ref);
    ostree("admin", "deploy", `--sysroot=${path}`, `--os=${stateroot}`, "--karg=rw", `site:${ref}`);
    ostree("refs", `--repo=${site}`, "--force", `--create=${ref}`, second);
    return path;
  }
  const deployments = ostree("admin", "status", `--sysroot=${path}`).match(/ [0-9a-f]{64}\.[0-9]+/g) ?? [];
  if (deployments.length > 1) ostree("admin", "undeploy", `--sysroot=${path}`, "0");
  ostree("refs", `--repo=${repo}`, "--force", `--create=site:${ref}`, first);
  ostree("prune", `--repo=${repo}`, "--refs-only");
  return path;
}
