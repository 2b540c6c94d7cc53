// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { type AptSource, loadApt, type PackageSet } from "../../../src/packages/index.ts";
import {
  buildDeb,
  FileServer,
  publish,
  put,
  type ReleaseRecipe,
  SigningKey,
  temporaryDirectory,
  writeRelease,
} from "../fixture.ts";

let directory: string;
let root: string;
let key: SigningKey;
let foreign: SigningKey;
let server: FileServer;
let cacheDir: string;
let loads = 0;

before(async () => {
  directory = temporaryDirectory();
  root = join(directory, "mirror");
  key = new SigningKey(directory, "archive");
  foreign = new SigningKey(directory, "foreign");
  buildDeb({ name: "alpha", version: "1.0", fields: { Depends: "beta (>= 2)" } }, join(root, "pool"));
  buildDeb(
    { name: "beta", version: "2:2.5-1", architecture: "amd64", fields: { Provides: "virtual (= 3)" } },
    join(root, "pool"),
  );
  server = await FileServer.start(root);
});

after(() => {
  server.close();
  key.close();
  foreign.close();
  rmSync(directory, { recursive: true, force: true });
});

beforeEach(() => {
  cacheDir = join(directory, `cache-${loads++}`);
  server.answers.clear();
  server.requests.length = 0;
});

function load(change: Partial<AptSource> = {}, options: { offline?: boolean; now?: number } = {}): Promise<PackageSet> {
  const source = {
    uri: server.url,
    suite: "stable",
    components: ["main"],
    architecture: "amd64",
    signedBy: key.keyring,
  };
  return loadApt([{ ...source, ...change }], cacheDir, options);
}

function names(set: PackageSet): string[] {
  return [...set.names()].sort();
}

const shapes: [string, ReleaseRecipe][] = [
  ["an InRelease file and xz", { compressions: ["xz", "gz", ""] }],
  ["by hash only", { byHash: true }],
  ["Release with a detached signature", { signature: "detached" }],
  ["an index in gzip only", { compressions: ["gz"] }],
  ["an index in zstd only", { compressions: ["zst"] }],
  ["an index that is not compressed", { compressions: [""] }],
];
for (const [what, recipe] of shapes) {
  test(`loads a repository with ${what}`, async () => {
    publish(root, key, recipe);
    const set = await load();
    assert.deepEqual(names(set), ["alpha", "beta"]);
    const beta = set.candidate("beta")!;
    assert.deepEqual(
      [beta.version, beta.architecture, beta.url],
      ["2:2.5-1", "amd64", `${server.url}/pool/beta_2.5-1_amd64.deb`],
    );
    assert.deepEqual(set.candidate("alpha")!.relations("Depends"), [[{ name: "beta", operator: ">=", version: "2" }]]);
    assert.deepEqual(set.providers("virtual").map(String), ["beta 2:2.5-1 (amd64)"]);
    const { suite, origin, date } = beta.source.info;
    assert.deepEqual([suite, origin], ["stable", "Test"]);
    assert.ok(Math.abs(date - Date.now() / 1000) < 600);
  });
}

test("a second load asks for the Release file only, and works offline", async () => {
  publish(root, key);
  await load();
  server.requests.length = 0;
  await load();
  assert.deepEqual(server.requests, ["/dists/stable/InRelease"]);
  server.requests.length = 0;
  assert.deepEqual(names(await load({}, { offline: true })), ["alpha", "beta"]);
  assert.deepEqual(server.requests, []);
});

test("offline with nothing in the cache is an error", async () => {
  await assert.rejects(load({}, { offline: true }), { code: "packages-offline" });
});

test("a changed repository is seen, an older one than was seen before is not taken", async () => {
  publish(root, key);
  await load();
  const old = readFileSync(join(root, "dists/stable/InRelease"));
  const index = join(root, "dists/stable/main/binary-amd64");
  buildDeb({ name: "gamma" }, join(root, "pool"));
  publish(root, key, { fields: { Date: new Date(Date.now() + 60_000).toUTCString() } });
  assert.deepEqual(names(await load()), ["alpha", "beta", "gamma"]);
  writeFileSync(join(root, "dists/stable/InRelease"), old);
  assert.deepEqual(names(await load()), ["alpha", "beta", "gamma"]);
  rmSync(join(root, "pool/gamma_1.0_all.deb"));
  assert.ok(readdirSync(index).length > 0);
});

test("a damaged cache is made anew", async () => {
  publish(root, key);
  await load();
  const indices = join(cacheDir, "apt/indices");
  const [name] = readdirSync(indices);
  const bytes = readFileSync(join(indices, name!));
  bytes.fill(0x78, bytes.length - 20);
  writeFileSync(join(indices, name!), bytes);
  assert.deepEqual(names(await load()), ["alpha", "beta"]);
});

