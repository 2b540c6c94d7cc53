// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ByteSource, bytesSource } from "../../src/base/index.ts";
import { parseXml, type XmlOptions } from "../../src/formats/index.ts";

function events(document: string | ByteSource, options: XmlOptions = {}): string[] {
  const seen: string[] = [];
  const source = typeof document === "string" ? bytesSource(Buffer.from(document)) : document;
  parseXml(
    source,
    {
      start(name, attributes) {
        const pairs = Array.from(
          { length: attributes.count },
          (_, at) => `${attributes.names[at]}=${attributes.values[at]}`,
        );
        seen.push(`<${[name, ...pairs].join("|")}`);
      },
      end(name, text) {
        seen.push(`${text}>${name}`);
      },
    },
    "document",
    options,
  );
  return seen;
}

/** Delivers a byte at a time: every token is cut everywhere. */
function bytewise(document: string): ByteSource {
  const pieces = [...Buffer.from(document)].map((byte) => Buffer.from([byte])).values();
  return { read: () => pieces.next().value, close: () => {} };
}

const refuses = (document: string, message: RegExp) =>
  assert.throws(() => events(document), { code: "formats-xml", message });

test("elements, attributes, texts, references and CDATA are read, however the bytes are cut", () => {
  const document = `\ufeff<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<!-- <not> & --><a:b one='1 > 0' two="&lt;&amp;&quot;&apos;&#xe9;&#128512;">
  <c  x = "y"/><d>caf\u00e9 &gt; <![CDATA[<raw> & ]] ]]>end</d >
  <e> </e><f><?pi ?></f>before<g></g>after
</a:b>
<!-- end -->`;
  const expected = [
    `<a:b|one=1 > 0|two=<&"'\u00e9\u{1f600}`,
    "<c|x=y",
    ">c",
    "<d",
    "caf\u00e9 > <raw> & ]] end>d",
    "<e",
    " >e",
    "<f",
    ">f",
    "<g",
    ">g",
    "before\n  after\n>a:b".replace("\n  ", ""),
  ];
  assert.deepEqual(events(document), expected);
  assert.deepEqual(events(bytewise(document)), expected);
});

test("as latin1, one character stands for each byte", () => {
  const [start, end] = events(`<a b="\u00e9&#xe9;">\u20ac&#x20ac;</a>`, { encoding: "latin1" });
  assert.equal(start, `<a|b=${Buffer.from("\u00e9\u00e9").toString("latin1")}`);
  assert.equal(end, `${Buffer.from("\u20ac\u20ac").toString("latin1")}>a`);
});

test("lines end as XML says", () => {
  assert.deepEqual(events(`<a b="x\r\ny\tz">1\r\n2\r3&#13;</a>`), ["<a|b=x y z", "1\n2\n3\r>a"]);
});

test("what is not well-formed is refused", () => {
  refuses("", /no element/);
  refuses("text", /ends too early/);
  refuses("<a>", /ends too early in <a>/);
  refuses("<a></b>", /ended by another tag/);
  refuses("<a></ab>", /ended by another tag/);
  refuses("</a>", /end tag without a start tag/);
  refuses("<a/><b/>", /more than one element/);
  refuses("<a/>text<!-- -->", /outside of the element/);
  refuses("<a b=c/>", /not quoted/);
  refuses("<a b/>", /no value/);
  refuses(`<a b="1"c="2"/>`, /white space/);
  refuses(`<a b="1" b="2"/>`, /twice/);
  refuses(`<a b="<"/>`, /< in the value/);
  refuses("<1/>", /is no name/);
  refuses("<a>&nbsp;</a>", /not defined/);
  refuses("<a>& </a>", /not defined/);
  refuses("<a>&#0;</a>", /not defined/);
  refuses("<a>&#xd800;</a>", /not defined/);
  refuses("<a>\u0001</a>", /control character/);
  refuses("<a><!ELEMENT b></a>", /declaration/);
  refuses(`<?xml version="1.0" encoding="ISO-8859-1"?><a/>`, /only UTF-8/);
  assert.throws(() => events(bytesSource(Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]))), {
    code: "formats-xml",
    message: /not UTF-8/,
  });
});

test("entities of a document's own are refused, so that none expands", () => {
  refuses(`<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>`, /entities are not expanded/);
  refuses(`<!DOCTYPE a SYSTEM "file:///etc/passwd" [ ]><a/>`, /entities are not expanded/);
});

test("depth, attributes, tags and texts have their limits", () => {
  refuses("<a>".repeat(65), /nested more than 64/);
  refuses(`<a ${Array.from({ length: 65 }, (_, at) => `a${at}=""`).join(" ")}/>`, /more than 64 attributes/);
  refuses(`<a b="${"x".repeat(3 << 20)}`, /more than|too early/);
  refuses(`<a b="${"x>".repeat(3 << 20)}"/>`, /more than 1048576 bytes/);
  refuses(`<a>${"x".repeat(5 << 20)}</a>`, /text of more than/);
  refuses(`<a>${"<![CDATA[xxxxxxxx]]>".repeat(600_000)}</a>`, /text of more than/);
});
