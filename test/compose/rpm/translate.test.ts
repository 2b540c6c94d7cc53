// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { compatibilityLines, placementOf, tmpfilesLine, translatePath } from "../../../src/compose/rpm/translate.ts";

test("paths are translated as rpm-ostree does", () => {
  // rust/src/utils.rs, test_translate_path_for_ostree
  const cases: [string, string][] = [
    ["usr/lib/foo", "usr/lib/foo"],
    ["var/lib/foo", "var/lib/foo"],
    ["etc", "usr/etc"],
    ["etc/foo", "usr/etc/foo"],
    ["etcetera", "etcetera"],
    ["boot/foo", "usr/lib/ostree-boot/foo"],
    ["boot", "boot"],
    ["var/lib/selinux/targeted/foo", "usr/etc/selinux/targeted/foo"],
    ["opt", "usr/lib/opt"],
    ["opt/foo", "usr/lib/opt/foo"],
    ["var/lib/alternatives/foo", "usr/lib/alternatives/foo"],
    ["var/lib/vagrant/foo", "usr/lib/vagrant/foo"],
  ];
  for (const [path, expected] of cases) assert.equal(translatePath(path), expected, path);
});

test("what is elsewhere is made at boot, dropped or refused", () => {
  const cases: [Parameters<typeof placementOf>, ReturnType<typeof placementOf>][] = [
    [["var/lib/foo", "directory"], "tmpfiles"],
    [["var/lib/link", "symlink"], "tmpfiles"],
    [["run/foo", "directory"], "tmpfiles"],
    [["var/lib/foo/state", "file"], "dropped"],
    [["var/lib/rpm", "directory"], "dropped"],
    [["var/lib/rpm-state", "directory"], "dropped"],
    [["var/lib/selinux/final", "directory"], "dropped"],
    [["usr/etc/selinux/targeted/semanage.read.LOCK", "file"], "dropped"],
    [["usr/local/bin/x", "file"], "tree"],
    [["usr/lib/opt/bar", "file"], "tree"],
    [["lib64/ld.so", "file"], "tree"],
    [["", "directory"], "tree"],
    [["home", "directory"], "dropped"],
    [["home/user", "directory"], "unsupported"],
    [["srv/www", "file"], "unsupported"],
    [["usrx", "file"], "unsupported"],
  ];
  for (const [args, expected] of cases) assert.equal(placementOf(...args), expected, args.join(" "));
});

test("tmpfiles.d lines", () => {
  const owner = { mode: 0o1777, user: "root", group: "adm" };
  assert.equal(tmpfilesLine({ path: "var/lib/a b", ...owner }), 'd "/var/lib/a b" 1777 root adm - -');
  assert.equal(tmpfilesLine({ path: "var/run/x", ...owner, mode: 0o755 }), "d /run/x 0755 root adm - -");
  assert.equal(tmpfilesLine({ path: "var/mail", ...owner, target: "spool/mail" }), "L /var/mail - - - - spool/mail");
  // rust/src/importer.rs, test_importer_tmpfiles_symlinks
  const plain = ["usr/lib/foo", "var/lib/foo", "var/lib/alternatives/foo", "usr/opt/foo", "opt"];
  assert.deepEqual(compatibilityLines(plain), []);
  assert.deepEqual(
    compatibilityLines(["var/lib/vagrant", "var/lib/alternatives", "opt/foo", "opt/bar/first", "opt/bar"]),
    [
      "L /opt/bar - - - - ../../usr/lib/opt/bar",
      "L /opt/foo - - - - ../../usr/lib/opt/foo",
      "L /var/lib/alternatives - - - - ../../usr/lib/alternatives",
      "L /var/lib/vagrant - - - - ../../usr/lib/vagrant",
    ],
  );
});
