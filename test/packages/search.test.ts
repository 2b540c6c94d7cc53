// SPDX-License-Identifier: Apache-2.0
// Packages by words: judged by libdnf's queries, of which rpm-ostree's search is made.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadApt, loadRepomd, offeredDebs, offeredRpms, searchPackages } from "../../src/packages/index.ts";
import { buildDeb, FileServer, publish, SigningKey } from "./fixture.ts";
import { dnfSearch } from "./repomd/dnf-search.ts";
import { buildRpms, createRepository } from "./repomd/fixture.ts";

const work = mkdtempSync(join(tmpdir(), "atomic-search-"));
after(() => rmSync(work, { recursive: true }));

const searches = [["ssh"], ["SSH"], ["ssh", "server"], ["vim*"], ["?im"], ["*server*"], ["editor"], ["no-such"]];

before(() => {
  const described = {
    "openssh-server": "ssh server daemon",
    "openssh-clients": "SSH client programs",
    "vim-enhanced": "An editor",
    vim: "A better editor than others",
    sshfs: "File system over the network",
    "web-server": "Serves pages",
  };
  const recipes = Object.entries(described).map(([name, summary]) => ({ name, summary }));
  buildRpms(recipes, join(work, "rpm"));
  createRepository(join(work, "rpm"));
});

test("words and patterns find the RPM packages that libdnf finds", async () => {
  const repository = join(work, "rpm");
  const set = await loadRepomd([{ id: "judged", baseUrls: [repository] }], join(work, "cache"));
  for (const words of searches) {
    const { both, name, summary } = searchPackages(offeredRpms(set), words);
    const names = [both, name, summary].map((group) => group.map((one) => one.name).toSorted());
    assert.deepEqual(names, dnfSearch(repository, words), words.join(" "));
  }
  const [first] = searchPackages(offeredRpms(set), ["vim"]).name;
  assert.deepEqual(first, {
    name: "vim",
    version: "1.0-1",
    architecture: "noarch",
    summary: "A better editor than others",
    repository: "judged",
  });
});

test("words find the candidates of apt repositories", async (t) => {
  const root = join(work, "mirror");
  const key = new SigningKey(work, "archive");
  for (const [name, version] of [
    ["openssh-server", "1.0"],
    ["openssh-server", "2.0"],
    ["sshfs", "1.0"],
    ["vim", "1.0"],
  ] as const)
    buildDeb({ name, version }, join(root, "pool"));
  publish(root, key);
  const server = await FileServer.start(root);
  t.after(() => {
    server.close();
    key.close();
  });
  const source = {
    uri: server.url,
    suite: "stable",
    components: ["main"],
    architecture: "amd64",
    signedBy: key.keyring,
  };
  const set = await loadApt([source], join(work, "apt-cache"));
  const found = (word: string) => {
    const { both, name, summary } = searchPackages(offeredDebs(set), [word]);
    return [both, name, summary].map((group) => group.map((one) => `${one.name} ${one.version}`));
  };
  const [server2, sshfs] = ["openssh-server 2.0", "sshfs 1.0"];
  assert.deepEqual(found("SSH"), [
    [server2, sshfs],
    [server2, sshfs],
    [server2, sshfs],
  ]);
  assert.deepEqual(found("test package vim"), [[], [], ["vim 1.0"]]);
});

test("a flood of matches is cut, the one of that name stays", () => {
  const packages = Array.from({ length: 200 }, (_, number) => ({
    name: `lib-${number}`,
    version: "1",
    architecture: "noarch",
    summary: "library",
    repository: "r",
  }));
  const { name } = searchPackages([...packages, { ...packages[0]!, name: "lib" }], ["lib"]);
  assert.deepEqual([name.length, name[0]?.name], [50, "lib"]);
});
