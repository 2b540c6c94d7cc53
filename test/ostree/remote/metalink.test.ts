// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { checkMetalinked, parseMetalink } from "../../../src/ostree/remote/metalink.ts";

const summary = Buffer.from("a summary");
const file = (inner: string, name = "summary") => `<file name="${name}">${inner}</file>`;
const size = `<size>${summary.length}</size>`;
const sha256 = `<hash type="sha256">${hash("sha256", summary)}</hash>`;
const urls = `<resources maxconnections="1">
  <url protocol="ftp" type="ftp">ftp://example.com/summary</url>
  <url protocol="http" type="http" location="US" preference="100" >http://a.example.com/r/summary?x=1&amp;y=2</url>
  <url protocol="https">https://b.example.com/summary</url>
</resources>`;
const whole = (files: string) => `<?xml version="1.0" encoding="utf-8"?>
<!-- made by hand --><metalink version="3.0" xmlns="http://www.metalinker.org/">
  <deeply><nested/><unknown>x</unknown></deeply><files>${files}</files></metalink>\n`;

test("the places and hashes of the summary, in the document's order", () => {
  const other = file(`${size}<verification>${sha256}</verification>`, "other");
  const text = whole(other + file(`${size}<verification><hash type="md5">x</hash>${sha256}</verification>${urls}`));
  const found = parseMetalink(text, "summary");
  assert.deepEqual(found.urls, ["http://a.example.com/r/summary?x=1&y=2", "https://b.example.com/summary"]);
  assert.equal(found.size, summary.length);
  checkMetalinked(found, summary);
  assert.throws(() => checkMetalinked(found, Buffer.from("A summary")), /Expected checksum is .* but actual is/);
  assert.throws(() => checkMetalinked(found, Buffer.from("moo")), /Expected size is 9 bytes but content is 3 bytes/);
});

test("what is no metalink of a summary is refused in libostree's words", () => {
  const verification = `<verification>${sha256}</verification>`;
  const refused: [string, RegExp][] = [
    ["bacon", /Document must begin with an element/],
    ["", /Document was empty/],
    ["<metalink><files></metalink>", /was closed by/],
    ["<metalink><files>", /ended within an element/],
    ["<a b=c></a>", /Error in the metalink/],
    ["<metalink><", /a tag that does not end/],
    [whole(""), /No <file> element found/],
    [whole(file("", "config")), /No <file name='summary'> found/],
    [whole(file(verification + urls)), /No <size> element found or it is zero/],
    [whole(file(`${size}<verification/>${urls}`)), /No <verification> element with known <hash type=> found/],
    [
      whole(file(`${size}<verification><hash type="sha512">bacon</hash></verification>`)),
      /Invalid hash digest for sha512/,
    ],
    [whole(file(size + verification)), /No <url method='http'> elements found/],
    [`${"<a>".repeat(1000)}${"</a>".repeat(1000)}`, /Error in the metalink/],
  ];
  for (const [text, message] of refused) assert.throws(() => parseMetalink(text, "summary"), message, text);
});
