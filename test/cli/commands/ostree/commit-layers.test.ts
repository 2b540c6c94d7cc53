// SPDX-License-Identifier: Apache-2.0
/** The same layers committed by stock `ostree` and by `atomic ostree`: the commits have the same checksum. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { getXattr, removeTree, removeXattr, setXattr } from "../../../../src/base/index.ts";
import { encodeTarHeader, tarEnd, tarPadding, type TarWriteHeader } from "../../../../src/formats/index.ts";
import { Repo, readSizes } from "../../../../src/ostree/index.ts";
import { describeTree } from "../../../ostree/fixture.ts";

const atomic = join(import.meta.dirname, "../../../../atomic");
const directory = mkdtempSync(join(tmpdir(), "layers-"));

function run(command: string, args: readonly string[], input?: Buffer) {
  const env = { ...process.env, TZ: "UTC" };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: directory, encoding: "utf8", env, input });
  return { status, stdout, stderr };
}

/** Commits with both; both fail, or both print the same. */
function same(line: string, input?: Buffer): string {
  const words = ["commit", "--timestamp=@1600000000", ...line.split(" ")];
  const stock = run("ostree", ["--repo=stock", ...words], input);
  const ours = run(atomic, ["ostree", "--repo=ours", ...words], input);
  assert.deepEqual(
    [ours.status, ours.stdout],
    [stock.status, stock.stdout],
    `${line}\n${stock.stderr}\n${ours.stderr}`,
  );
  return ours.stdout.trim();
}

function write(path: string, content: string | Buffer, mode = 0o644): void {
  mkdirSync(join(directory, dirname(path)), { recursive: true });
  writeFileSync(join(directory, path), content);
  chmodSync(join(directory, path), mode);
}

type Member = TarWriteHeader & { readonly content?: string };

function tar(...members: Member[]): Buffer {
  const parts = members.flatMap(({ content = "", ...header }) => [
    encodeTarHeader({ ...header, size: Buffer.byteLength(content) }),
    Buffer.from(content),
    Buffer.alloc(tarPadding(Buffer.byteLength(content))),
  ]);
  return Buffer.concat([...parts, tarEnd]);
}

const layer = tar(
  { path: ".", type: "directory", mode: 0o755 },
  { path: "usr", type: "directory", mode: 0o755, uid: 3, gid: 4 },
  { path: "usr/bin", type: "directory", mode: 0o2775 },
  { path: "usr/bin/tool", type: "file", mode: 0o4755, content: "tool\n", uid: 1000, gid: 1001 },
  { path: "usr/bin/link", type: "symlink", mode: 0o777, target: "tool" },
  { path: "usr/bin/hard", type: "hardlink", mode: 0o755, target: "usr/bin/tool" },
  {
    path: "usr/bin/attr",
    type: "file",
    mode: 0o600,
    content: "x",
    xattrs: [{ name: "user.a", value: Buffer.from([0, 1]) }],
  },
  { path: "usr/empty", type: "file", mode: 0o444 },
  { path: "usr/empty2", type: "hardlink", mode: 0o444, target: "usr/empty" },
  { path: "usr/large", type: "file", mode: 0o644, content: "large ".repeat(1_000_000) },
  { path: `usr/${"long-name-".repeat(20)}é`, type: "file", mode: 0o644, content: "long" },
  { path: "etc", type: "directory", mode: 0o755 },
  { path: "etc/conf", type: "file", mode: 0o664, content: "conf\n" },
);

before(() => {
  for (const name of ["stock", "ours"]) run("ostree", [`--repo=${name}`, "init", "--mode=archive"]);
  write("layer.tar", layer);
  write("layer.tar.gz", gzipSync(layer));
  write("layer.tar.zst", zstdCompressSync(layer));
  write("tree/usr/bin/tool", "from the disk\n", 0o755);
  write("tree/usr/bin/other", "other\n", 0o775);
  write("tree/etc/passwd", "root\n");
  symlinkSync("passwd", join(directory, "tree/etc/link"));
  setXattr(join(directory, "tree/etc/passwd"), "user.x", Buffer.from("y"));
  write("overrides", "2048 /usr/bin/tool\n=384 /etc/conf\n");
  write("skipped", "/usr/bin/link\n");
  same("-b dir --tree=dir=tree");
});
after(() => removeTree(directory));

test("an archive, whatever it is compressed with and wherever it comes from", () => {
  const plain = same("--orphan --tree=tar=layer.tar");
  assert.equal(same("--orphan --tree=tar=layer.tar.gz"), plain);
  assert.equal(same("--orphan --tree=tar=layer.tar.zst"), plain);
  assert.equal(same("--orphan --tree=tar=-", layer), plain);
  run("xz", ["-k", "layer.tar"]);
  assert.equal(same("--orphan --tree=tar=layer.tar.xz"), plain);
});

