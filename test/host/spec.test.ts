// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Keyfile } from "../../src/formats/index.ts";
import { formatSpec, hostError, hostSpec, parseSpec } from "../../src/host/index.ts";

const sum = "0123456789abcdef".repeat(4);

const origin = Keyfile.parse(
  `[origin]
baserefspec=site:tiny/host
[packages]
requested=htop;yes;
requested-local=${sum}:agent-1.amd64;
[overrides]
remove=nano;
replace=repo=updates,vim,vim-data;
replace-local=${sum}:editor-1:2-3.x86_64;
[rpmostree]
regenerate-initramfs=true
initramfs-args=--compress;zstd -1;
initramfs-etc=/etc/crypttab;
`,
  "origin",
);

test("a spec tells all that an origin asks for, and is read back as the same", () => {
  const spec = hostSpec(origin);
  const text = formatSpec(spec, false);
  assert.equal(
    text,
    `base-refspec: site:tiny/host
packages:
  - htop
  - "yes"
packages-local:
  agent-1.amd64: ${sum}
override-remove:
  - nano
override-replace-local:
  editor-1:2-3.x86_64: ${sum}
ex-override-replace:
  - from:
      repo: updates
    packages:
      - vim
      - vim-data
initramfs:
  regenerate: true
  etc:
    - /etc/crypttab
  args:
    - --compress
    - zstd -1
`,
  );
  assert.deepEqual(parseSpec(text, "host.yaml"), spec);
});

test("an image is followed under a key of its own", () => {
  const image = "ostree-unverified-registry:example.com/host:13";
  const spec = hostSpec(Keyfile.parse(`[origin]\ncontainer-image-reference=${image}\n`, "origin"));
  const text = formatSpec(spec, true);
  assert.equal(text, `container-image-reference: ${image}\npackages: []\n`);
  assert.deepEqual(parseSpec(text, "host.yaml"), spec);
});

test("faults are told with their place", () => {
  const faults: readonly (readonly [text: string, message: RegExp])[] = [
    ["base-refspec: a\npackges: []", /host\.yaml:2:1: unknown key packges \(did you mean packages\?\)/],
    ["base-refspec: a\npackages: [1]", /host\.yaml:2:12: packages: must be a string/],
    ["base-refspec: a\npackages: htop", /host\.yaml:2:11: packages: must be a list of strings/],
    ["packages: []", /one of base-refspec and container-image-reference/],
    ["base-refspec: a\ncontainer-image-reference: b", /one of base-refspec and container-image-reference/],
    ["base-refspec: a\ninitramfs: {args: [x]}", /args are for an initramfs that is regenerated/],
    ["base-refspec: a\ninitramfs: {regenerate: 1}", /initramfs|regenerate: must be true or false/],
    ["base-refspec: a\nex-override-replace: [{repo: x}]", /must be \{from: \{repo: ID\}, packages/],
    ["base-refspec: a\npackages-local: {b: 12}", /host\.yaml:2:21: packages-local\.b: must be a SHA-256/],
    ["- a", /not one map of keys/],
    ["a: b\n---\na: b", /not one map of keys/],
    ["base-refspec: 'a", /host\.yaml:1:\d+: /],
    ['base-refspec: "a\\nb"', /host\.yaml:1:15: base-refspec: must be a string/],
  ];
  for (const [text, message] of faults)
    assert.throws(
      () => parseSpec(text, "host.yaml"),
      (error) => hostError.is(error, "bad-spec") && message.test(error.message),
      text,
    );
});
