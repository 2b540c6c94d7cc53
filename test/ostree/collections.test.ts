// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { findInConfig } from "../../src/ostree/collections/finder-config.ts";
import { findOnMounts } from "../../src/ostree/collections/finder-mount.ts";
import { listMediaMounts } from "../../src/ostree/collections/mounts.ts";
import {
  addRemote,
  checkCollectionId,
  createUsb,
  findRemotes,
  listAliases,
  listCollectionRefs,
  listRefsWithPrefix,
  makeSummary,
  pull,
  Repo,
  summaryCollections,
  updateRepoMetadata,
  updateSummary,
  writeAlias,
} from "../../src/ostree/index.ts";
import { stock, temporary } from "./fixture.ts";

const collection = "org.example.Os";

/** A repository of a collection with two commits, made by stock. */
function makeOrigin(directory: string): Repo {
  const path = join(directory, "origin");
  mkdirSync(join(directory, "tree"));
  writeFileSync(join(directory, "tree/file"), "content");
  stock(`--repo=${path}`, "init", "--mode=archive", `--collection-id=${collection}`);
  for (const ref of ["os/stable", "os/testing"]) {
    stock(`--repo=${path}`, "commit", "-b", ref, "--timestamp=@1000", `--tree=dir=${join(directory, "tree")}`);
  }
  stock(`--repo=${path}`, "summary", "-u");
  return Repo.open(path);
}

function makeClient(directory: string, name: string, url: string): Repo {
  const repo = Repo.init(join(directory, name), "bare-user");
  const set = new Map<string, string | boolean>([
    ["gpg-verify", false],
    ["collection-id", collection],
  ]);
  addRemote(repo, "origin", { url, set });
  return repo;
}

test("collection IDs have the form of D-Bus interface names", () => {
  for (const good of ["a.b", "org.example.Os", "_x.y1"]) assert.equal(checkCollectionId(good), good);
  for (const bad of ["", "a", "a..b", ".a.b", "a.b.", "a.1b", "a-b.c", "../a.b", "a/b.c", `${"a".repeat(300)}.b`]) {
    assert.throws(() => checkCollectionId(bad), { code: "ostree-bad-ref" }, bad);
  }
});

test("aliases follow their refs, here and in stock", () => {
  using scratch = temporary();
  const origin = makeOrigin(scratch.path);
  writeAlias(origin.path, "a/b/current", "os/stable");
  assert.equal(readlinkSync(join(origin.path, "refs/heads/a/b/current")), "../../os/stable");
  assert.deepEqual([...listAliases(origin.path)], [["a/b/current", "os/stable"]]);
  assert.match(stock(`--repo=${origin.path}`, "refs", "-A"), /^a\/b\/current -> os\/stable$/m);
  origin.setRef("os/stable", origin.resolve("os/testing"));
  assert.equal(origin.resolve("a/b/current"), origin.resolve("os/testing"));
  assert.deepEqual([...listRefsWithPrefix(origin.path, "os", false).keys()], ["stable", "testing"]);
  assert.deepEqual([...listRefsWithPrefix(origin.path, "os", true).keys()], ["os/stable", "os/testing"]);
});

test("a mirror has the refs as the collection's, as stock's has", async () => {
  using scratch = temporary();
  const origin = makeOrigin(scratch.path);
  const mirror = makeClient(scratch.path, "mirror", pathToFileURL(origin.path).href);
  await pull(mirror, { remote: "origin", mirror: true, refs: ["os/stable"] });
  const commit = origin.resolve("os/stable");
  assert.equal(readFileSync(join(mirror.path, `refs/mirrors/${collection}/os/stable`), "utf8"), `${commit}\n`);
  assert.deepEqual(listCollectionRefs(mirror), [{ collection, ref: "os/stable", commit }]);
  assert.equal(stock(`--repo=${mirror.path}`, "refs", "-c"), `(${collection}, os/stable)\n`);
});

test("a summary lists refs of all collections, and is the same again", async () => {
  using scratch = temporary();
  const origin = makeOrigin(scratch.path);
  origin.setRef({ collection: "org.example.Other", ref: "app" }, origin.resolve("os/stable"));
  const summary = makeSummary(origin, { timestamp: 5n });
  assert.deepEqual([...summaryCollections(summary).keys()], [collection, "org.example.Other"]);
  const bytes = async () => {
    await updateSummary(origin, { timestamp: 5n });
    return readFileSync(join(origin.path, "summary")).toString("hex");
  };
  assert.equal(await bytes(), await bytes());
  const shown = stock(`--repo=${origin.path}`, "summary", "-v");
  for (const ref of [`(${collection}, os/stable)`, "(org.example.Other, app)"]) assert.ok(shown.includes(ref), ref);
});

test("a repository of a collection has a commit of its metadata", async () => {
  using scratch = temporary();
  const origin = makeOrigin(scratch.path);
  const before = origin.resolve("ostree-metadata");
  await updateRepoMetadata(origin, { metadata: new Map([["note", { type: "s", value: "x" }]]) });
  const { parent, metadata } = origin.loadCommit(origin.resolve("ostree-metadata"));
  assert.equal(parent, before);
  assert.deepEqual([...metadata.keys()], ["note", "ostree.collection-binding", "ostree.ref-binding"]);
  stock(`--repo=${origin.path}`, "fsck", "-q");
});

