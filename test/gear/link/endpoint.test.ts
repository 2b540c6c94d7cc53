// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkLinks, parseLink, parseSource, sourceText } from "../../../src/gear/link/endpoint.ts";
import { decodeChanges, decodeLinks, encodeChanges, encodeLinks } from "../../../src/gear/link/links-file.ts";
import { plannedLinks } from "../../../src/gear/link/planned-links.ts";
import type { Instance } from "../../../src/gear/plan/model.ts";
import { nftScript, parseListing } from "../../../src/gear/link/nft-script.ts";

test("text that is more than one word never becomes a link", () => {
  const hostile = [
    "127.0.0.1:80=10.0.0.1:1 }; delete table inet x; {",
    "127.0.0.1:80=x;reboot:1",
    "127.0.0.1:80=$(reboot):1",
    "127.0.0.1:80=`reboot`:1",
    "127.0.0.1:80=a\nadd table ip x\n:1",
    "127.0.0.1:80=a b:1",
    '127.0.0.1:80=a"b:1',
    "127.0.0.1:80=%n:1",
    "127.0.0.1:80=#:1",
    "127.0.0.1:80=-n:1",
    "127.0.0.1:80=/etc/passwd:1",
    "127.0.0.1:80=[fe80::1%eth0]:1",
    "[fe80::1%$(reboot)]:80=10.0.0.1:1",
    "127.0.0.1:80=10.0.0.1:1=10.0.0.2:1",
    "127.0.0.1:80=10.0.0.1:0x50",
    "127.0.0.1:80=10.0.0.1:70000",
    "127.0.0.1:0=10.0.0.1:1",
    "127.0.0.1:-1=10.0.0.1:1",
    "127.0.0.1:1e3=10.0.0.1:1",
    "127.1:80=10.0.0.1:1",
    "localhost:80=10.0.0.1:1",
    "127.0.0.1:80=10.1:1",
    "127.0.0.1:80=0x7f000001:1",
    "127.0.0.1:80=2130706433:1",
    "127.0.0.1:80=:1",
    "127.0.0.1:80/tcp;x=10.0.0.1:1",
    "127.0.0.1:80/gre=10.0.0.1:1",
    "127.0.0.1:80/tcp/udp=10.0.0.1:1",
    "127.0.0.1:80=@../etc:1",
    "127.0.0.1:80=@:1",
    "127.0.0.1:80",
    "",
    `127.0.0.1:80=${"a".repeat(64)}:1`,
    `127.0.0.1:80=${"a.".repeat(127)}a:1`,
  ];
  for (const text of hostile) assert.throws(() => parseLink(text), { code: "gear-bad-link" }, text);
});

test("addresses that no connection can be made to have no link", () => {
  for (const address of [
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[ff02::1]",
    "[fe80::1]",
    "[::ffff:10.0.0.1]",
  ])
    assert.throws(() => parseSource(`${address}:80`), { code: "gear-bad-link" }, address);
});

test("an address is kept as the kernel prints it", () => {
  assert.equal(sourceText(parseSource("[FD00:0:0::00A]:80")), "[fd00::a]:80");
  const link = parseLink("[fd00:0::1]:80=[FD00::2]:8080");
  assert.match(
    nftScript([{ from: link.from, to: { address: link.to.host, port: link.to.port } }]),
    /tcp \. fd00::1 \. 80 : fd00::2 \. 8080/,
  );
});

test("a script is made of checked values only", () => {
  const to = { address: "10.0.0.1", port: 1 };
  for (const address of ["127.0.0.1 }; flush ruleset; {", "localhost", "FD00::1"])
    assert.throws(() => nftScript([{ from: { address, port: 1, protocol: "tcp" }, to }]), address);
  for (const port of [0, 65536, 1.5, Number.NaN])
    assert.throws(() => nftScript([{ from: { address: "127.0.0.1", port, protocol: "tcp" }, to }]), String(port));
});

test("two targets of one address are refused, and so are more links than a container needs", () => {
  const link = (text: string) => parseLink(text);
  assert.throws(() => checkLinks([link("127.0.0.1:80=a:1"), link("127.0.0.1:80=b:1")]), /leads to both a:1 and b:1/);
  assert.equal(checkLinks([link("127.0.0.1:80=a:1"), link("127.0.0.1:80=a:1")]).length, 1);
  assert.throws(() => checkLinks(Array.from({ length: 4097 }, () => link("127.0.0.1:80=a:1"))), {
    code: "gear-bad-link",
  });
});

test("a file of links is read as it was written, and errors have their line", () => {
  const links = ["127.0.0.2:80=b.example:2", "127.0.0.1:80=10.0.0.1:1", "[fd00::1]:80=[fd00::2]:3"].map(parseLink);
  const text = encodeLinks(links);
  assert.equal(text, "127.0.0.1:80=10.0.0.1:1\n127.0.0.2:80=b.example:2\n[fd00::1]:80=[fd00::2]:3\n");
  assert.equal(encodeLinks(decodeLinks(text, "x")), text);
  assert.throws(() => decodeLinks("127.0.0.1:80=a:1\n\nwrong\n", "web.links"), /web\.links:3: "wrong" is not/);
  assert.throws(() => decodeLinks("x".repeat(2 << 20), "web.links"), /web\.links is larger/);
  const changes = [{ from: links[0]!.from, to: undefined }, links[1]!];
  assert.deepEqual(decodeChanges(encodeChanges(changes), "x"), [links[1], changes[0]]);
});

test("a planned link goes straight to a container of the same host, and to the published port of another", () => {
  const ends = [
    { instance: "db", host: "a", containerPort: 5432, port: undefined },
    { instance: "cache", host: "b", containerPort: 6379, port: 4000 },
  ];
  const links = ends.map((to, index) => ({ from: { address: `127.0.0.${index + 1}`, port: 80 }, protocol: "tcp", to }));
  const instance = { id: "web", host: "a", links } as unknown as Instance;
  const file = encodeLinks(plannedLinks(instance, (id) => `shop-${id}`));
  assert.equal(file, "127.0.0.1:80=@shop-db:5432\n127.0.0.2:80=b:4000\n");
});

test("a listing that a container has tampered with gives links or nothing", () => {
  const listing = (elem: unknown) =>
    JSON.stringify({ nftables: [{ map: { name: "links4", elem } }, { map: { name: "other", elem: [1] } }] });
  const end = (...parts: unknown[]) => ({ concat: parts });
  const good = [end("tcp", "127.0.0.1", 80), end("10.0.0.1", 1)];
  const wrong = [
    null,
    1,
    [],
    [1, 2],
    [end("tcp", "$(x)", 1), end("10.0.0.1", 1)],
    [end("gre", "127.0.0.1", 1), end("10.0.0.1", 1)],
    [end("tcp", "127.0.0.1", "80"), null],
    [{ concat: 1 }, {}],
  ];
  assert.deepEqual(parseListing(listing([...wrong, good])), [
    { from: { address: "127.0.0.1", port: 80, protocol: "tcp" }, to: { address: "10.0.0.1", port: 1 } },
  ]);
  assert.deepEqual(parseListing(listing("no list")), []);
  assert.deepEqual(parseListing("{}"), []);
});
