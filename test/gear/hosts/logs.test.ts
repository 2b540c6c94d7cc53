// SPDX-License-Identifier: Apache-2.0
/** The journals of two hosts by ssh; each host's own journalctl is the judge of how lines look. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Hosts, startHosts } from "./hosts-fixture.ts";

const cleanups: (() => void | Promise<void>)[] = [];
let all: Hosts;

before(async () => {
  all = await startHosts({ after: (action) => cleanups.push(action) }, ["one", "two"]);
  // The machines have one clock.
  for (const [host, message] of [
    ["one", "first"],
    ["two", "second"],
    ["two", "third"],
    ["one", "fourth\nwith a line more"],
    ["two", "fifth"],
  ] as const) {
    const lines = message.split("\n").map((line) => `MESSAGE=${line}`);
    // logger(1) joins the lines of a message that is given in several.
    const entry = [...lines, "ATOMIC_APP=shop", "SYSLOG_IDENTIFIER=shop-web", ""].join("\n");
    await all.hosts[host]!.run("sh", ["-c", 'printf %s "$1" | logger --journald', "sh", entry]);
    await all.hosts[host]!.run("journalctl", ["--sync"]);
  }
});
after(async () => {
  for (const action of cleanups.reverse()) await action();
});

const logs = async (...options: string[]) =>
  (await all.atomic(["gear", "logs", "shop", "--host=one", "--host=two", ...options])).stdout.trimEnd().split("\n");

const inOrder = ["one  first", "two  second", "two  third", "one  fourth", "one  with a line more", "two  fifth"];

test("entries of hosts are in the order in which they were written, each line behind its host's name", async () => {
  assert.deepEqual(await logs("--output=cat"), inOrder);
  const reversed = ["two  fifth", "one  fourth", "one  with a line more", "two  third", "two  second", "one  first"];
  assert.deepEqual(await logs("--output=cat", "--reverse"), reversed);
  const entries = (await logs("--output=json")).map((line) => JSON.parse(line) as { readonly MESSAGE: string });
  assert.deepEqual(
    entries.map(({ MESSAGE }) => MESSAGE),
    ["first", "second", "third", "fourth\nwith a line more", "fifth"],
  );
});

test("lines look as journalctl of the host prints them", async () => {
  for (const format of ["short", "short-precise", "short-unix"]) {
    const options = ["-q", "-o", format, "ATOMIC_APP=shop"];
    const own = { one: [""], two: [""] };
    for (const host of ["one", "two"] as const) {
      const { stdout } = await all.hosts[host]!.run("journalctl", options);
      own[host] = stdout.split("\n").map((line) => `${host}  ${line}`);
    }
    const [one, two] = [own.one, own.two];
    const wanted = [one[0], two[0], two[1], one[1], one[2], two[2]];
    // The time alone has another width.
    const trimmed = (lines: readonly (string | undefined)[]) => lines.map((line) => line?.replace(/ {3,}/, " "));
    assert.deepEqual(
      trimmed(await logs(...(format === "short" ? [] : [`--output=${format}`]))),
      trimmed(wanted),
      format,
    );
  }
});

test("a host that cannot be reached is told, and the others' entries are there", async () => {
  const { stdout, stderr } = await all.atomic(
    ["gear", "logs", "shop", "--output=cat", "--host=one", "--host=10.79.0.99"],
    [1],
  );
  assert.match(stdout, /^one +first\none +fourth\none +with a line more\n$/);
  assert.match(stderr, /10\.79\.0\.99: ssh: connect to host/);
});
