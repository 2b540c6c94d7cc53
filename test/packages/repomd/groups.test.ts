// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadRepomd, type RpmPackageSet } from "../../../src/packages/index.ts";
import { buildRpms, createRepository } from "./fixture.ts";

const work = mkdtempSync(join(tmpdir(), "atomic-groups-"));
const repository = join(work, "repository");
after(() => rmSync(work, { recursive: true }));

const comps = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps>
  <group><id>core</id><name>Core</name><name xml:lang="de">Kern</name>
    <description>Smallest &amp; first</description><default>true</default><uservisible>false</uservisible>
    <packagelist>
      <packagereq type="mandatory">bash</packagereq><packagereq type="default">less</packagereq>
      <packagereq type="optional">vim</packagereq><packagereq type="conditional" requires="less">less-doc</packagereq>
      <packagereq>plain</packagereq>
    </packagelist></group>
  <group><id>more</id><name>More</name><description/><default>false</default><uservisible>true</uservisible>
    <packagelist><packagereq type="mandatory">one</packagereq></packagelist></group>
  <environment><id>server</id><name>Server</name><description>a server</description><display_order>1</display_order>
    <grouplist><groupid>core</groupid></grouplist><optionlist><groupid>more</groupid></optionlist></environment>
  <category><id>all</id><name>All</name><description/><grouplist><groupid>core</groupid></grouplist></category>
</comps>`;

const updateinfo = `<?xml version="1.0" encoding="UTF-8"?>
<updates><update from="a@example.org" status="final" type="security" version="1">
  <id>TEST-2024:1</id><title>one: a fix</title><issued date="2024-05-01 12:00:00"/><updated date="2024-05-02 12:00:00"/>
  <severity>Important</severity><summary>s</summary><description>d &lt; e</description>
  <references><reference href="https://example.org/CVE-2024-1" id="CVE-2024-1" type="cve" title="CVE-2024-1"/></references>
  <pkglist><collection short="t"><name>T</name>
    <package name="one" version="1.0" release="1" epoch="0" arch="noarch" src="set-1.0-1.src.rpm">
      <filename>one-1.0-1.noarch.rpm</filename><reboot_suggested>True</reboot_suggested></package>
    <package name="two" version="2.0" release="1" epoch="3" arch="noarch"><filename>two-2.0-1.noarch.rpm</filename></package>
  </collection></pkglist>
</update></updates>`;

before(() => {
  buildRpms([{ name: "one" }, { name: "two", version: "2.0", fields: ["Epoch: 3"] }], repository);
  writeFileSync(join(work, "comps.xml"), comps);
  writeFileSync(join(work, "updateinfo.xml"), updateinfo);
  createRepository(repository, "-g", join(work, "comps.xml"));
  const modify = ["--mdtype=updateinfo", join(work, "updateinfo.xml"), join(repository, "repodata")];
  execFileSync("modifyrepo_c", modify, { stdio: ["ignore", "pipe", "pipe"] });
});

const script = `
import dnf, hawkey, json, sys, libdnf
base = dnf.Base()
base.conf.cachedir = sys.argv[2]
base.conf.substitutions["releasever"] = "1"
base.repos.add_new_repo("judged", base.conf, baseurl=["file://" + sys.argv[1]])
base.fill_sack(load_system_repo=False)
base.read_comps(arch_filter=False)
kinds = {libdnf.transaction.CompsPackageType_MANDATORY: "mandatory", libdnf.transaction.CompsPackageType_DEFAULT: "default",
  libdnf.transaction.CompsPackageType_OPTIONAL: "optional", libdnf.transaction.CompsPackageType_CONDITIONAL: "conditional"}
groups = [{"id": g.id, "name": g.name, "description": g.ui_description or "",
  "packages": sorted([p.name, kinds[p.option_type]] for p in g.packages_iter())} for g in base.comps.groups]
environments = [{"id": e.id, "name": e.name, "groups": [g.name for g in e.group_ids], "optional": [g.name for g in e.option_ids]}
  for e in base.comps.environments]
advisories = {}
for p in base.sack.query():
    for a in p.get_advisories(hawkey.EQ):
        advisories[a.id] = {"id": a.id, "severity": a.severity, "title": a.title, "security": a.type == hawkey.ADVISORY_SECURITY,
          "packages": sorted("%s-%s.%s" % (b.name, b.evr, b.arch) for b in a.packages), "references": [[r.id, r.url] for r in a.references]}
print(json.dumps({"groups": groups, "environments": environments, "advisories": list(advisories.values())}))
`;

async function facts(set: RpmPackageSet): Promise<unknown> {
  const { groups, environments } = await set.loadComps();
  const advisories = await set.loadAdvisories();
  return {
    groups: groups.map(({ packages, ...group }) => ({
      ...group,
      packages: packages.map(({ name, kind }) => [name, kind]).sort(),
    })),
    environments,
    advisories: advisories.map(({ id, severity, title, type, packages, references }) => ({
      id,
      severity,
      title,
      security: type === "security",
      packages: [...packages].sort(),
      references: references.map((one) => [one.id, one.url]),
    })),
  };
}

test("groups, environments and advisories are what dnf reads", async () => {
  const set = await loadRepomd([{ id: "groups", baseUrls: [repository] }], join(work, "cache"));
  const output = execFileSync("/usr/bin/python3", ["-c", script, repository, join(work, "dnf")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  assert.deepEqual(await facts(set), JSON.parse(output.toString().trim().split("\n").at(-1)!));
  const [advisory] = await set.loadAdvisories();
  assert.deepEqual([advisory!.rebootSuggested, advisory!.issued], [true, "2024-05-01 12:00:00"]);
  const conditional = (await set.loadComps()).groups[0]!.packages.find(({ kind }) => kind === "conditional");
  assert.equal(conditional!.requires, "less");
});

test("groups of two repositories are one, and a repository need not have any", async () => {
  const plain = join(work, "plain");
  buildRpms([{ name: "three" }], plain);
  createRepository(plain);
  const sources = [
    { id: "groups", baseUrls: [repository] },
    { id: "again", baseUrls: [`file://${repository}`] },
    { id: "plain", baseUrls: [plain] },
  ];
  const set = await loadRepomd(sources, join(work, "cache"));
  const single = await loadRepomd(sources.slice(0, 1), join(work, "cache"));
  assert.deepEqual(await facts(set), await facts(single));
  const none = await loadRepomd(sources.slice(2), join(work, "cache"));
  assert.deepEqual([await none.loadComps(), await none.loadAdvisories()], [{ groups: [], environments: [] }, []]);
});
