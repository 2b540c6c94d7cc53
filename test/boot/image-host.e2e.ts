// SPDX-License-Identifier: Apache-2.0
/**
 * A host that follows a container image: it comes from a branch, is rebased to an image in a registry (Debian's
 * docker-registry), upgraded to the next one and rolled back. In this order: tests go on where the one before left the machine.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { encapsulateCommit, type EncapsulatedCommit } from "../../src/compose/index.ts";
import type { Machine } from "../../src/image/index.ts";
import { parseImage } from "../../src/ostree/index.ts";
import { type Registry, startRegistry } from "../host/registry.ts";
import { exampleWith, type Fixture, makeFixture, type Release, start } from "./fixture.ts";

let fixture: Fixture;
let machine: Machine;
let registry: Registry;
/** As the machine reaches it. */
let image: string;
let firstImage: EncapsulatedCommit;
const ends: (() => void | Promise<void>)[] = [];

before(async () => {
  fixture = await makeFixture(exampleWith("skopeo"));
  registry = await startRegistry({ after: (end) => void ends.push(end) }, fixture.directory);
  image = `10.0.2.2:${registry.host.split(":")[1]}/host:13`;
  firstImage = await push(fixture.first);
  machine = await start({ disk: fixture.disk, snapshot: true, unsafe: true });
  assert.equal(await machine.waitForBoot(1200), "running", await output("systemctl --failed --no-pager"));
});

after(async () => {
  await machine?.stop();
  for (const end of ends.toReversed()) await end();
  fixture?.[Symbol.dispose]();
});

/** Moves the tag to a release. */
function push({ commit }: Release, previous?: EncapsulatedCommit): Promise<EncapsulatedCommit> {
  const target = parseImage(`docker://${registry.host}/host:13`);
  const packing = previous === undefined ? {} : { previous: previous.manifest };
  return encapsulateCommit({ repo: fixture.repo, commit, image: target, ...packing });
}

async function output(script: string): Promise<string> {
  return (await machine.run(script, { timeoutSeconds: 3600 })).output.trim();
}

/** What is booted is a release, from an image; nothing failed in that boot. */
async function runs(release: Release, { digest }: EncapsulatedCommit): Promise<void> {
  assert.equal(await machine.reboot(1200), "running", await output("systemctl --failed --no-pager"));
  const { deployments } = JSON.parse(await output("atomic host status --json")) as {
    deployments: Record<string, unknown>[];
  };
  const [now] = deployments;
  assert.deepEqual([now?.["booted"], now?.["checksum"], now?.["version"]], [true, release.commit, release.version]);
  assert.equal(now?.["container-image-reference"], `ostree-unverified-registry:${image}`);
  assert.equal(now?.["container-image-reference-digest"], digest);
  const text = await output("atomic host status | cat");
  assert.match(text, new RegExp(`\\* ostree-unverified-registry:${image} .*booted`));
  assert.match(text, new RegExp(` Digest: ${digest}\\n`));
}

test("a host of a branch is rebased to an image, and boots it", async () => {
  await output(`mkdir -p /etc/containers/registries.conf.d
    printf '[[registry]]\\nlocation = "${image.split("/")[0]}"\\ninsecure = true\\n' >/etc/containers/registries.conf.d/50-test.conf`);
  await output(`atomic host rebase ostree-unverified-registry:${image}`);
  await runs(fixture.first, firstImage);
});

let secondImage: EncapsulatedCommit;

test("an upgrade fetches the layers that changed, and boots the next image", async () => {
  secondImage = await push(fixture.second, firstImage);
  assert.match(await output("atomic host upgrade --preview 2>&1"), /\btree\b/);
  registry.fetched();
  await output("atomic host upgrade");
  const known = new Set(firstImage.layers.map(({ digest }) => digest));
  const asked = registry.fetched();
  const again = firstImage.layers.filter(({ digest }) => asked.includes(digest));
  assert.deepEqual(again, []);
  assert.ok(secondImage.layers.some(({ digest }) => !known.has(digest) && asked.includes(digest)));
  await runs(fixture.second, secondImage);
  assert.match(await output("tree --version"), /^tree v/);
});

test("a rollback boots the image before", async () => {
  await output("atomic host rollback");
  await runs(fixture.first, firstImage);
});
