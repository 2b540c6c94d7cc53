// SPDX-License-Identifier: Apache-2.0
// Searches in a host's repositories, at the command line and on D-Bus. Needs root.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { run } from "../../../src/base/index.ts";
import { deploy, loadPackageLists, Sysroot } from "../../../src/host/index.ts";
import { buildDeb, FileServer, publish, SigningKey } from "../../packages/fixture.ts";
import { buildRpms, createRepository } from "../../packages/repomd/fixture.ts";
import { newSysroot, ref } from "../fixture.ts";
import { hostAndServer } from "../served-host.ts";
import { busctl, osPath, serve, service, transact } from "../service/bus-fixture.ts";

const program = [...process.execArgv, join(import.meta.dirname, "../../../src/cli/atomic.ts"), "host"];

/** A host of RPM packages that has two repositories, one of them not enabled. */
async function rpmHost(t: TestContext) {
  const { root, path, first } = newSysroot(t, { version: "1", files: { "usr/share/rpm/rpmdb.sqlite": "" } });
  await deploy(Sysroot.open(path), { rev: first, stateroot: "debian", kernelArgs: ["rw"], origin: ref });
  const repository = join(root, "repository");
  buildRpms(
    [
      { name: "vim", summary: "A text editor" },
      { name: "vim-enhanced", summary: "The editor vim with more", fields: ["Provides: vim(better) = 2"] },
      { name: "nano", summary: "Small editor" },
    ],
    repository,
  );
  createRepository(repository);
  const directory = join(Sysroot.open(path).directory(Sysroot.open(path).deployments[0]!), "etc/yum.repos.d");
  mkdirSync(directory, { recursive: true });
  const section = (id: string, enabled: number) =>
    `[${id}]\nname=${id}\nbaseurl=file://${repository}\nenabled=${enabled}\n`;
  writeFileSync(join(directory, "tiny.repo"), `${section("tiny", 1)}${section("off", 0)}`);
  const host = (...words: string[]) => run(process.execPath, [...program, ...words, "--quiet", `--sysroot=${path}`]);
  return { path, host };
}

test("search prints what rpm-ostree's prints; refresh-md fetches the lists that it needs", async (t) => {
  const { path, host } = await rpmHost(t);
  assert.equal((await host("refresh-md", "--force")).stdout, "3 packages\n  tiny\n");
  assert.ok(readdirSync(join(path, "ostree/deploy/debian/var/cache/atomic/repomd")).length > 0);
  assert.equal(
    (await host("search", "vim")).stdout,
    "===== Summary & Name Matched =====\nvim-enhanced : The editor vim with more\n\n" +
      "===== Name Matched =====\nvim : A text editor\nvim-enhanced : The editor vim with more\n\n" +
      "===== Summary Matched =====\nvim-enhanced : The editor vim with more\n",
  );
  assert.equal((await host("search", "emacs")).stdout, "No matches found.\n");
  const json = JSON.parse((await host("search", "--json", "--cache-only", "small", "editor")).stdout);
  assert.deepEqual([json.both[0].name, json.both[0].repository, json.name], ["nano", "tiny", []]);
  const lists = await loadPackageLists(Sysroot.open(path));
  assert.deepEqual(
    [lists.named("vim"), lists.providing("vim(better)")].map((found) => found.map(({ name }) => name)),
    [["vim"], ["vim-enhanced"]],
  );
});

test("on D-Bus clients list repositories, find packages by words, names and what they provide, and refresh", async (t) => {
  const { root, running } = await hostAndServer(t);
  const mirror = join(root, "mirror");
  const key = new SigningKey(root, "archive");
  const fields = { Provides: "editor", Description: "a text editor" };
  for (const version of ["2:9.0-1", "2:9.1-1"]) buildDeb({ name: "vim", version, fields }, join(mirror, "pool"));
  buildDeb({ name: "nano", fields }, join(mirror, "pool"));
  publish(mirror, key);
  const server = await FileServer.start(mirror);
  t.after(() => {
    server.close();
    key.close();
  });
  const apt = join(running().directory(running().requireBooted()), "etc/apt");
  mkdirSync(apt);
  writeFileSync(join(apt, "key.asc"), key.armored());
  writeFileSync(join(apt, "sources.list"), `deb [signed-by=/etc/apt/key.asc] ${server.url} stable main\n`);

  const { address } = await serve(t, root, running);
  const call = async (member: string, ...words: string[]) => {
    const args = words.length === 0 ? [] : ["as", String(words.length), ...words];
    const { type, data } = await busctl(address, "call", service, osPath, `${service}.OS`, member, ...args);
    assert.equal(type, "aa{sv}");
    return data[0].map((row: any) =>
      Object.fromEntries(Object.entries(row).map(([name, { data }]: any) => [name, data])),
    );
  };
  const told = await transact(address, "RefreshMd", "a{sv}", '(dbus.Dictionary({"force": True}, signature="sv"),)');
  assert.equal(told.success, true, told.message);
  const [repository] = await call("ListRepos");
  assert.deepEqual([repository.id, repository["is-enabled"]], [`${server.url} stable`, true]);
  const vim = {
    name: "vim",
    epoch: 2,
    version: "9.1",
    arch: "all",
    nevra: "vim-2:9.1-1.all",
    evr: "2:9.1-1",
    summary: "a text editor",
    reponame: "stable",
  };
  assert.deepEqual(await call("GetPackages", "vim", "emacs"), [{ key: "vim", ...vim }]);
  assert.deepEqual((await call("WhatProvides", "editor")).map(({ name }: any) => name).toSorted(), ["nano", "vim"]);
  assert.deepEqual(
    (await call("Search", "editor")).map(({ key, name }: any) => `${key} ${name}`),
    ["match_group_c nano", "match_group_c vim"],
  );
});