test("the key may be armored, in a file or in the source itself", async () => {
  publish(root, key);
  const file = join(directory, "archive.asc");
  writeFileSync(file, key.armored());
  assert.equal((await load({ signedBy: file })).count, 2);
  assert.equal((await load({ signedBy: key.armored() })).count, 2);
  const folded = key
    .armored()
    .split("\n")
    .map((line) => (line === "" ? " ." : ` ${line}`))
    .join("\n");
  assert.equal((await load({ signedBy: folded.trimStart() })).count, 2);
});

test("one good signature among several is enough", async () => {
  publish(root, key);
  const release = readFileSync(join(root, "dists/stable/Release"));
  const first = key.gpg("-o", "-", "--detach-sign", join(root, "dists/stable/Release"));
  const second = foreign.gpg("-o", "-", "--detach-sign", join(root, "dists/stable/Release"));
  rmSync(join(root, "dists/stable/InRelease"));
  put(root, "dists/stable/Release", release);
  put(root, "dists/stable/Release.gpg", Buffer.concat([second, first]));
  assert.equal((await load()).count, 2);
});

test("who does not vouch for the repository is named", async () => {
  publish(root, foreign);
  const id = foreign
    .gpg("--list-keys", "--with-colons")
    .toString()
    .match(/^fpr:+([0-9A-F]{40}):/m)![1]!
    .slice(-16);
  await assert.rejects(load(), {
    code: "packages-unknown-key",
    message: new RegExp(`key ${id}, which is not in .*archive.gpg`),
  });
  publish(root, key, { signature: "none" });
  await assert.rejects(load(), { code: "packages-unsigned" });
});

test("a changed text is refused", async () => {
  for (const signature of ["inline", "detached"] as const) {
    publish(root, key, { signature });
    const path = join(root, `dists/stable/${signature === "inline" ? "InRelease" : "Release"}`);
    writeFileSync(path, readFileSync(path, "utf8").replace("Label: Test", "Label: Tost"));
    await assert.rejects(load(), { code: "packages-bad-signature" }, signature);
  }
});

test("text around the signed part is refused, and so is what is no signed text at all", async () => {
  publish(root, key);
  const path = join(root, "dists/stable/InRelease");
  const text = readFileSync(path, "utf8");
  for (const other of [
    `Suite: evil\n${text}`,
    `${text}\nSuite: evil\n`,
    "<html>captive portal</html>",
    "",
    text.slice(0, 300),
  ]) {
    writeFileSync(path, other);
    await assert.rejects(load(), { code: "packages-unsigned" }, other.slice(0, 30));
  }
  const cut = text.replace(/^(.{20}).*\n(?==)/m, "$1\n");
  writeFileSync(path, cut);
  await assert.rejects(load(), { code: "packages-bad-signature" });
});

test("an expired key is named with the day", async () => {
  const old = new SigningKey(directory, "old", "20200201T000000", "20200101T000000");
  publish(root, old, { at: "20200115T000000" });
  await assert.rejects(load({ signedBy: old.keyring }), { code: "packages-expired-key", message: /expired on 2020-0/ });
  old.close();
});

test("Valid-Until is held against the clock, unless that is switched off", async () => {
  const validUntil = "Sat, 01 Feb 2025 00:00:00 UTC";
  publish(root, key, { fields: { "Valid-Until": validUntil } });
  await assert.rejects(load(), { code: "packages-expired", message: /valid until 2025-02-01 00:00 UTC/ });
  assert.equal((await load({ checkValidUntil: false })).count, 2);
  assert.equal((await load({}, { now: Date.parse(validUntil) / 1000 - 1 })).count, 2);
});

test("another suite than was asked for is refused; its codename is as good as its name", async () => {
  publish(root, key, { codename: "coded" });
  put(root, "dists/testing/InRelease", readFileSync(join(root, "dists/stable/InRelease")));
  await assert.rejects(load({ suite: "testing" }), {
    code: "packages-wrong-suite",
    message: /of coded or stable, but testing/,
  });
  put(root, "dists/coded/InRelease", readFileSync(join(root, "dists/stable/InRelease")));
  put(
    root,
    "dists/coded/main/binary-amd64/Packages.xz",
    readFileSync(join(root, "dists/stable/main/binary-amd64/Packages.xz")),
  );
  assert.equal((await load({ suite: "coded" })).count, 2);
});

