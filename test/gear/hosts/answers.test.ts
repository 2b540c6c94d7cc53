// SPDX-License-Identifier: Apache-2.0
/** What a host that somebody has taken over may say. */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { gearError } from "../../../src/gear/index.ts";
import { checkAnswer } from "../../../src/gear/hosts/answer-shape.ts";
import { checkFacts, checkPin } from "../../../src/gear/hosts/check-answers.ts";
import { readLines } from "../../../src/gear/hosts/lines.ts";
import { decodeAnswer, decodeMessage, encodeMessage } from "../../../src/gear/hosts/message.ts";
import { pinOnHosts } from "../../../src/gear/hosts/pin-on-hosts.ts";
import type { HostFacts, Requests } from "../../../src/gear/hosts/requests.ts";
import type { HostSession } from "../../../src/gear/hosts/session.ts";
import { withoutControls } from "../../../src/gear/hosts/without-controls.ts";
import { name } from "../application.ts";

const isStrange = (error: unknown) => gearError.is(error, "host-answer", "bad-name", "bad-image");

const facts: HostFacts = {
  placed: [
    {
      id: name("web-1"),
      from: name("web"),
      host: "one",
      ports: [
        {
          container: 80,
          host: 20_000,
          address: undefined,
          protocol: "tcp",
          shared: { address: "127.0.0.1", port: 80 },
        },
      ],
    },
  ],
  transaction: undefined,
  calledThen: "one",
  hostsThen: ["one"],
  portsInUse: [{ port: 22, address: undefined, protocol: "tcp", by: "sshd" }],
  tenant: { level: "s0:c1,c2", users: { first: 1, count: 2 }, logNamespace: "acme", logRateLimit: 1000 },
  address: "10.0.0.1",
};

test("what becomes part of other hosts is what it must be", () => {
  assert.deepEqual(checkFacts("one", facts), facts);
  const [instance] = facts.placed;
  const [port] = instance!.ports;
  const strange: Partial<Record<keyof HostFacts, unknown>>[] = [
    { address: "10.0.0.1\nExecStart=/bin/sh" },
    { address: "two" },
    { placed: [{ ...instance, id: "x\nExecStart=/bin/sh" }] },
    { placed: [{ ...instance, from: "../x" }] },
    ...[0, 65_536, "80 --privileged", 1.5, null].map((host) => ({
      placed: [{ ...instance, ports: [{ ...port, host }] }],
    })),
    { placed: [{ ...instance, ports: [{ ...port, protocol: "tcp --privileged" }] }] },
    { placed: [{ ...instance, ports: [{ ...port, shared: { address: "::1", port: 80 } }] }] },
    { portsInUse: [{ port: "x" }] },
    { tenant: { level: undefined, users: undefined, logNamespace: undefined, logRateLimit: "1" } },
    { tenant: { level: "s0 --privileged", users: undefined, logNamespace: undefined } },
    { tenant: { level: undefined, users: { first: "0", count: 1 }, logNamespace: undefined } },
  ];
  for (const one of strange) {
    assert.throws(() => checkFacts("one", { ...facts, ...one } as HostFacts), isStrange, JSON.stringify(one));
  }
});

test("a digest is of the repository that was asked for", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  for (const pin of [`docker.io/library/nginx@${digest}`, digest, "a".repeat(64)]) {
    assert.equal(checkPin("one", "nginx:1.27", pin), pin);
  }
  assert.equal(checkPin("one", "oci:/srv/image", `localhost/image@${digest}`), `localhost/image@${digest}`);
  const strange = [
    undefined,
    "",
    "nginx:1.27",
    `docker.io/evil/nginx@${digest}`,
    `docker.io/library/nginx@${digest} --privileged`,
  ];
  for (const pin of strange) assert.throws(() => checkPin("one", "nginx:1.27", pin), isStrange, String(pin));
});

test("a reference that says which image it is is pinned by itself, whatever a host says", () => {
  const [one, other] = ["a", "b"].map((letter) => `sha256:${letter.repeat(64)}`);
  for (const pin of [`docker.io/library/nginx@${other}`, other]) {
    assert.equal(checkPin("one", `nginx@${one}`, pin), `docker.io/library/nginx@${one}`);
    assert.equal(checkPin("one", one!, pin), one);
  }
});

/** Hosts that have these images by these names, and answer as a real one does. */
function hostsWith(images: readonly Readonly<Record<string, string>>[]): HostSession[] {
  return images.map((had, index) => ({
    host: { name: `host${index}`, target: `host${index}` },
    async request(_request: "pin", { references }: Requests["pin"]["given"]) {
      const pins = new Map(
        references.map((reference) => {
          const found = had[reference] ?? Object.values(had).find((id) => id === reference);
          if (found === undefined) throw gearError("no-image", `no ${reference}`);
          return [reference, found];
        }),
      );
      return { pins, pulled: [] };
    },
  })) as unknown as HostSession[];
}