test("modifiers apply to the members of an archive", () => {
  same("--orphan --tree=tar=layer.tar --statoverride=overrides --skip-list=skipped");
  same("--orphan --tree=tar=layer.tar --canonical-permissions");
  same("--orphan --tree=tar=layer.tar --no-xattrs --owner-uid=7 --owner-gid=8 --mode-ro-executables");
  same("--orphan --tree=tar=layer.tar --tar-autocreate-parents --tar-pathname-filter=^usr/(\\w+),lib/\\1/x");
  same("--orphan --tree=tar=layer.tar --tar-pathname-filter=nothing");
});

test("layers over layers: archives, directories, refs, a base", () => {
  same("-b both --tree=dir=tree --tree=tar=layer.tar");
  same("--orphan --tree=tar=layer.tar --tree=dir=tree --statoverride=overrides");
  same("--orphan --tree=ref=both --tree=dir=tree --skip-list=skipped");
  same("--orphan --tree=ref=dir --owner-uid=5");
  same("--orphan --base=both --tree=dir=tree --owner-uid=5 --canonical-permissions");
  same("--orphan --base=both --tree=tar=layer.tar --owner-uid=5");
});

test("archives without directories, with nothing, with what cannot be committed", () => {
  write("partial.tar", tar({ path: "a/b/c", type: "file", mode: 0o600, uid: 5, gid: 6, content: "c" }));
  same("--orphan --tree=tar=partial.tar");
  same("--orphan --tree=tar=partial.tar --tar-autocreate-parents");
  same("--orphan --tree=tar=layer.tar --tree=tar=partial.tar --tar-autocreate-parents");
  write("empty.tar", tarEnd);
  same("--orphan --tree=tar=empty.tar");
  same("--orphan --tree=tar=empty.tar --tar-autocreate-parents --owner-uid=9");
  write(
    "device.tar",
    tar({ path: ".", type: "directory", mode: 0o755 }, { path: "null", type: "character", mode: 0o666 }),
  );
  same("--orphan --tree=tar=device.tar");
  write(
    "dangling.tar",
    tar({ path: ".", type: "directory", mode: 0o755 }, { path: "x", type: "hardlink", mode: 0o644, target: "y" }),
  );
  same("--orphan --tree=tar=dangling.tar");
  write(
    "climbing.tar",
    tar({ path: ".", type: "directory", mode: 0o755 }, { path: "a/../../x", type: "file", mode: 0o644 }),
  );
  same("--orphan --tree=tar=climbing.tar");
  same("--orphan --tree=tar=layer.tar --tar-pathname-filter=no-comma");
});

test("metadata in GVariant text format", () => {
  const values = [
    "b=true",
    "i=-5",
    "t=uint64_5",
    "d=1.5",
    "as=['a','b']",
    "sv={'k':<byte_1>}",
    "mb=@mb_true",
    "ay=b'x'",
  ];
  same(
    `--orphan ${values.map((value) => `--add-metadata=${value.replace("_", "\u00a0").replace("\u00a0", "\t")}`).join(" ")} tree`,
  );
});

test("labels come from the policy of a directory, of a base, of the first tree", () => {
  // Before 2024 stock did not sort attributes: a label and another attribute have another checksum there.
  removeXattr(join(directory, "tree/etc/passwd"), "user.x");
  write("tree/usr/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=test\n");
  const contexts = ["/.*\tsystem_u:object_r:default_t:s0", "/usr/bin(/.*)?\tsystem_u:object_r:bin_t:s0"];
  contexts.push("/usr/bin/tool\t--\tsystem_u:object_r:tool_exec_t:s0", "/etc(/.*)?\tsystem_u:object_r:etc_t:s0");
  write("tree/usr/etc/selinux/test/contexts/files/file_contexts", `${contexts.join("\n")}\n`);
  write("tree/usr/etc/selinux/test/policy/policy.33", "policy");
  same("-b labelled --tree=dir=tree --selinux-policy-from-base");
  same("--orphan --tree=ref=labelled -P");
  same("--orphan --base=labelled --tree=dir=tree -P");
  same("--orphan --tree=tar=layer.tar --selinux-policy=tree --no-xattrs");
  same("--orphan --tree=dir=tree --tree=tar=layer.tar -P --no-xattrs");
  same("--orphan --tree=tar=layer.tar -P");
  same("--orphan --tree=dir=tree -P --selinux-policy=tree");
});

