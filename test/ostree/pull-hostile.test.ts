// SPDX-License-Identifier: Apache-2.0
/** Servers that are broken or lie: each pull must fail with a clear error, keep nothing of it, and a later one must work. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { mount, unmount } from "../../src/base/index.ts";
import { writeGVariant } from "../../src/formats/index.ts";
import {
  addRemote,
  type Checksum,
  fsck,
  loosePath,
  pull,
  Repo,
  serveDirectory,
  Transaction,
  writeCommit,
} from "../../src/ostree/index.ts";
import { makeReferenceTree, stock, temporary } from "./fixture.ts";

interface Source {
  readonly path: string;
  readonly commit: Checksum;
  /** Path below the repository of some content object, dirtree and dirmeta. */
  readonly file: string;
  readonly tree: string;
  readonly meta: string;
}

function makeSource(directory: string): Source {
  const path = join(directory, "source");
  makeReferenceTree(join(directory, "tree"));
  stock(`--repo=${path}`, "init", "--mode=archive");
  stock(`--repo=${path}`, "commit", "-b", "main", `--tree=dir=${join(directory, "tree")}`);
  const repo = Repo.open(path);
  const commit = repo.resolve("main");
  const { tree, meta } = repo.loadCommit(commit);
  const { files, dirs } = repo.loadDirTree(tree);
  const object = (checksum: Checksum, type: "file" | "dirtree" | "dirmeta") =>
    `objects/${loosePath(checksum, type, "archive")}`;
  return {
    path,
    commit,
    file: object(files.find(({ name }) => name === "hello.txt")!.checksum, "file"),
    tree: object(dirs[0]!.tree, "dirtree"),
    meta: object(meta, "dirmeta"),
  };
}

type Answer = (response: ServerResponse, honest: () => void) => void;

