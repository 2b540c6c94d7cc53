// SPDX-License-Identifier: Apache-2.0
// A host of a container image, driven by D-Bus as Cockpit drives one of a branch. Needs root.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { encapsulateCommit } from "../../../src/compose/index.ts";
import { asChecksum, parseImage, Repo } from "../../../src/ostree/index.ts";
import { acceptAnything, usePolicy } from "../image-fixture.ts";
import { hostAndServer, releases } from "../served-host.ts";
import { busctl, osPath, serve, service, sysrootPath, transact } from "./bus-fixture.ts";

const none = 'dbus.Dictionary({}, signature="sv")';

test("a rebase to an image, a look for its update, and the upgrade", async (t) => {
  const { root, remote, release, running } = await hostAndServer(t);
  usePolicy(t, root, acceptAnything);
  const { address } = await serve(t, root, running);
  const image = `oci:${join(root, "image")}:13`;
  const encapsulate = (commit: string) =>
    encapsulateCommit({
      repo: Repo.open(remote),
      commit: asChecksum(commit),
      image: parseImage(image),
      labels: new Map([["containers.bootc", "1"]]),
    });
  const second = release({ ...releases[1]! });
  const { digest } = await encapsulate(second);
  const words = `ostree-unverified-image:${image}`;
  const rebased = await transact(address, "Rebase", "a{sv}sas", `(${none}, "${words}", dbus.Array([], signature="s"))`);
  assert.equal(rebased.success, true, rebased.message);
  const deployments = async () =>
    (await busctl(address, "get-property", service, sysrootPath, `${service}.Sysroot`, "Deployments")).data;
  const [pending] = await deployments();
  assert.deepEqual(
    [
      pending["container-image-reference"].data,
      pending["container-image-reference-digest"].data,
      pending.checksum.data,
    ],
    [words, digest, second],
  );
  assert.equal(pending.origin, undefined);

  const third = release({ ...releases[1]!, version: "13.3" });
  await encapsulate(third);
  const looked = await transact(address, "DownloadUpdateRpmDiff");
  assert.equal(looked.success, true, looked.message);
  const cached = (await busctl(address, "get-property", service, osPath, `${service}.OS`, "CachedUpdate")).data;
  assert.deepEqual([cached.checksum.data, cached.version.data, cached.origin.data], [third, "13.3", words]);
  const upgraded = await transact(address, "Upgrade", "a{sv}", `(${none},)`);
  assert.equal(upgraded.success, true, upgraded.message);
  assert.equal((await deployments())[0].checksum.data, third);
});