test("sizes are announced as stock announces them, for what is compressed as well as here", () => {
  const commit = run(atomic, [
    "ostree",
    "--repo=ours",
    "commit",
    "-b",
    "sized",
    "--generate-sizes",
    "tree",
  ]).stdout.trim();
  const theirs = run("ostree", ["--repo=stock", "commit", "-b", "sized", "--generate-sizes", "tree"]).stdout.trim();
  const sizes = ["ours", "stock"].map((name) => {
    const repo = Repo.open(join(directory, name));
    const entries = readSizes(repo.loadCommit(repo.resolve(name === "ours" ? commit : theirs)), name)!;
    for (const { checksum, type, archived } of entries) {
      assert.equal(lstatSync(repo.objectPath(checksum, type!)).size, Number(archived));
    }
    return entries.map(({ checksum, type, unpacked }) => ({ checksum, type, unpacked }));
  });
  assert.deepEqual(sizes[0], sizes[1]);
  assert.match(run("ostree", ["--repo=ours", "show", "--print-sizes", "sized"]).stdout, /Number of objects .*: 0\/\d+/);
});

test("an export is unpacked by tar to the tree that stock's export is unpacked to", () => {
  for (const options of [[], ["--subpath=usr"], ["--prefix=pre/fix/"], ["--no-xattrs"]]) {
    const exported = (command: string, words: readonly string[], file: string) => {
      assert.equal(run(command, [...words, "--repo=ours", "export", "both", ...options, "-o", file]).status, 0);
      mkdirSync(join(directory, `${file}-tree`));
      assert.equal(run("tar", ["xpf", file, "-C", `${file}-tree`]).status, 0);
      const found = describeTree(join(directory, `${file}-tree`));
      removeTree(join(directory, `${file}-tree`));
      return found;
    };
    assert.deepEqual(exported(atomic, ["ostree"], "ours.tar"), exported("ostree", [], "theirs.tar"));
  }
  const back = same("--orphan --tree=tar=ours.tar");
  assert.match(back, /^[0-9a-f]{64}$/);
  // Stock's format has no place for attributes; ours comes back as the very tree.
  run(atomic, ["ostree", "--repo=ours", "export", "both", "-o", "whole.tar"]);
  const again = run(atomic, ["ostree", "--repo=ours", "commit", "--orphan", "--tree=tar=whole.tar"]).stdout.trim();
  assert.equal(run("ostree", ["--repo=ours", "diff", "both", again]).stdout, "");
});

test("an export waits for a slow reader of its pipe", () => {
  const { stdout, stderr } = run("sh", ["-c", `"${atomic}" ostree --repo=ours export both | (sleep 0.3; wc -c)`]);
  assert.equal(stderr, "");
  assert.ok(Number(stdout) > 6_000_000);
});

test("the numbers of --table-output are stock's", () => {
  for (const mode of ["archive", "bare-user"]) {
    for (const name of ["stock", "ours"]) run("ostree", [`--repo=table-${name}`, "init", `--mode=${mode}`]);
    const words = ["commit", "-b", "table", "--timestamp=@9", "--table-output", "tree"];
    for (let times = 0; times < 2; times++) {
      const stock = run("ostree", ["--repo=table-stock", ...words])
        .stdout.split("\n")
        .slice(1);
      const ours = run(atomic, ["ostree", "--repo=table-ours", ...words])
        .stdout.split("\n")
        .slice(1);
      assert.deepEqual(ours, stock);
    }
    for (const name of ["stock", "ours"]) removeTree(join(directory, `table-${name}`));
  }
});

test("files of a checkout by hard link are committed without being read", () => {
  for (const mode of ["bare", "bare-user"]) {
    const name = `linked-${mode}`;
    run("ostree", [`--repo=${name}`, "init", `--mode=${mode}`]);
    run("ostree", [`--repo=${name}`, "pull-local", "stock", "both"]);
    const user = mode === "bare" ? [] : ["-U"];
    run("ostree", [`--repo=${name}`, "checkout", "-H", ...user, "both", `${name}-tree`]);
    for (const options of [
      ["--link-checkout-speedup"],
      ["-I"],
      ["-I", "--owner-uid=77"],
      ["--link-checkout-speedup", "--owner-uid=77"],
    ]) {
      const words = [
        `--repo=${name}`,
        "commit",
        "--orphan",
        "--timestamp=@7",
        "--table-output",
        ...options,
        `${name}-tree`,
      ];
      const [stock, ours] = [run("ostree", words), run(atomic, ["ostree", ...words])].map(({ stdout }) => ({
        commit: /^Commit: .*/m.exec(stdout)?.[0],
        hits: /^Content Cache Hits: .*/m.exec(stdout)?.[0],
      }));
      assert.deepEqual(ours, stock, `${mode} ${options.join(" ")}`);
    }
  }
});

