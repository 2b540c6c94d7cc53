// SPDX-License-Identifier: Apache-2.0
/** The changes that are cut short, each with a system root to begin with. Tiny trees: what counts is the number of calls. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  cleanup,
  commitVersion,
  deploy,
  type Deployment,
  finalizeStaged,
  initSysroot,
  originFromRefspec,
  rollback,
  Sysroot,
  upgrade,
} from "../../src/host/index.ts";
import { addRemote, pull } from "../../src/ostree/index.ts";
import { commitTree, ostree, ref, type TreeOptions } from "../host/fixture.ts";

export interface Scenario {
  /** Fills an empty directory; what the change starts from is in `sysroot`. */
  prepare(directory: string): Promise<void>;
  /** The change; done a second time it must succeed as well. */
  change(directory: string): Promise<void>;
  /** Several threads change things: which call comes first is not the same every time, so that some are missed. */
  readonly threads?: boolean;
  /** Versions that may boot after it was cut short; undefined: none yet. The last is what boots when it is done. */
  readonly boots: readonly (string | undefined)[];
}

const origin = `site:${ref}`;
const stateroot = "debian";
const startFinalizer = async () => {};

export const releases: Readonly<Record<"13.1" | "13.2", TreeOptions & { readonly timestamp: string }>> = {
  "13.1": { version: "13.1", timestamp: "2026-11-01T00:00:00Z" },
  "13.2": {
    version: "13.2",
    timestamp: "2026-11-08T00:00:00Z",
    kernel: "new kernel",
    // With the unit a version is on trial at first.
    files: { "usr/bin/added": "x", "usr/lib/systemd/system/atomic-boot-passed.service": "[Unit]" },
  },
};

const open = (directory: string): Sysroot => Sysroot.open(join(directory, "sysroot"));

const versionOf = (sysroot: Sysroot, { checksum }: Deployment) => commitVersion(sysroot.repo, checksum);

/** As if the machine ran the first release. */
function openRunning(directory: string): Sysroot {
  const path = join(directory, "sysroot");
  const sysroot = Sysroot.open(path);
  const root = sysroot.directory(sysroot.deployments.find((deployment) => versionOf(sysroot, deployment) === "13.1")!);
  return Sysroot.open(path, { run: join(directory, "run"), root });
}

function publish(directory: string, version: keyof typeof releases): void {
  commitTree(join(directory, "site"), directory, releases[version]);
}

async function fetch(directory: string): Promise<void> {
  await pull(open(directory).repo, { remote: "site", refs: [ref] });
}

/** An empty system root that has the first release in its repository. */
async function prepareFetched(directory: string): Promise<void> {
  mkdirSync(join(directory, "sysroot"));
  const site = join(directory, "site");
  ostree("init", `--repo=${site}`, "--mode=archive");
  publish(directory, "13.1");
  const { repo } = initSysroot(join(directory, "sysroot"), { stateroot });
  addRemote(repo, "site", { url: `file://${site}`, set: new Map([["gpg-verify", false]]) });
  await fetch(directory);
}

async function deployFirst(directory: string): Promise<void> {
  const request = { rev: origin, stateroot, kernelArgs: ["rw"], origin: originFromRefspec(origin) };
  await deploy(open(directory), request);
}

/** A host with the first release and a changed /etc; the second is published. */
export async function prepareInstalled(directory: string): Promise<void> {
  await prepareFetched(directory);
  await deployFirst(directory);
  const sysroot = open(directory);
  writeFileSync(join(sysroot.directory(sysroot.deployments[0]!), "etc/own.conf"), "own");
  publish(directory, "13.2");
}

/** As `prepareInstalled`, and the second release is downloaded. */
async function prepareDownloaded(directory: string): Promise<void> {
  await prepareInstalled(directory);
  await fetch(directory);
}

/** Both releases; the second would boot. */
async function prepareBoth(directory: string): Promise<void> {
  await prepareInstalled(directory);
  await upgrade(open(directory));
}

/** A machine that runs the first release and has staged the second. */
async function prepareStaged(directory: string): Promise<void> {
  await prepareInstalled(directory);
  mkdirSync(join(directory, "run/ostree"), { recursive: true });
  writeFileSync(join(directory, "run/ostree-booted"), "");
  await upgrade(openRunning(directory), { startFinalizer });
}

export const scenarios = {
  "fresh deploy": {
    prepare: prepareFetched,
    change: async (directory) => {
      if (open(directory).deployments.length === 0) await deployFirst(directory);
    },
    boots: [undefined, "13.1"],
  },
  download: {
    prepare: prepareInstalled,
    change: async (directory) => void (await upgrade(open(directory), { downloadOnly: true })),
    threads: true,
    boots: ["13.1"],
  },
  upgrade: {
    prepare: prepareDownloaded,
    change: async (directory) => void (await upgrade(open(directory), { cacheOnly: true })),
    boots: ["13.1", "13.2"],
  },
  "staged upgrade": {
    prepare: prepareStaged,
    change: async (directory) => {
      // What was staged and cut short is gone with the reboot: it is staged again.
      const sysroot = openRunning(directory);
      if (sysroot.staged === undefined) await upgrade(sysroot, { startFinalizer });
      await finalizeStaged(openRunning(directory));
    },
    boots: ["13.1", "13.2"],
  },
  rollback: {
    prepare: prepareBoth,
    change: async (directory) => {
      const sysroot = open(directory);
      if (versionOf(sysroot, sysroot.deployments[0]!) === "13.1") await rollback(sysroot);
      await rollback(open(directory));
    },
    boots: ["13.2", "13.1"],
  },
  cleanup: {
    prepare: prepareBoth,
    change: async (directory) => void (await cleanup(open(directory), { rollback: true })),
    boots: ["13.2", "13.2"],
  },
} satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;