test("no host leads others to another image of theirs by an id", async () => {
  const [one, other] = ["a", "b"].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string];
  const wanted = new Map(["host0", "host1"].map((host) => [host, ["quay.io/shop/web:1"]]));
  const pinOn = (...images: Readonly<Record<string, string>>[]) => pinOnHosts(hostsWith(images), wanted, "missing");
  const same = await pinOn({ "quay.io/shop/web:1": one }, { "quay.io/shop/web:1": one });
  assert.deepEqual([...same.pins], [["quay.io/shop/web:1", one]]);
  const hostile = pinOn({ "quay.io/shop/web:1": other }, { "quay.io/shop/web:1": one, "localhost/debug:1": other });
  await assert.rejects(hostile, /host1: quay\.io\/shop\/web:1 is another image there/);
  await assert.rejects(pinOn({ "quay.io/shop/web:1": other }, { "localhost/debug:1": other }), (error) =>
    gearError.is(error, "no-image"),
  );
});

test("an answer of another shape is told of with the host's name", () => {
  assert.deepEqual(checkAnswer("one", "open", JSON.parse(JSON.stringify(facts))), JSON.parse(JSON.stringify(facts)));
  assert.equal(checkAnswer("one", "back", undefined), undefined);
  const forward = { problems: [{ unit: "a", what: "b", log: ["c"] }] };
  assert.equal(checkAnswer("one", "watch", forward), forward);
  const strange: [keyof Requests, unknown][] = [
    ...[null, undefined, 1, "x", [], {}].map((answer): [keyof Requests, unknown] => ["open", answer]),
    ["open", { ...facts, placed: null }],
    ["open", { ...facts, placed: [null] }],
    ["open", { ...facts, placed: [{ ...facts.placed[0], ports: {} }] }],
    ["open", { ...facts, hostsThen: "one" }],
    ["open", { ...facts, tenant: 1 }],
    ["open", { ...facts, portsInUse: [null] }],
    ["pin", { pins: {}, pulled: [] }],
    ["pin", { pins: new Map([["a", 1]]), pulled: [] }],
    ["pin", { pins: new Map(), pulled: "x" }],
    ["watch", { problems: [{ log: 1 }], reason: "x" }],
    ["keep", null],
    ["keep", { outcome: "done" }],
    ["back", { outcome: "done", units: null }],
    ["settle", { hosts: null, state: "open" }],
    ["settle", { hosts: [], state: "constructor" }],
  ];
  for (const [request, answer] of strange) {
    assert.throws(
      () => checkAnswer("one", request, answer),
      (error) => gearError.is(error, "host-answer") && (error as Error).message.startsWith("one: "),
      `${request} ${JSON.stringify(answer)}`,
    );
  }
  for (const line of ["[]", '{"id":1,"error":1}', '{"id":1,"progress":null}', '{"id":1,"output":"x","text":"y"}', "{}"])
    assert.throws(() => decodeAnswer(line), isStrange, line);
});

test("messages come back as they went, maps among them, in whatever pieces", async () => {
  const messages = [
    { id: 1, given: { units: new Map([["a.service", "x\ny"]]), no: undefined } },
    { id: 2, given: { deep: [new Map([["ü", 1]])] } },
  ];
  const bytes = Buffer.from(messages.map(encodeMessage).join("") + '{"cut":');
  for (const size of [1, 3, 1000]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    );
    const found: unknown[] = [];
    for await (const line of readLines(Readable.from(pieces))) found.push(decodeMessage(line));
    assert.deepEqual(found, [{ id: 1, given: { units: new Map([["a.service", "x\ny"]]) } }, messages[1]]);
  }
});

test("what is no message is refused, and a line without an end does not fill memory", async () => {
  for (const line of ["", "x", "1", "null", '{"a":', "[".repeat(1 << 20)])
    assert.throws(() => decodeMessage(line), isStrange, line);
  function* endless() {
    for (;;) yield Buffer.alloc(1 << 20, "x");
  }
  await assert.rejects(async () => {
    for await (const _ of readLines(Readable.from(endless()))) assert.fail("there is no line");
  }, isStrange);
});

test("what is shown of it moves no cursor", () => {
  const shown = withoutControls({
    text: "a\u001b[2Jb\u0007\tc\nd",
    list: ["\u009b1m"],
    map: new Map([["k", "\rx"]]),
    number: 1,
  });
  assert.deepEqual(shown, { text: "a[2Jb\tc\nd", list: ["1m"], map: new Map([["k", "x"]]), number: 1 });
});
