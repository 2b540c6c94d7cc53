// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatImageName, parseImageName, parseImageSource } from "../../../src/gear/index.ts";
import { localName } from "../../../src/gear/engine/image-name.ts";

const hex = "dbcc1c35ac38df41fd2f5e4130b32ffdb93ebae8b3dbe638c23575912276fc9c";

test("names are completed as distribution/reference does (the cases of its normalize_test.go)", () => {
  const names: Record<string, string> = {
    redis: "docker.io/library/redis:latest",
    "redis:7": "docker.io/library/redis:7",
    "docker.io/foo": "docker.io/library/foo:latest",
    "index.docker.io/library/ubuntu-12.04-base": "docker.io/library/ubuntu-12.04-base:latest",
    "index.docker.io/fooo/bar": "docker.io/fooo/bar:latest",
    "docker.io/library/foo/bar": "docker.io/library/foo/bar:latest",
    "dmcgowan/myapp:latest": "docker.io/dmcgowan/myapp:latest",
    "test_com/foo": "docker.io/test_com/foo:latest",
    "test-com:8080/foo": "test-com:8080/foo:latest",
    "xn--n3h.com:18080/foo:x": "xn--n3h.com:18080/foo:x",
    "127.0.0.1:5000/docker/docker": "127.0.0.1:5000/docker/docker:latest",
    "192.168.0.1:80": "docker.io/library/192.168.0.1:80",
    "[fc00::1]:5000/docker": "[fc00::1]:5000/docker:latest",
    "localhost/box": "localhost/box:latest",
    "DOCKER/docker": "DOCKER/docker:latest",
    "dock__er/docker---rules": "docker.io/dock__er/docker---rules:latest",
    [`docker.io/${hex}`]: `docker.io/library/${hex}:latest`,
    [`dmcgowan/myapp@sha256:${hex}`]: `docker.io/dmcgowan/myapp@sha256:${hex}`,
    [`busybox:1@sha256:${hex}`]: `docker.io/library/busybox@sha256:${hex}`,
  };
  for (const [text, whole] of Object.entries(names)) assert.equal(formatImageName(parseImageName(text)), whole, text);
});

test("what is no name is refused (the same)", () => {
  const wrong = [
    "https://github.com/docker/docker",
    "docker/Docker",
    "-docker/docker",
    "docker///docker",
    "[fc00::1]",
    "[fc00::1]:5000",
    "[fe80::1%eth0]:5000/debian",
    "[2001:db8:3:4::192.0.2.33]:5000/debian",
    hex,
    `sha256:${hex}`,
    "docker-/docker",
    "____/____",
    "_docker/_docker",
    "dock..er/docker",
    "dock_.er/docker",
    "docker/",
    "busybox:-foo",
    "busybox@sha256:foo",
    `${"a".repeat(250)}/docker`,
    "",
    "a\nb",
    "x;rm -rf /",
  ];
  for (const text of wrong) assert.throws(() => parseImageName(text), { code: "gear-bad-image" }, text);
});

test("where an image is brought from", () => {
  const directory = { transport: "oci", path: "/srv/image", selected: undefined };
  assert.deepEqual(parseImageSource("oci:/srv/image"), directory);
  assert.deepEqual(parseImageSource("oci:/srv/image:"), directory);
  assert.deepEqual(parseImageSource("docker-archive:/x.tar:a.b/c:1"), {
    transport: "docker-archive",
    path: "/x.tar",
    selected: "a.b/c:1",
  });
  assert.equal(parseImageSource("docker://nginx").transport, "docker");
  for (const transport of ["dir:/x", "containers-storage:x", "docker-daemon:x:1"])
    assert.throws(() => parseImageSource(transport), { code: "gear-unsupported" }, transport);
  for (const text of ["oci:", "oci:/a b", "docker://", "oci:/a\u0000b", "x".repeat(5000)])
    assert.throws(() => parseImageSource(text), { code: "gear-bad-image" }, text);
});

test("names of images of directories and archives", () => {
  assert.equal(localName("/srv/image"), "localhost/srv/image:latest");
  assert.equal(localName("/srv/My Image:two"), "localhost/srv/my-image:two");
  assert.equal(localName("box"), "localhost/box:latest");
  assert.equal(localName("example.com/from/archive:2"), "example.com/from/archive:2");
  assert.throws(() => localName("/../x"), { code: "gear-bad-image" });
});
