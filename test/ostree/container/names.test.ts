// SPDX-License-Identifier: Apache-2.0
// Names of images, and the refs that stand for them, as ostree-rs-ext and rpm-ostree write them.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  escapeForRef,
  formatImage,
  formatOstreeImage,
  isImageReference,
  parseImage,
  parseOstreeImage,
  unescapeRef,
} from "../../../src/ostree/index.ts";

test("a name of any characters becomes a ref, and comes back", () => {
  // The examples of ostree-rs-ext's refescape.rs.
  const known: readonly (readonly [string, string])[] = [
    ["registry:quay.io/coreos/fedora:latest", "registry_3A_quay_2E_io/coreos/fedora_3A_latest"],
    ["", ""],
    ["docker://quay.io/x", "docker_3A__2F__2F_quay_2E_io/x"],
    ["__nested_underscores__", "____nested__underscores____"],
    ["trailing/", "trailing_2F_"],
    ["sha256:ab", "sha256_3A_ab"],
    ["ünï", "_FC_n_EF_"],
  ];
  for (const [name, ref] of known.filter(([name]) => name !== "")) {
    assert.equal(escapeForRef(name), ref);
    assert.equal(unescapeRef(ref), name);
  }
  assert.throws(() => escapeForRef(""), /ref/i);
  assert.throws(() => escapeForRef("a\0"), /ref/i);
  for (const bad of ["", "a_", "a_zz_", "_110000_", "_0_", "a b"]) assert.equal(unescapeRef(bad), undefined, bad);
  for (let seed = 1; seed < 500; seed++) {
    const name = Array.from({ length: 1 + (seed % 9) }, (_, at) => "a/_-:.é/Z9"[(seed * 7 + at * at * 3) % 10]).join(
      "",
    );
    assert.equal(unescapeRef(escapeForRef(name)), name);
  }
});

test("images are named as for rpm-ostree and bootc, and written so again", () => {
  const same = [
    "ostree-unverified-registry:quay.io/fedora/fedora-coreos:stable",
    "ostree-image-signed:docker://quay.io/example/os:1",
    "ostree-image-signed:oci-archive:/srv/os.ociarchive",
    "ostree-unverified-image:oci:/srv/os:13",
    "ostree-unverified-image:containers-storage:localhost/os",
    "ostree-remote-image:site:docker://quay.io/example/os",
  ];
  for (const words of same) assert.equal(formatOstreeImage(parseOstreeImage(words)), words);
  const others: readonly (readonly [string, string])[] = [
    ["ostree-unverified-image:registry:quay.io/x", "ostree-unverified-registry:quay.io/x"],
    ["ostree-unverified-image:docker://quay.io/x", "ostree-unverified-registry:quay.io/x"],
    ["ostree-remote-registry:site:quay.io/x:1", "ostree-remote-image:site:docker://quay.io/x:1"],
  ];
  for (const [words, written] of others) assert.equal(formatOstreeImage(parseOstreeImage(words)), written);
  assert.equal(formatImage(parseImage("oci:os:13")), `oci:${process.cwd()}/os:13`);
  assert.ok(isImageReference("ostree-unverified-registry:x") && !isImageReference("site:debian/13"));
});

test("names that are none, or would be something else to a program, are refused", () => {
  const bad = [
    "ostree-unverified-registry:",
    "ostree-unverified-registry:--insecure-policy",
    "ostree-unverified-registry:a b",
    "ostree-unverified-image:ftp:x",
    "ostree-unverified-image:docker:x",
    "ostree-image-signed:x",
    "ostree-remote-image:docker://x",
    "ostree-unverified-image:oci:",
    "ostree-unverified-image:oci:a\nb",
    "docker://x",
  ];
  for (const words of bad) assert.throws(() => parseOstreeImage(words), { code: "ostree-bad-image" }, words);
});