test("what is not there is named", async () => {
  publish(root, key);
  await assert.rejects(load({ suite: "nowhere" }), {
    code: "packages-not-found",
    message: /neither InRelease nor Release/,
  });
  await assert.rejects(load({ components: ["contrib"] }), {
    code: "packages-not-found",
    hint: /its components are main/,
  });
  await assert.rejects(load({ architecture: "arm64" }), { code: "packages-not-found", message: /binary-arm64/ });
  await assert.rejects(load({ signedBy: join(directory, "no.gpg") }), { code: "packages-keyring" });
  writeFileSync(join(directory, "bad.gpg"), "no key");
  await assert.rejects(load({ signedBy: join(directory, "bad.gpg") }), { code: "packages-keyring" });
  rmSync(join(root, "dists/stable/main"), { recursive: true });
  await assert.rejects(load(), { code: "packages-not-found", message: /the server does not have it/ });
});

test("an index that is not what was signed is refused and not kept", async () => {
  publish(root, key);
  const path = "/dists/stable/main/binary-amd64/Packages.xz";
  const good = readFileSync(join(root, path));
  const flipped = Buffer.from(good);
  flipped[good.length >> 1]! ^= 1;
  for (const bytes of [flipped, Buffer.from("<html>"), good.subarray(0, 50)]) {
    server.answers.set(path, (_, response) => response.end(bytes));
    await assert.rejects(load(), { code: "packages-bad-index", message: /is not what the signed Release file says/ });
  }
  server.answers.set(path, (_, response) => response.end(Buffer.concat([good, good])));
  await assert.rejects(load(), { code: "base-too-large" });
  server.answers.clear();
  assert.equal((await load()).count, 2);
});

test("a signed index with garbage in it is an error that says where", async () => {
  const index = join(root, "dists/stable/main/binary-amd64/Packages");
  const stanza = "Package: x\nVersion: 1\nArchitecture: all\n";
  const cases: [string, string, RegExp][] = [
    ["no fields", "garbage\n", /line 1 is no field/],
    ["no version", "Package: x\nArchitecture: all\n", /stanza 1 has no Package or no Version/],
    ["a path for a name", stanza.replace("x", "../x"), /no Package/],
    ["a field twice", `${stanza}Depends: a\nDepends: b\n`, /x has the field Depends twice/],
  ];
  for (const [why, text, message] of cases) {
    publish(root, key, { compressions: [""] });
    writeFileSync(index, text);
    writeRelease(root, key);
    await assert.rejects(load(), { message }, why);
  }
  writeFileSync(index, `${stanza}Depends: a (>= \n`);
  writeRelease(root, key);
  const set = await load();
  assert.throws(() => set.candidate("x")!.relations("Depends"), { code: "packages-bad-dependency" });
});

test("a repository that is flat, without dists", async () => {
  publish(root, key, { compressions: ["gz"] });
  for (const name of ["InRelease", "Release"]) rmSync(join(root, "dists/stable", name), { force: true });
  const flat = join(root, "dists/flat");
  put(flat, "Packages.gz", readFileSync(join(root, "dists/stable/main/binary-amd64/Packages.gz")));
  writeRelease(root, key, { suite: "flat" });
  const set = await load({ suite: "dists/flat/", components: [] });
  assert.deepEqual(names(set), ["alpha", "beta"]);
});

test("the best version of several sources: by priority, then by age; backports only when nothing else is there", async () => {
  publish(root, key, { suite: "one" });
  buildDeb({ name: "alpha", version: "3.0" }, join(root, "pool"));
  buildDeb({ name: "delta", version: "1.0" }, join(root, "pool"));
  publish(root, key, { suite: "two" });
  const source = { uri: server.url, components: ["main"], architecture: "amd64", signedBy: key.keyring };
  const version = async (one: Partial<AptSource>, two: Partial<AptSource>) =>
    (
      await loadApt(
        [
          { ...source, suite: "one", ...one },
          { ...source, suite: "two", ...two },
        ],
        cacheDir,
      )
    ).candidate("alpha")?.version;
  assert.equal(await version({}, {}), "3.0");
  assert.equal(await version({ priority: 600 }, {}), "1.0");
  assert.equal(await version({}, { priority: -1 }), "1.0");
  publish(root, key, { suite: "two", fields: { NotAutomatic: "yes", ButAutomaticUpgrades: "yes" } });
  assert.equal(await version({}, {}), "1.0");
  const both = await loadApt(
    [
      { ...source, suite: "one" },
      { ...source, suite: "two" },
    ],
    cacheDir,
  );
  assert.equal(both.candidate("delta")?.version, "1.0");
  rmSync(join(root, "pool/alpha_3.0_all.deb"));
  rmSync(join(root, "pool/delta_1.0_all.deb"));
});
