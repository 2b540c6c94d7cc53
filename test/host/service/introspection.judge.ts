// SPDX-License-Identifier: Apache-2.0
// The interfaces that we declare are those of rpm-ostree's introspection file, every argument and annotation; compared by
// Python's XML parser.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import {
  introspectInterface,
  osExperimentalInterface,
  osInterface,
  sysrootInterface,
  transactionInterface,
} from "../../../src/host/index.ts";

const reference = join(import.meta.dirname, "../../../../shared/data/dbus/rpmostree1.xml");

/** Interfaces as nested lists: arguments in their order, members and annotations by name. */
const normalize = `
import json, sys
import xml.etree.ElementTree as tree
def plain(node):
    children = [plain(child) for child in node]
    ordered = [child for child in children if child[0] == "arg"]
    named = sorted(child for child in children if child[0] != "arg")
    return [node.tag, sorted(node.attrib.items()), ordered, named]
print(json.dumps(sorted(plain(child) for child in tree.fromstring(sys.stdin.read()))))
`;

function interfaces(xml: string): unknown[] {
  return JSON.parse(execFileSync("python3", ["-c", normalize], { input: xml, encoding: "utf8" }));
}

test("the introspection data equals rpm-ostree's", () => {
  const declared = [sysrootInterface, osInterface, osExperimentalInterface, transactionInterface];
  const ours = interfaces(`<node>${declared.map(introspectInterface).join("")}</node>`);
  const theirs = interfaces(execFileSync("cat", [reference], { encoding: "utf8" }));
  assert.equal(theirs.length, 4);
  assert.deepEqual(ours, theirs);
});
