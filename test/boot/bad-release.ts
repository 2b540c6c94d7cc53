// SPDX-License-Identifier: Apache-2.0
/** Releases that do not come up: the first one of a fixture with something that breaks it. */
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { makeDirectories } from "../../src/base/index.ts";
import { overlayTree, readTree, scanTree, writeCommit, writeTree } from "../../src/ostree/index.ts";
import type { Fixture, Release } from "./fixture.ts";

const units = "usr/lib/systemd/system";

/** What each kind has more than a good release. */
const faults = {
  "health check": {
    "usr/lib/atomic/health/required.d/10-service": "#!/bin/sh\necho the service does not answer >&2\nexit 1\n",
  },
  panic: {
    [`${units}/panic.service`]:
      "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo c >/proc/sysrq-trigger'\n",
    [`${units}/sysinit.target.wants/panic.service`]: "-> ../panic.service",
  },
  hang: {
    [`${units}/hang.service`]:
      "[Unit]\nBefore=multi-user.target\n[Service]\nType=oneshot\nTimeoutStartSec=infinity\nExecStart=/bin/sleep infinity\n",
    [`${units}/multi-user.target.wants/hang.service`]: "-> ../hang.service",
    [`${units}/atomic-boot-deadline.timer.d/soon.conf`]: "[Timer]\nOnBootSec=\nOnBootSec=50\n",
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

export type Fault = keyof typeof faults;

/** Commits the release; it is not published yet. */
export async function makeBadRelease({ repo, ref, first }: Fixture, fault: Fault): Promise<Release> {
  const version = `13.9-${fault.replace(" ", "-")}`;
  const tree = readTree(repo, first.commit);
  overlayTree(tree, writeFault(faults[fault]));
  const written = await writeTree(repo, tree, {});
  const metadata = new Map([
    ...repo.loadCommit(first.commit).metadata,
    ["version", { type: "s", value: version }] as const,
  ]);
  const timestamp = BigInt(Math.floor(Date.now() / 1000));
  const commit = writeCommit(repo, { ...written, timestamp, parent: first.commit, metadata });
  void ref;
  return { commit, version };
}

function writeFault(files: Readonly<Record<string, string>>) {
  const directory = mkdtempSync(join(tmpdir(), "atomic-fault-"));
  for (const [path, text] of Object.entries(files)) {
    const file = join(directory, path);
    makeDirectories(dirname(file));
    if (text.startsWith("-> ")) symlinkSync(text.slice(3), file);
    else writeFileSync(file, text);
    if (text.startsWith("#!")) chmodSync(file, 0o755);
  }
  chmodSync(directory, 0o755);
  const tree = scanTree(directory);
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  return tree;
}
