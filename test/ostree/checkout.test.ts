// SPDX-License-Identifier: Apache-2.0
/** Union modes, whiteouts and parts of trees: the same outcome as stock `ostree checkout` has on a copy of the same place. */
import assert from "node:assert/strict";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkout, type CheckoutOptions, Repo } from "../../src/ostree/index.ts";
import { commitDirectory, describeTree, makeReferenceTree, stock, temporary } from "./fixture.ts";

/** What a checkout meets in its destination. */
const destinations: Record<string, (path: string) => void> = {
  "nothing there": () => {},
  "the same file": (path) => {
    mkdirSync(path);
    writeFileSync(join(path, "hello.txt"), "hello\n", { mode: 0o644 });
  },
  "another file": (path) => {
    mkdirSync(path);
    writeFileSync(join(path, "hello.txt"), "other\n");
    writeFileSync(join(path, "kept"), "kept\n");
  },
  "the same link": (path) => {
    mkdirSync(path);
    symlinkSync("hello.txt", join(path, "link"));
  },
  "another link": (path) => {
    mkdirSync(path);
    symlinkSync("elsewhere", join(path, "link"));
  },
  "a directory in place of a file": (path) => mkdirSync(join(path, "hello.txt"), { recursive: true }),
  "a file in place of a directory": (path) => {
    mkdirSync(path);
    writeFileSync(join(path, "sub"), "a file");
  },
  "a directory with another mode": (path) => mkdirSync(join(path, "sub"), { recursive: true, mode: 0o700 }),
  "an empty file in place of a full one": (path) => {
    mkdirSync(path);
    writeFileSync(join(path, "hello.txt"), "");
  },
  "a full file in place of an empty one": (path) => {
    mkdirSync(path);
    writeFileSync(join(path, "empty"), "full");
  },
};

const unions = { "": "none", "--union": "overwrite", "--union-add": "add", "--union-identical": "identical" } as const;

for (const [flag, union] of Object.entries(unions)) {
  for (const mode of ["archive", "bare", "bare-user"] as const) {
    // Stock has --union-identical only with hard links.
    if (union === "identical" && mode === "archive") continue;
    test(`checkout ${flag} onto what is there, ${mode}`, async () => {
      using scratch = temporary();
      const tree = join(scratch.path, "tree");
      makeReferenceTree(tree);
      const repo = Repo.init(join(scratch.path, "repo"), mode);
      await commitDirectory(repo, tree, "ref");
      const user = mode === "bare-user";
      for (const [name, make] of Object.entries(destinations)) {
        const [ours, theirs] = [join(scratch.path, `ours ${name}`), join(scratch.path, `theirs ${name}`)];
        make(ours);
        make(theirs);
        const flags = [flag, user ? "-U" : "", union === "identical" ? "-H" : ""];
        const expected = attempt(() =>
          stock("checkout", `--repo=${repo.path}`, ...flags.filter(Boolean), "ref", theirs),
        );
        const options: CheckoutOptions = { union, user, requireHardlinks: flags.includes("-H") };
        const got = await attemptAsync(() => checkout(repo, "ref", ours, options));
        assert.equal(got === undefined, expected === undefined, `${name}: ours ${got}, stock ${expected}`);
        if (got === undefined) assert.deepEqual(describeTree(ours), describeTree(theirs), name);
        else assert.match(got, /^ostree-checkout-(exists|conflict)/, name);
      }
    });
  }
}

function attempt(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function attemptAsync(action: () => Promise<void>): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    return `${code}: ${message}`;
  }
}

test("hard links: files share their object's inode, empty ones and links of bare-user do not", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  makeReferenceTree(tree);
  for (const mode of ["bare", "bare-user"] as const) {
    const repo = Repo.init(join(scratch.path, mode), mode);
    await commitDirectory(repo, tree, "ref");
    const out = join(scratch.path, `out-${mode}`);
    await checkout(repo, "ref", out, { user: mode === "bare-user", requireHardlinks: true });
    assert.ok(lstatSync(join(out, "hello.txt")).nlink >= 2);
    assert.equal(lstatSync(join(out, "hello.txt")).ino, lstatSync(join(out, "sub/hardlink")).ino);
    assert.equal(lstatSync(join(out, "empty")).nlink, 1);
    assert.equal(lstatSync(join(out, "link")).nlink, mode === "bare" ? 2 : 1);
    assert.equal(lstatSync(join(out, "sub")).mtimeMs, 0);
    await checkout(repo, "ref", `${out}-copy`, { user: mode === "bare-user", copy: true });
    assert.equal(lstatSync(join(`${out}-copy`, "hello.txt")).nlink, 1);
  }
});

