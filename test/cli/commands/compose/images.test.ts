// SPDX-License-Identifier: Apache-2.0
// Container images by the command line: of a commit, of a treefile, of a directory. Judged by skopeo and ostree. Needs root.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { TestArchive, tinyBase } from "../../../compose/archive.ts";

const entry = resolve(import.meta.dirname, "../../../../src/cli/atomic.ts");
let scratch: string;
let archive: TestArchive;
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "compose-images-"));
  archive = new TestArchive(scratch);
  await archive.publish([
    ...tinyBase(),
    { name: "extra", files: { "/usr/bin/extra": "extra\n", "/etc/extra.conf": "a=1\n" } },
    { name: "another", files: { "/usr/bin/another": "another\n" } },
  ]);
  // The transports without a registry ask for no policy of the machine; there may be none.
  writeFileSync(join(scratch, "policy.json"), JSON.stringify({ default: [{ type: "insecureAcceptAnything" }] }));
});
after(async () => {
  await archive[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

function atomic(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  const argv = ["--disable-warning=ExperimentalWarning", entry, "compose", "--progress=none", ...args];
  const env = { ...process.env, CONTAINERS_POLICY_JSON: join(scratch, "policy.json"), TMPDIR: scratch };
  execFile(process.execPath, argv, { cwd: scratch, env }, (error, stdout, stderr) => {
    resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
  });
  return promise;
}

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await atomic(...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

interface Written {
  readonly digest: string;
  readonly commit: string;
  readonly layers: readonly {
    readonly digest: string;
    readonly size: number;
    readonly components: readonly string[];
  }[];
}

const skopeo = (...args: string[]) =>
  execFileSync("skopeo", ["--insecure-policy", ...args], { encoding: "utf8", cwd: scratch });
const inspect = (image: string) =>
  JSON.parse(skopeo("inspect", image)) as { Digest: string; Labels: Record<string, string> };
const config = (image: string) =>
  JSON.parse(skopeo("inspect", "--config", image)) as {
    created: string;
    architecture: string;
    config: Record<string, unknown>;
  };

function treefile(version: string, packages = "[extra]"): string {
  const path = join(scratch, "tree.yaml");
  writeFileSync(
    path,
    `ref: tiny/host\nbasearch: x86_64\n${archive.apt}packages: ${packages}\nautomatic-version-prefix: "${version}"\n`,
  );
  return path;
}

test("a commit becomes an archive that skopeo takes, with what was asked for, and the same bytes again", async () => {
  await done("tree", treefile("7"), "--repo=repo", "--cachedir=cache");
  writeFileSync(join(scratch, "config.json"), JSON.stringify({ Env: ["A=b"], StopSignal: "SIGRTMIN+3" }));
  const options = [
    "--repo=repo",
    "tiny/host",
    "--label=a=1",
    "-l",
    "b=x=y",
    "--cmd=/sbin/init",
    "--image-config=config.json",
  ];
  const more = ["--copymeta-opt=no.such", "--arch=arm64", "--json"];
  const first = JSON.parse(
    await done("container-encapsulate", ...options, ...more, "oci-archive:a.ociarchive:7"),
  ) as Written;
  const image = "oci-archive:a.ociarchive:7";
  const { Digest, Labels } = inspect(image);
  const commit = execFileSync("ostree", ["rev-parse", "--repo=repo", "tiny/host"], {
    cwd: scratch,
    encoding: "utf8",
  }).trim();
  assert.deepEqual([Digest, Labels["ostree.commit"], Labels["a"], Labels["b"]], [first.digest, commit, "1", "x=y"]);
  assert.equal(Labels["org.opencontainers.image.version"], "7");
  assert.ok(Labels["atomic.inputhash"]);
  assert.deepEqual(config(image).config["Cmd"], ["/sbin/init"]);
  assert.deepEqual([config(image).architecture, config(image).config["StopSignal"]], ["arm64", "SIGRTMIN+3"]);
  assert.deepEqual(
    first.layers.map(({ components }) => components).filter((names) => names.includes("extra")),
    [["extra"]],
  );
  skopeo("copy", image, "docker-archive:a.docker:host:7");
  await done("container-encapsulate", ...options, ...more, "oci-archive:b.ociarchive:7");
  assert.ok(readFileSync(join(scratch, "a.ociarchive")).equals(readFileSync(join(scratch, "b.ociarchive"))));
  const text = await done(
    "container-encapsulate",
    "--repo=repo",
    "tiny/host",
    "oci:layout",
    "--compare-with-build",
    image,
  );
  assert.match(text, /^Image: oci:.*\/layout\nDigest: sha256:[0-9a-f]{64}\nCommit: [0-9a-f]{64}\nLayers: \d+ /);
  assert.match(text, /Total new layers: \d+ .*\nRemoved layers: 0 .*\nAdded layers: 0 /);
});

test("what cannot be is refused before anything is written", async () => {
  const refused = async (wanted: RegExp, ...args: string[]) => {
    const { code, stderr } = await atomic("container-encapsulate", ...args);
    assert.notEqual(code, 0);
    assert.match(stderr, wanted);
  };
  await refused(/no --repo given/, "tiny/host", "oci:x");
  await refused(
    /Could not find commit metadata key: no\.such/,
    "--repo=repo",
    "--copymeta=no.such",
    "tiny/host",
    "oci:x",
  );
  await refused(/3 layers are too few/, "--repo=repo", "--max-layers=3", "tiny/host", "oci:x");
  await refused(/KEY=VALUE wanted/, "--repo=repo", "--label=x", "tiny/host", "oci:x");
  await refused(/there are 1 and 2/, "--repo=repo", "--format-version=3", "tiny/host", "oci:x");
  await refused(/is not written there/, "--repo=repo", "tiny/host", "dir:x");
  await refused(/how often packages change/, "--repo=repo", "--write-contentmeta-json=x", "tiny/host", "oci:x");
  assert.match(
    (await atomic("build-chunked-oci", "--from=x", "--rootfs=.", "--bootc", "--output=oci:x")).stderr,
    /one of --rootfs and --from is needed/,
  );
  assert.match((await atomic("build-chunked-oci", "--rootfs=.", "--output=oci:x")).stderr, /--bootc must be given/);
});

test("an image is composed from a treefile, left alone when nothing changed, and keeps its layers when something did", async () => {
  const args = ["--cachedir=image-cache", "--json"];
  const missing = await atomic("image", treefile("7"), "host.ociarchive", ...args);
  assert.match(missing.stderr, /there is no oci-archive:.*host\.ociarchive yet\n +hint: --initialize/);
  type Composed = {
    readonly changed: boolean;
    readonly written?: Written;
    readonly difference?: { readonly added: number };
  };
  const image = async (...more: string[]) =>
    JSON.parse(await done("image", treefile("7"), "host.ociarchive", ...args, ...more)) as Composed;
  const first = await image("--initialize", "--touch-if-changed=mark");
  assert.deepEqual([first.changed, inspect("oci-archive:host.ociarchive").Digest], [true, first.written?.digest]);
  assert.ok(existsSync(join(scratch, "mark")));
  assert.equal((await image()).changed, false);
  assert.match(
    (await atomic("image", treefile("7"), "host.ociarchive", ...args, "--initialize-mode=never")).stderr,
    /exists already/,
  );
  const next = JSON.parse(
    await done("image", treefile("7", "[extra, another]"), "host.ociarchive", ...args),
  ) as Composed;
  assert.equal(next.changed, true);
  const layer = (of: Composed, name: string) => of.written!.layers.find(({ components }) => components.includes(name));
  assert.equal(layer(next, "extra")?.digest, layer(first, "extra")?.digest);
  assert.deepEqual(layer(next, "another")?.components, ["another"]);
  assert.equal(inspect("oci-archive:host.ociarchive").Labels["org.opencontainers.image.version"], "7.1");
  assert.match(
    (await atomic("image", treefile("7"), "x", "--format=tar", "--initialize")).stderr,
    /there are ociarchive, oci, registry/,
  );
});

test("a directory becomes an image with a commit of it, the same each time", async () => {
  const root = join(scratch, "root");
  for (const [path, text] of Object.entries({
    "usr/bin/tool": "tool",
    "etc/motd": "hello\n",
    "sysroot/ostree/repo/x": "x",
  })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  symlinkSync("usr/bin", join(root, "bin"));
  utimesSync(root, 1_900_000_000, 1_900_000_000);
  const build = async (output: string) =>
    JSON.parse(
      await done("build-chunked-oci", "--bootc", `--rootfs=${root}`, `--output=${output}`, "--json"),
    ) as Written;
  const made = await build("oci:chunked");
  const { Digest, Labels } = inspect("oci:chunked:latest");
  assert.deepEqual([Digest, Labels["containers.bootc"], Labels["ostree.commit"]], [made.digest, "1", made.commit]);
  assert.equal(config("oci:chunked:latest").created, new Date(1_900_000_000_000).toISOString().replace(".000", ""));
  assert.equal((await build("oci:again")).digest, made.digest);
  const extracted = join(scratch, "extracted");
  execFileSync("umoci", ["unpack", "--image", `${join(scratch, "chunked")}:latest`, extracted], { stdio: "pipe" });
  const repo = join(extracted, "rootfs/sysroot/ostree/repo");
  const list = execFileSync("ostree", ["ls", `--repo=${repo}`, "-R", made.commit], { encoding: "utf8" });
  assert.match(list, /\/usr\/etc\/motd/);
  assert.doesNotMatch(list, /sysroot\/ostree/);
});

test("an image of podman's becomes one with a commit of it, with its labels and command", async (t) => {
  const conf = join(scratch, "storage.conf");
  writeFileSync(conf, `[storage]\ndriver = "vfs"\nrunroot = "${scratch}/run"\ngraphroot = "${scratch}/storage"\n`);
  process.env["CONTAINERS_STORAGE_CONF"] = conf;
  t.after(() => delete process.env["CONTAINERS_STORAGE_CONF"]);
  const root = join(scratch, "built");
  for (const path of ["usr/bin/tool", "etc/motd"]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), path);
  }
  execFileSync("tar", ["-C", root, "-cf", join(scratch, "built.tar"), "."]);
  const podman = (...words: string[]) => execFileSync("podman", words, { encoding: "utf8", cwd: scratch });
  const changes = ['CMD ["/usr/bin/tool"]', "LABEL maker=somebody", "LABEL ostree.commit=old", "LABEL tier=one"];
  podman("import", "--quiet", ...changes.map((change) => `--change=${change}`), "built.tar", "localhost/built:1");
  const words = ["--bootc", "--from=localhost/built:1", "--label=tier=two", "--output=oci:from", "--json"];
  const { commit } = JSON.parse(await done("build-chunked-oci", ...words)) as Written;
  const { Labels } = inspect("oci:from:latest");
  assert.deepEqual(
    [Labels["maker"], Labels["tier"], Labels["containers.bootc"], Labels["ostree.commit"]],
    ["somebody", "two", "1", commit],
  );
  assert.deepEqual(config("oci:from:latest").config["Cmd"], ["/usr/bin/tool"]);
  assert.equal(podman("image", "mount").trim(), "", "it is not mounted any more");
  const missing = await atomic("build-chunked-oci", "--bootc", "--from=localhost/none", "--output=oci:none");
  assert.match(missing.stderr, /localhost\/none.*(image not known|no such image)/);
});