test("a volume made by create-usb is found, also by its link, and pulled from", async () => {
  using scratch = temporary();
  const origin = makeOrigin(scratch.path);
  const volume = join(scratch.path, "volume");
  mkdirSync(volume);
  const ref = { collection, ref: "os/stable" };
  await createUsb(origin, volume, [ref], { destination: "elsewhere" });
  assert.equal(readlinkSync(join(volume, ".ostree/repos.d/00-generated")), "../../elsewhere");
  await createUsb(origin, volume, [{ collection, ref: "os/testing" }], { destination: "elsewhere" });
  const client = makeClient(scratch.path, "client", "file:///nowhere");
  const [place] = await findOnMounts(client, [ref], [volume]);
  assert.equal(place?.url, pathToFileURL(join(volume, "elsewhere")).href);
  assert.equal(place.remote, "origin");
  await pull(client, { remote: "origin", url: place.url, collectionRefs: [ref], gpgVerify: false });
  assert.equal(client.resolve("origin:os/stable"), origin.resolve("os/stable"));
  // Not what it was asked for by: the commit is bound to another collection.
  const lie = { collection: "org.example.Lie", ref: "os/stable" };
  const stick = Repo.open(join(volume, "elsewhere"));
  stick.setRef(lie, origin.resolve("os/stable"));
  await assert.rejects(pull(client, { remote: "origin", url: place.url, collectionRefs: [lie], gpgVerify: false }), {
    code: "ostree-pull-refused",
  });
});

test("links of a volume lead nowhere else, and what is no repository is passed over", async () => {
  using scratch = temporary();
  const origin = makeOrigin(scratch.path);
  const client = makeClient(scratch.path, "client", "file:///nowhere");
  const volume = join(scratch.path, "volume");
  mkdirSync(join(volume, ".ostree/repos.d"), { recursive: true });
  symlinkSync(client.path, join(volume, ".ostree/repos.d/self"));
  symlinkSync("/proc", join(volume, ".ostree/repos.d/proc"));
  writeFileSync(join(volume, ".ostree/repos.d/file"), "");
  symlinkSync("/nowhere", join(volume, ".ostree/repo"));
  assert.deepEqual(await findOnMounts(client, [{ collection, ref: "os/stable" }], [volume]), []);
  symlinkSync(origin.path, join(volume, "ostree"));
  assert.deepEqual(await findOnMounts(client, [{ collection, ref: "os/stable" }], [join(scratch.path, "none")]), []);
});

test("of two remotes the one with the newer commit is found", async () => {
  using scratch = temporary();
  const origin = makeOrigin(scratch.path);
  const old = makeClient(scratch.path, "old", pathToFileURL(origin.path).href);
  await pull(old, { remote: "origin", mirror: true });
  await updateSummary(old);
  stock(`--repo=${origin.path}`, "commit", "-b", "os/stable", "--timestamp=@2000", `--tree=dir=${scratch.path}/tree`);
  stock(`--repo=${origin.path}`, "summary", "-u");
  const client = makeClient(scratch.path, "client", pathToFileURL(origin.path).href);
  const set = new Map([["collection-id", collection]]);
  addRemote(client, "mirror", { url: pathToFileURL(old.path).href, set });
  addRemote(client, "dead", { url: "file:///nowhere", set });
  const wanted = [
    { collection, ref: "os/stable" },
    { collection, ref: "os/testing" },
    { collection, ref: "none" },
  ];
  assert.equal((await findInConfig(client, wanted)).length, 2);
  const found = await findRemotes(client, wanted, ["config"]);
  const commits = new Map(found.map(({ remote, refs }) => [remote, refs.map(({ commit }) => commit)]));
  const testing = origin.resolve("os/testing");
  assert.deepEqual(commits.get("origin"), [origin.resolve("os/stable"), testing, undefined]);
  assert.deepEqual(commits.get("mirror"), [undefined, testing, undefined]);
  await assert.rejects(async () => findRemotes(client, wanted, ["lan"]), { code: "ostree-unsupported" });
});

test("media are where desktops show them, and hold data", () => {
  const table = [
    "/dev/sdb1 /media/My\\040Stick vfat rw 0 0",
    "/dev/sdb2 /media/.hidden/x ext4 rw 0 0",
    "tmpfs /media/none tmpfs rw 0 0",
    "/dev/sda1 /boot ext4 rw 0 0",
    "/dev/sdb1 /media/My\\040Stick vfat rw 0 0",
    "",
  ].join("\n");
  assert.deepEqual(listMediaMounts(table), ["/media/My Stick"]);
});

test("the commands say what stock's say", () => {
  using scratch = temporary();
  const origin = makeOrigin(scratch.path);
  const atomic = join(import.meta.dirname, "../../atomic");
  const ours = (...args: string[]) =>
    execFileSync(atomic, ["ostree", `--repo=${origin.path}`, ...args], { encoding: "utf8" });
  for (const args of [["refs"], ["refs", "-c"], ["refs", "--list", "os"], ["refs", "os"]]) {
    const sorted = (text: string) => text.split("\n").sort();
    assert.deepEqual(sorted(ours(...args)), sorted(stock(`--repo=${origin.path}`, ...args)), args.join(" "));
  }
  rmSync(join(origin.path, "refs/mirrors"), { recursive: true });
  assert.equal(ours("refs", "-c").split("\n").length, 4);
});
