// SPDX-License-Identifier: Apache-2.0
/** The repository from TypeScript, without the command line: commit, read, pull with progress, verify, check out. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  checkout,
  commitDirectory,
  fsck,
  listTree,
  openInCommit,
  ostreeError,
  pull,
  Repo,
  serveDirectory,
  updateSummary,
} from "atomic-host/ostree";

const work = mkdtempSync(join(tmpdir(), "atomic-example-"));

// A repository to publish, with one commit of a directory.
mkdirSync(join(work, "tree/usr/bin"), { recursive: true });
writeFileSync(join(work, "tree/usr/bin/hello"), "#!/bin/sh\necho hello\n", { mode: 0o755 });
const published = Repo.init(join(work, "published"), "archive");
const commit = await commitDirectory(published, join(work, "tree"), {
  branch: "site/app",
  subject: "First version",
  metadata: new Map([["version", { type: "s", value: "1.0" }]]),
  // The same input then gives the same checksum, on every machine.
  timestamp: 0,
  uid: 0,
  gid: 0,
  noXattrs: true,
});
await updateSummary(published);

// Another machine pulls it over HTTP. Signatures are wanted unless one says otherwise.
await using server = await serveDirectory(published.path);
const local = Repo.init(join(work, "local"), "bare-user");
const { refs } = await pull(
  local,
  { url: `http://127.0.0.1:${server.port}/`, refs: ["site/app"], gpgVerify: false },
  (event) => {
    if (event.type === "steps") process.stderr.write(`${event.done} of ${event.total ?? "?"} ${event.unit}\r`);
  },
);
console.log("pulled", refs.get("site/app") === commit ? "what was published" : "something else");

// What is in it, without checking it out.
console.log("version", local.loadCommit(commit).metadata.get("version")?.value);
for (const { kind, path } of listTree(local, "site/app", "/", Infinity)) console.log(kind, path);
console.log(openInCommit(local, "site/app", "/usr/bin/hello").content().toString().split("\n")[0]);

// Every object against its checksum; then by hard link into a directory.
const { findings, objects } = await fsck(local);
console.log(`${objects} objects, ${findings.length} damaged`);
await checkout(local, "site/app", join(work, "checkout"), { user: true });

// Errors have codes from a closed set, and often a hint.
try {
  local.resolve("no/such/ref");
} catch (error) {
  if (!ostreeError.is(error, "no-such-ref")) throw error;
  console.log("refused:", (error as Error).message);
}
rmSync(work, { recursive: true });