test("what is consumed becomes the object itself where the repository can take it", () => {
  run("ostree", ["--repo=adopting", "init", "--mode=bare"]);
  write("consumed/file", "file\n");
  const { ino } = lstatSync(join(directory, "consumed/file"));
  const commit = run(atomic, ["ostree", "--repo=adopting", "commit", "--orphan", "--consume", "--tree=dir=consumed"]);
  const repo = Repo.open(join(directory, "adopting"));
  const [file] = repo.loadDirTree(repo.loadCommit(repo.resolve(commit.stdout.trim())).tree).files;
  assert.equal(lstatSync(repo.objectPath(file!.checksum, "file")).ino, ino);
  assert.throws(() => lstatSync(join(directory, "consumed")), { code: "ENOENT" });
  assert.equal(run("ostree", ["--repo=adopting", "fsck"]).status, 0);
});

test("the message is written in an editor", () => {
  write(
    "editor",
    "#!/bin/sh\ngrep -q '# Branch: edited' \"$1\" || exit 1\nprintf '# no\\nSubject\\n\\nBody\\nmore\\n\\n' > \"$1\"\n",
    0o755,
  );
  const env = { ...process.env, OSTREE_EDITOR: join(directory, "editor") };
  const words = ["ostree", "--repo=ours", "commit", "-e", "-b", "edited", "tree"];
  assert.equal(spawnSync(atomic, words, { cwd: directory, env }).status, 0);
  const { subject, body } = Repo.open(join(directory, "ours")).loadCommit(
    Repo.open(join(directory, "ours")).resolve("edited"),
  );
  assert.deepEqual([subject, body], ["Subject", "Body\nmore"]);
  write("editor", '#!/bin/sh\n: > "$1"\n', 0o755);
  const failed = spawnSync(atomic, words, { cwd: directory, env, encoding: "utf8" });
  assert.match(failed.stderr, /Aborting commit due to empty commit subject/);
});

test("a bootable commit names its kernel", () => {
  write("boot/usr/lib/modules/6.1/vmlinuz", "kernel");
  run(atomic, ["ostree", "--repo=ours", "commit", "-b", "boot", "--bootable", "boot"]);
  const { metadata } = Repo.open(join(directory, "ours")).loadCommit(
    Repo.open(join(directory, "ours")).resolve("boot"),
  );
  assert.deepEqual([metadata.get("ostree.bootable")?.value, metadata.get("ostree.linux")?.value], [true, "6.1"]);
  write("boot/usr/lib/modules/6.2/vmlinuz", "kernel");
  const two = run(atomic, ["ostree", "--repo=ours", "commit", "-b", "boot", "--bootable", "boot"]);
  assert.match(two.stderr, /Multiple kernels found/);
  assert.equal(readFileSync(join(directory, "ours/refs/heads/boot"), "utf8").length, 65);
});

test("a checkout is labelled by another policy, at another place, and its directories made safe", () => {
  write("policy/etc/selinux/config", "SELINUX=permissive\nSELINUXTYPE=other\n");
  const contexts = ["/.*\tsystem_u:object_r:default_t:s0", "/sysroot/etc(/.*)?\tsystem_u:object_r:etc_t:s0"];
  write("policy/etc/selinux/other/contexts/files/file_contexts", `${contexts.join("\n")}\n`);
  write("policy/etc/selinux/other/policy/policy.33", "policy");
  chmodSync(join(directory, "tree/etc"), 0o2777);
  run("ostree", ["--repo=ours", "commit", "-b", "open", "--tree=dir=tree"]);
  const words = ["--repo=ours", "checkout", "-M", "--selinux-policy=policy", "--selinux-prefix=/sysroot", "open"];
  const out = run(atomic, ["ostree", ...words, "out"]);
  assert.equal(out.status, 0, out.stderr);
  const labelOf = (path: string) => getXattr(join(directory, "out", path), "security.selinux")?.toString();
  assert.match(labelOf("etc/passwd") ?? "", /^system_u:object_r:etc_t:s0/);
  assert.match(labelOf("etc/link") ?? "", /etc_t/);
  assert.match(labelOf("usr/bin/other") ?? "", /default_t/);
  assert.equal(lstatSync(join(directory, "out/etc")).mode & 0o7777, 0o775);
  assert.equal(run(atomic, ["ostree", ...words, "-H", "out2"]).status, 1);
  const alone = run(atomic, ["ostree", "--repo=ours", "checkout", "--selinux-prefix=/x", "open", "out3"]);
  assert.match(alone.stderr, /Cannot specify --selinux-prefix without --selinux-policy/);
});