test("a checkout that cannot hard-link says so, and writes no file", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  makeReferenceTree(tree);
  for (const [mode, user] of [
    ["archive", true],
    ["bare", true],
    ["bare-user", false],
  ] as const) {
    const repo = Repo.init(join(scratch.path, mode), mode);
    await commitDirectory(repo, tree, "ref");
    const out = join(scratch.path, `out-${mode}`);
    await assert.rejects(checkout(repo, "ref", out, { user, requireHardlinks: true }), {
      code: "ostree-cannot-hardlink",
    });
    const written = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
    assert.deepEqual(written, []);
  }
});

test("a part of the tree: a directory, a file, what is not there", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  makeReferenceTree(tree);
  const repo = Repo.init(join(scratch.path, "repo"), "archive");
  await commitDirectory(repo, tree, "ref");
  for (const subpath of ["/sub", "sub/deep", "/hello.txt"]) {
    const [ours, theirs] = [
      join(scratch.path, `ours-${subpath.replaceAll("/", "-")}`),
      join(scratch.path, `theirs-${subpath.replaceAll("/", "-")}`),
    ];
    await checkout(repo, "ref", ours, { subpath });
    stock("checkout", `--repo=${repo.path}`, `--subpath=${subpath}`, "ref", theirs);
    assert.deepEqual(describeTree(ours), describeTree(theirs));
  }
  const nowhere = join(scratch.path, "nowhere");
  await assert.rejects(checkout(repo, "ref", nowhere, { subpath: "/none" }), { code: "ostree-no-such-path" });
  await assert.rejects(checkout(repo, "missing", nowhere), { code: "ostree-no-such-ref" });
});

test("layers: whiteouts delete, opaque ones empty their directory, a file replaces a directory", async () => {
  using scratch = temporary();
  const repo = Repo.init(join(scratch.path, "repo"), "bare");
  const base = join(scratch.path, "base");
  makeReferenceTree(base);
  await commitDirectory(repo, base, "base");
  const layer = join(scratch.path, "layer");
  mkdirSync(join(layer, "sub"), { recursive: true });
  mkdirSync(join(layer, "zz"));
  writeFileSync(join(layer, ".wh.hello.txt"), "");
  writeFileSync(join(layer, "sub/.wh..wh..opq"), "");
  writeFileSync(join(layer, "sub/only"), "only\n");
  writeFileSync(join(layer, "zz/new"), "new\n");
  writeFileSync(join(layer, "emptydir"), "now a file\n");
  await commitDirectory(repo, layer, "layer");
  const ours = join(scratch.path, "ours");
  await checkout(repo, "base", ours);
  await checkout(repo, "layer", ours, { union: "overwrite", whiteouts: true });
  assert.deepEqual(
    describeTree(ours).map((line) => line.split(" ")[0]),
    [
      "/",
      "/empty",
      "/emptydir",
      "/link",
      "/ro",
      "/run.sh",
      "/sgid",
      "/sub",
      "/sub/only",
      "/suid",
      "/ww",
      "/zz",
      "/zz/new",
    ],
  );
  assert.equal(readFileSync(join(ours, "emptydir"), "utf8"), "now a file\n");
});

test("a filter leaves out what it refuses", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  makeReferenceTree(tree);
  const repo = Repo.init(join(scratch.path, "repo"), "bare-user");
  await commitDirectory(repo, tree, "ref");
  const out = join(scratch.path, "out");
  await checkout(repo, "ref", out, { user: true, filter: (path) => path !== "/sub" && path !== "/suid" });
  assert.ok(!existsSync(join(out, "sub")) && !existsSync(join(out, "suid")) && existsSync(join(out, "ro")));
});

test("a tree with an object missing is not checked out silently", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  makeReferenceTree(tree);
  const repo = Repo.init(join(scratch.path, "repo"), "bare-user");
  await commitDirectory(repo, tree, "ref");
  const checksum = repo.loadDirTree(repo.loadCommit(repo.resolve("ref")).tree).files[0]?.checksum;
  assert.ok(checksum);
  rmSync(repo.objectPath(checksum, "file"));
  await assert.rejects(checkout(repo, "ref", join(scratch.path, "out"), { user: true }), {
    code: "ostree-no-such-object",
  });
});

test("an existing hard link to the object is left alone by union", async () => {
  using scratch = temporary();
  const tree = join(scratch.path, "tree");
  makeReferenceTree(tree);
  const repo = Repo.init(join(scratch.path, "repo"), "bare-user");
  await commitDirectory(repo, tree, "ref");
  const out = join(scratch.path, "out");
  await checkout(repo, "ref", out, { user: true });
  linkSync(join(out, "hello.txt"), join(scratch.path, "extra"));
  const before = lstatSync(join(out, "hello.txt")).ino;
  await checkout(repo, "ref", out, { user: true, union: "identical", requireHardlinks: true });
  assert.equal(lstatSync(join(out, "hello.txt")).ino, before);
});
