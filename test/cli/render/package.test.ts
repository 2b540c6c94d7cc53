// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { renderPackage } from "../../../src/cli/render/package.ts";
import type { InspectedPackage } from "../../../src/packages/index.ts";

const plain = { terminal: false, color: false, columns: 80, verbose: false };

const file = { user: "root", group: "root", size: 0, mtime: 0, flags: [] } as const;

const one: InspectedPackage = {
  format: "rpm",
  name: "ping",
  version: "1:2.0-3.fc41",
  architecture: "x86_64",
  summary: "Asks whether a host is there",
  description: "Sends an echo request,\nand waits.",
  header: { license: "BSD", url: "https://example.org/", buildTime: "1700000000", installedSize: "1234567" },
  dependencies: { provides: ["ping = 1:2.0-3.fc41"], requires: ["/bin/sh (post)", "libc.so.6"], conflicts: [] },
  files: [
    { ...file, path: "/usr/bin/ping", type: "file", mode: "4755", size: 70_000, capabilities: "cap_net_raw=ep" },
    { ...file, path: "/usr/bin/ping6", type: "hardlink", mode: "4755", size: 70_000, target: "/usr/bin/ping" },
    { ...file, path: "/usr/sbin/ping", type: "symlink", mode: "0777", target: "../bin/ping" },
    { ...file, path: "/var/tmp/ping", type: "directory", mode: "1770", group: "mail" },
    { ...file, path: "/etc/ping.conf", type: "file", mode: "0644", size: 12, flags: ["config", "noreplace"] },
  ],
  scripts: [
    { name: "post", interpreter: "/bin/sh", body: "echo one\necho two\n" },
    { name: "postun", interpreter: "/sbin/ldconfig" },
    { name: "triggerin", interpreter: "/bin/sh", body: ":", conditions: ["bash > 5"] },
  ],
  digests: [
    { of: "header", algorithm: "sha256", hex: "00ff" },
    { of: "uncompressed payload", algorithm: "sha256", hex: "11ff" },
  ],
  signatures: [
    {
      range: "header",
      algorithm: "RSA/SHA256",
      keyId: "0123456789ABCDEF",
      created: 1_700_000_000,
      status: "unknown-key",
      reason: "the keyring has no such key",
    },
  ],
};

test("a package is told under headings", () => {
  assert.equal(
    renderPackage(one, plain),
    `ping 1:2.0-3.fc41 x86_64
  Asks whether a host is there

  Sends an echo request,
  and waits.

         License: BSD
             URL: https://example.org/
      Build time: 2023-11-14 22:13:20 UTC
  Installed size: 1.2 MB

Signatures
  unknown-key  header  RSA/SHA256  key 0123456789ABCDEF  2023-11-14 22:13:20 UTC  (the keyring has no such key)

Digests
  header sha256                00ff
  uncompressed payload sha256  11ff

Provides (1)
  ping = 1:2.0-3.fc41

Requires (2)
  /bin/sh (post)
  libc.so.6

Files (5)
  -rwsr-xr-x  root:root  70.0 kB  /usr/bin/ping  [cap_net_raw=ep]
  -rwsr-xr-x  root:root  70.0 kB  /usr/bin/ping6 = /usr/bin/ping
  lrwxrwxrwx  root:root           /usr/sbin/ping -> ../bin/ping
  drwxrwx--T  root:mail           /var/tmp/ping
  -rw-r--r--  root:root     12 B  /etc/ping.conf  [config, noreplace]

Script post (/bin/sh)
  echo one
  echo two

Script postun (/sbin/ldconfig)

Script triggerin (/bin/sh) on bash > 5
  :`,
  );
});

test("a package without signature and of Debian says so", () => {
  const { signatures: _, ...rest } = one;
  assert.match(renderPackage({ ...rest, signatures: [] }, plain), /^Signatures\n {2}not signed$/m);
  assert.match(
    renderPackage({ ...rest, format: "deb", signatures: [] }, plain),
    /^ {2}none: the repository is signed/m,
  );
});
