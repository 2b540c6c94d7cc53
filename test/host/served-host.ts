// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { deploy, initSysroot, parseKernelArgs, Sysroot } from "../../src/host/index.ts";
import { pull, serveDirectory } from "../../src/ostree/index.ts";
import { bootInto, commitTree, ostree, ref, scratch, type TreeOptions } from "./fixture.ts";

export const origin = `site:${ref}`;

function packages(...list: [name: string, version: string][]): Record<string, string> {
  const entry = ([name, version]: [string, string]) =>
    `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`;
  return { "usr/lib/sysimage/dpkg/status": [["dpkg", "1.22"] as [string, string], ...list].map(entry).join("\n") };
}

export const releases: readonly (TreeOptions & { timestamp: string })[] = [
  {
    version: "13.1",
    timestamp: "2026-11-01T00:00:00Z",
    files: packages(["podman", "5.4"], ["old", "1"], ["sane", "2"]),
  },
  {
    version: "13.2",
    timestamp: "2026-11-08T00:00:00Z",
    kernel: "new",
    files: packages(["podman", "5.10"], ["new", "1"], ["sane", "1"]),
  },
];

/** A host that runs 13.1, and the server from which it came, where 13.2 is new. */
export async function hostAndServer(t: TestContext) {
  const root = scratch(t);
  const remote = join(root, "site");
  ostree("init", `--repo=${remote}`, "--mode=archive");
  commitTree(remote, root, releases[0]!);
  const server = await serveDirectory(remote);
  t.after(() => server.close());
  const path = join(root, "sysroot");
  mkdirSync(path);
  initSysroot(path, { stateroot: "debian" });
  ostree("remote", "add", `--repo=${path}/ostree/repo`, "--no-gpg-verify", "site", server.url);
  await pull(Sysroot.open(path).repo, { remote: "site", refs: [ref] });
  await deploy(Sysroot.open(path), {
    rev: origin,
    stateroot: "debian",
    kernelArgs: parseKernelArgs("rw quiet"),
    origin,
  });
  const release = (which: TreeOptions & { timestamp?: string }) => commitTree(remote, root, which);
  return { root, path, remote, release, running: () => bootInto(root, path) };
}