/** Serves a repository; `answer` takes the place of the honest answer for one path. */
async function serveWith(root: string, path: string, answer: Answer) {
  const server = createServer((request, response) => {
    const honest = () => {
      try {
        response.end(readFileSync(join(root, request.url!)));
      } catch {
        response.writeHead(404).end();
      }
    };
    if (request.url === `/${path}`) answer(response, honest);
    else honest();
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, [Symbol.asyncDispose]: close };
}

function makeTarget(directory: string, url: string): Repo {
  const repo = Repo.init(join(directory, "target"), "bare-user");
  addRemote(repo, "origin", { url, set: new Map([["gpg-verify", false]]) });
  return repo;
}

/** Pulls from a server that lies about `pick`'s path; then from an honest one. */
async function lie(pick: (source: Source) => string, answer: Answer, expected: { code: string; text: RegExp }) {
  using scratch = temporary();
  const source = makeSource(scratch.path);
  let repo: Repo;
  {
    await using server = await serveWith(source.path, pick(source), answer);
    repo = makeTarget(scratch.path, server.url);
    const options = { remote: "origin", refs: ["main"], retries: 1, idleSeconds: 0.5 };
    await assert.rejects(pull(repo, options), (error: Error & { code?: string }) => {
      assert.equal(error.code, expected.code, error.message);
      assert.match(error.message, expected.text);
      return true;
    });
  }
  assert.equal(repo.listRefs().size, 0);
  assert.deepEqual([...repo.objects()], []);
  await using server = await serveDirectory(source.path);
  addRemote(repo, "origin", { url: server.url, force: true, set: new Map([["gpg-verify", false]]) });
  await pull(repo, { remote: "origin", refs: ["main"] });
  stock(`--repo=${repo.path}`, "fsck", "-q");
  assert.deepEqual(readdirSync(join(repo.path, "tmp")), ["cache"]);
  assert.deepEqual(readdirSync(join(repo.path, "state")), []);
}

const corrupt = (text: RegExp) => ({ code: "ostree-corrupt-object", text });

test("404 for a content object, a directory, the commit, the ref", async () => {
  const missing: Answer = (response) => response.writeHead(404).end();
  for (const pick of ["file", "tree", "meta"] as const) {
    await lie((source) => source[pick], missing, { code: "ostree-no-such-object", text: /objects\/.*HTTP 404/ });
  }
  const commit = (source: Source) => `objects/${loosePath(source.commit, "commit", "archive")}`;
  await lie(commit, missing, { code: "ostree-no-such-object", text: /\.commit: Server returned HTTP 404/ });
  await lie(() => "refs/heads/main", missing, {
    code: "ostree-no-such-remote-ref",
    text: /refs\/heads\/main: Server returned HTTP 404/,
  });
});

test("garbage instead of an object names object and URL", async () => {
  const garbage: Answer = (response) => response.end("garbage, and enough of it to be longer than any header");
  await lie((source) => source.file, garbage, corrupt(/^http:.*objects\/.*\.filez: .*header/));
  await lie(
    (source) => source.tree,
    garbage,
    corrupt(/^http:.*\.dirtree: Corrupted dirtree object; checksum expected='/),
  );
  const commit = (source: Source) => `objects/${loosePath(source.commit, "commit", "archive")}`;
  await lie(commit, garbage, corrupt(/\.commit: Corrupted commit object/));
  await lie(() => "refs/heads/main", garbage, { code: "ostree-bad-checksum", text: /Invalid rev/ });
  await lie(() => "summary", garbage, { code: "formats-gvariant-malformed", text: /summary/ });
});

test("one object's bytes under another's name", async () => {
  using scratch = temporary();
  const source = makeSource(scratch.path);
  const other = Repo.open(source.path).loadDirTree(Repo.open(source.path).loadCommit(source.commit).tree).files[0]!
    .checksum;
  const bytes = readFileSync(join(source.path, "objects", loosePath(other, "file", "archive")));
  await lie(
    (one) => one.file,
    (response) => response.end(bytes),
    corrupt(/Corrupted file object; checksum expected='/),
  );
});

test("a body that ends too early, also when the length is told", async () => {
  const short: Answer = (response) => {
    response.writeHead(200, { "content-length": 10_000 });
    response.write("x");
    setTimeout(() => response.destroy(), 20);
  };
  await lie((source) => source.file, short, { code: "base-http-failed", text: /Transferred a partial file/ });
});

test("a content object with more content than it announces, or that cannot be inflated", async () => {
  await lie(
    (source) => source.file,
    (response) => {
      const header = Buffer.from(writeGVariant("(tuuuusa(ayay))", [1n << 56n, 0, 0, 0xa4810000, 0, "", []]));
      const prefix = Buffer.alloc(8);
      prefix.writeUInt32BE(header.length);
      response.end(Buffer.concat([prefix, header, Buffer.alloc(1000, 0x55)]));
    },
    corrupt(/cannot be decompressed/),
  );
});

test("a body without end is cut off", async () => {
  for (const pick of ["file", "tree"] as const) {
    let sent = 0;
    await lie(
      (source) => source[pick],
      (response) => {
        const header = Buffer.alloc(24);
        header.writeUInt32BE(16);
        header.writeBigUInt64BE(100n, 8);
        response.write(header);
        const more = () => {
          if (response.destroyed) return;
          sent += 1 << 16;
          response.write(Buffer.alloc(1 << 16), () => setImmediate(more));
        };
        more();
      },
      { code: "base-too-large", text: /objects\/.*exceeded maximum size/ },
    );
    assert.ok(sent < 160 << 20, `${sent} bytes were taken`);
  }
});

test("redirects in a circle, errors that stay, silence", async () => {
  const circle: Answer = (response) => response.writeHead(302, { location: response.req.url! }).end();
  const text = /more than 10 redirects/;
  for (const pick of ["file", "tree"] as const)
    await lie((source) => source[pick], circle, { code: "base-http-status", text });
  const failing: Answer = (response) => response.writeHead(500).end();
  await lie((source) => source.tree, failing, { code: "base-http-failed", text: /Server returned HTTP 500/ });
  const silent: Answer = () => {};
  await lie((source) => source.tree, silent, { code: "base-http-failed", text: /Operation too slow/ });
});

test("a passing error is retried", async () => {
  using scratch = temporary();
  const source = makeSource(scratch.path);
  let failures = 0;
  await using server = await serveWith(source.path, source.tree, (response, honest) => {
    if (++failures < 3) response.writeHead(503).end();
    else honest();
  });
  const repo = makeTarget(scratch.path, server.url);
  await pull(repo, { remote: "origin", refs: ["main"] });
  assert.equal(failures, 3);
});

test("a directory with an entry that climbs out", async () => {
  for (const name of ["..", ".", "a/b", ""]) {
    using scratch = temporary();
    const source = makeSource(scratch.path);
    const repo = Repo.open(source.path);
    const { tree, meta } = repo.loadCommit(source.commit);
    const { checksum } = repo.loadDirTree(tree).files[0]!;
    using transaction = Transaction.begin(repo);
    const bad = transaction.writeMetadata(
      "dirtree",
      writeGVariant("(a(say)a(sayay))", [[[name, Buffer.from(checksum, "hex")]], []]),
    );
    writeCommit(repo, { tree: bad, meta, timestamp: 1n, ref: "bad", transaction });
    transaction.commit();
    await using server = await serveDirectory(source.path);
    const target = makeTarget(scratch.path, server.url);
    await assert.rejects(
      pull(target, { remote: "origin", refs: ["bad"] }),
      (error: Error & { code?: string }) => error.code === "ostree-bad-name",
    );
    assert.deepEqual([...target.objects()], []);
  }
});

test("another branch's commit, an older commit, a repository of the wrong mode", async () => {
  using scratch = temporary();
  const source = makeSource(scratch.path);
  stock(`--repo=${source.path}`, "commit", "-b", "other", "--timestamp=@1", `--tree=dir=${join(scratch.path, "tree")}`);
  await using server = await serveDirectory(source.path);
  const repo = makeTarget(scratch.path, server.url);
  const older = stock(`--repo=${source.path}`, "rev-parse", "other").trim();
  await assert.rejects(pull(repo, { remote: "origin", refs: [`main@${older}`] }), /Commit has no requested ref ‘main’/);
  await pull(repo, { remote: "origin", refs: ["main"] });
  const options = { remote: "origin", refs: [`main@${older}`], verifyBindings: false, timestampCheck: true };
  await assert.rejects(pull(repo, options), /chronologically older than current revision/);
  await assert.rejects(
    pull(repo, { ...options, timestampCheck: false, timestampCheckFrom: "main" }),
    /chronologically older/,
  );
  await pull(repo, { ...options, timestampCheck: false });
  const bare = join(scratch.path, "bare");
  stock(`--repo=${bare}`, "init", "--mode=bare");
  await using wrong = await serveDirectory(bare);
  await assert.rejects(pull(repo, { url: wrong.url, refs: ["main"] }), /Can't pull from archives with mode "bare"/);
});

test("a full disk: nothing half-written, and the next pull works", async () => {
  using scratch = temporary();
  const source = makeSource(scratch.path);
  writeFileSync(join(scratch.path, "tree/big"), Buffer.alloc(3 << 20, Math.random().toString()));
  stock(`--repo=${source.path}`, "commit", "-b", "main", `--tree=dir=${join(scratch.path, "tree")}`);
  await using server = await serveDirectory(source.path);
  const repo = Repo.init(join(scratch.path, "target"), "bare-user");
  mount("tmpfs", join(repo.path), "tmpfs", 0, "size=1m");
  try {
    const small = Repo.init(repo.path, "bare-user");
    addRemote(small, "origin", { url: server.url, set: new Map([["gpg-verify", false]]) });
    await assert.rejects(pull(small, { remote: "origin", refs: ["main"] }), (error: Error & { code?: string }) =>
      ["ENOSPC", "ostree-no-space"].includes(error.code!),
    );
    assert.deepEqual([[...small.objects()].length, small.listRefs().size], [0, 0]);
    assert.deepEqual(readdirSync(join(small.path, "tmp")), ["cache"]);
    mount("tmpfs", repo.path, "tmpfs", 32, "size=16m");
    await pull(small, { remote: "origin", refs: ["main"] });
    assert.deepEqual((await fsck(small)).findings, []);
  } finally {
    unmount(repo.path, true);
  }
});
