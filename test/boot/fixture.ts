// SPDX-License-Identifier: Apache-2.0
/** Two releases of the example container host or of another, and a disk with the first one. Needs root, the mirror and QEMU. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDirectories, run } from "../../src/base/index.ts";
import { composeTree, loadTreefile } from "../../src/compose/index.ts";
import { commitVersion } from "../../src/host/index.ts";
import { buildImage, emulationArguments, servePort, startMachine, type Machine } from "../../src/image/index.ts";
import { type Checksum, Repo, type RunningServer, serveDirectory } from "../../src/ostree/index.ts";

const root = join(import.meta.dirname, "../..");
const cacheDir = process.env["ATOMIC_COMPOSE_CACHE"] ?? "/var/cache/atomic/compose";

export interface Release {
  readonly commit: Checksum;
  readonly version: string;
}

export interface Fixture extends Disposable {
  readonly directory: string;
  readonly repo: Repo;
  readonly ref: string;
  readonly first: Release;
  readonly second: Release;
  /** Raw disk with the first release; machines start from it with `snapshot` or an overlay. */
  readonly disk: string;
}

/** What the second release has more, besides its version. */
const changes = `
packages: [tree]
`;

/** Writes the treefiles of two releases and returns their paths. */
type WriteTreefiles = (directory: string) => Promise<readonly [first: string, second: string]>;

/**
 * Composes the releases, or takes the last two of the repository that `ATOMIC_BOOT_REPO` names (`quickstart/repo` after a
 * quickstart), which is quicker.
 * @param port of the server that the disk's remote leads to
 */
export async function makeFixture(
  treefiles: WriteTreefiles = debianTreefiles,
  port = servePort,
  kernelArgs: readonly string[] = emulationArguments,
): Promise<Fixture> {
  const directory = mkdtempSync(join(tmpdir(), "atomic-boot-"));
  const given = process.env["ATOMIC_BOOT_REPO"];
  const releases =
    given === undefined ? await composeReleases(directory, await treefiles(directory)) : lastTwo(Repo.open(given));
  const { repo, ref, first, second } = releases;
  const disk = join(directory, "disk.raw");
  repo.setRef(ref, first.commit);
  await buildImage({
    repo: repo.path,
    ref,
    output: disk,
    format: "raw",
    kernelArgs,
    remoteUrl: `http://10.0.2.2:${port}`,
    gpgVerify: false,
  });
  const dispose = () => {
    repo.setRef(ref, second.commit);
    rmSync(directory, { recursive: true, force: true });
  };
  return { directory, ...releases, disk, [Symbol.dispose]: dispose };
}

type Releases = Pick<Fixture, "repo" | "ref" | "first" | "second">;

function debianTreefiles(directory: string): ReturnType<WriteTreefiles> {
  const example = join(root, "examples/debian-container-host.yaml");
  const next = join(directory, "second.yaml");
  writeFileSync(next, `include: ${example}\n${changes}`);
  return Promise.resolve([example, next]);
}

/** The example host with more packages; the second release has what that of the example has. */
export function exampleWith(packages: string): WriteTreefiles {
  return (directory) => {
    const [first, second] = [join(directory, "first.yaml"), join(directory, "second.yaml")];
    writeFileSync(first, `include: ${join(root, "examples/debian-container-host.yaml")}\npackages: [${packages}]\n`);
    writeFileSync(second, `include: first.yaml\n${changes}`);
    return Promise.resolve([first, second]);
  };
}

async function composeReleases(directory: string, treefiles: readonly string[]): Promise<Releases> {
  const repo = Repo.init(join(directory, "repo"), "archive");
  for (const path of treefiles) await composeRelease(repo, path);
  return lastTwo(repo);
}

/** Composes one release more; the ref leads to it then. */
export async function composeRelease(repo: Repo, treefile: string): Promise<Release> {
  const executable = join(root, "dist/atomic");
  if (!existsSync(executable)) await run(process.execPath, ["tools/build.ts", "--executable"], { cwd: root });
  const { commit } = await composeTree({ treefile: loadTreefile(treefile), repo, cacheDir, executable });
  if (commit === undefined) throw new Error(`${treefile} made no commit`);
  return { commit, version: commitVersion(repo, commit) ?? "" };
}

function lastTwo(repo: Repo): Releases {
  const [ref, ...others] = repo.listRefs().keys();
  if (ref === undefined || others.length > 0) throw new Error(`${repo.path} should have one ref`);
  const second = repo.resolve(ref);
  const first = repo.loadCommit(second).parent;
  if (first === undefined) throw new Error(`${repo.path}: ${ref} has one release only`);
  const release = (commit: Checksum) => ({ commit, version: commitVersion(repo, commit) ?? "" });
  return { repo, ref, first: release(first), second: release(second) };
}

/** Lets the machine's next upgrade find the second release. */
export function publish({ repo, ref }: Fixture, release: Release): void {
  repo.setRef(ref, release.commit);
}

/** @param port what the disk was made with */
export function serve(directory: string, port = servePort): Promise<RunningServer> {
  return serveDirectory(directory, { port });
}

/** A tar file of a root file system with busybox, for \`podman import\`. */
export async function makeBusyboxTar(path: string): Promise<void> {
  const tree = mkdtempSync(join(tmpdir(), "atomic-busybox-"));
  makeDirectories(join(tree, "bin"));
  await run("cp", ["/bin/busybox", join(tree, "bin/busybox")]);
  await run("ln", ["-s", "busybox", join(tree, "bin/sh")]);
  await run("tar", ["-C", tree, "-cf", path, "."]);
  rmSync(tree, { recursive: true });
}

/** Reads the journal as an administrator does: in the domain of a service, which the machine's shell is, journalctl is confined. */
export function journal(words: string): string {
  return `runcon -t unconfined_t sh -c 'journalctl --no-pager -o cat ${words} | cat'`;
}

/** Starts a machine; with \`ATOMIC_BOOT_LOG\` set its console is written to standard error. */
export function start(options: Parameters<typeof startMachine>[0]): Promise<Machine> {
  const verbose = process.env["ATOMIC_BOOT_LOG"] !== undefined;
  return startMachine({ ...options, ...(verbose ? { onConsole: (text) => void process.stderr.write(text) } : {}) });
}

interface StatusDeployment {
  readonly booted: boolean;
  readonly staged: boolean;
  readonly version: string;
  readonly checksum: string;
}

export async function deployments(machine: Machine): Promise<StatusDeployment[]> {
  const { output } = await machine.run("atomic host status --json");
  return (JSON.parse(output) as { deployments: StatusDeployment[] }).deployments;
}
