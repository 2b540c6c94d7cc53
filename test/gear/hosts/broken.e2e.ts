// SPDX-License-Identifier: Apache-2.0
/** What becomes of two hosts when something breaks in the middle. In this order: tests go on where the one before left them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ApplicationHistory, HostsReport, Settlement } from "../../../src/gear/index.ts";
import { setLink } from "./hosts-fixture.ts";
import { begun, deployWords, recordOf, TwoHosts } from "./two-hosts.ts";

const cleanups: (() => void | Promise<void>)[] = [];
let shop: TwoHosts;

before(async () => {
  shop = await TwoHosts.start({ after: (action) => cleanups.push(action) });
});
after(async () => {
  for (const action of cleanups.reverse()) await action();
});

test("both run the first version", async () => {
  assert.equal((await shop.deploy({})).outcome, "done");
});

for (const request of ["pin", "prepare", "switch", "watch", "pledge"]) {
  test(`a coordinator that is killed before it says ${request} leaves both hosts as they were`, async () => {
    const tapped = shop.deployTapped(`one ${request} kill`, { web: 2, db: 2 }, [137]);
    await assert.rejects(tapped, /SIGKILL|137/);
    await shop.decided();
    assert.equal(await shop.versions(), "web 1, db 1");
  });
}

test("a coordinator that is killed as soon as it has said to stay leaves both hosts with the new version", async () => {
  await assert.rejects(shop.deployTapped("one keep kill-passed", { web: 2, db: 2 }, [137]), /SIGKILL|137/);
  await shop.decided();
  assert.equal(await shop.versions(), "web 2, db 2");
});

test("a connection that breaks in a step takes both hosts back; one that breaks at the end is made again", async () => {
  for (const tap of ["two prepare cut", "two switch cut-answered", "two watch cut"]) {
    const { stdout } = await shop.deployTapped(tap, { web: 1, db: 1 }, [1]);
    await shop.decided();
    assert.equal((JSON.parse(stdout) as HostsReport).outcome, "taken-back", tap);
    assert.equal(await shop.versions(), "web 2, db 2", tap);
  }
  const { stdout } = await shop.deployTapped("two keep cut", { web: 1, db: 1 }, [0]);
  assert.equal((JSON.parse(stdout) as HostsReport).outcome, "done");
  assert.equal(await shop.versions(), "web 1, db 1");
});

test("hosts that are left different are brought to the version that one has stayed with", async () => {
  await assert.rejects(shop.deployTapped("one keep kill", { web: 2, db: 2 }, [137]), /SIGKILL|137/);
  // Its time is up: it could not know that the other one was told to stay.
  await shop.decided();
  const both = ["--host=one", "--host=two"];
  const found = await shop.all.atomic(["gear", "recover", "shop", ...both, "--json"]);
  const { decision, hosts } = JSON.parse(found.stdout) as Settlement;
  assert.deepEqual(
    [decision, hosts.map(({ before: was, after: is }) => `${was} ${is}`)],
    ["keep", ["back kept", "kept kept"]],
  );
  assert.equal(await shop.versions(), "web 2, db 2");
  assert.match((await shop.all.atomic(["gear", "recover", "shop", ...both])).stdout, /nothing is left undone/);
});

test("an agent that is killed goes back all the same", async () => {
  shop.write({ web: 1, db: 1 });
  const deployment = shop.all.atomic(deployWords, [1]);
  await begun(shop.two);
  await shop.two.run("sh", [
    "-c",
    "systemctl list-units --plain --no-legend 'run-*.service' | while read unit rest; do systemctl kill -s KILL $unit; done",
  ]);
  assert.match((await deployment).stdout, /was taken back on all hosts|not all hosts/);
  await shop.decided();
  assert.equal(await shop.versions(), "web 2, db 2");
});

test("a host that is cut off goes back by itself, and so do the others", async () => {
  shop.write({ web: 1, db: 1 });
  const deployment = shop.all.atomic(deployWords, [1]);
  await begun(shop.two);
  await setLink(shop.all.workstation, "two", "down");
  const { stdout } = await deployment;
  assert.match(stdout, /^ {2}two {2}.*two: ssh: connect to host/m);
  await shop.decided();
  await setLink(shop.all.workstation, "two", "up");
  assert.equal(await shop.versions(), "web 2, db 2");
  const history = JSON.parse(
    (await shop.two.run("atomic", ["gear", "history", "shop", "--json"])).stdout,
  ) as ApplicationHistory;
  assert.equal(history.events[0]!.outcome, "taken-back");
});

test("a host whose power goes leaves the others with the old version", async () => {
  shop.write({ web: 1, db: 1 });
  const deployment = shop.all.atomic(deployWords, [1]);
  await begun(shop.two);
  await shop.two.kill();
  const { stdout } = await deployment;
  assert.match(stdout, /atomic gear recover shop --host=one --host=two/);
  assert.equal(await shop.get(8080), "web 2");
  assert.equal((await recordOf(shop.one)).change, undefined);
});
