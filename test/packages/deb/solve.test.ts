// SPDX-License-Identifier: Apache-2.0
/** Small archives with one trap each; the judge is apt-get on the same archive. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { explainChoice, loadApt, type PackageSet, solve } from "../../../src/packages/index.ts";
import { AptJudge } from "../apt-judge.ts";
import { buildDeb, FileServer, publish, put, SigningKey, temporaryDirectory, writeRelease } from "../fixture.ts";

let directory: string;
let key: SigningKey;
let server: FileServer;
let scenarios = 0;

before(async () => {
  directory = temporaryDirectory();
  key = new SigningKey(directory, "archive");
  server = await FileServer.start(directory);
});

after(() => {
  server.close();
  key.close();
  rmSync(directory, { recursive: true, force: true });
});

/** `name[=version]` -> control fields. */
type Archive = Readonly<Record<string, Readonly<Record<string, string>>>>;

async function archive(packages: Archive): Promise<{ set: PackageSet; judge: AptJudge }> {
  const name = `scenario-${scenarios++}`;
  const root = join(directory, name);
  for (const [spec, fields] of Object.entries(packages)) {
    const [packageName = "", version = "1"] = spec.split("=");
    buildDeb({ name: packageName, version, architecture: "amd64", fields }, join(root, "pool"), "none");
  }
  // apt wants the uncompressed index to be listed too.
  publish(root, key, { compressions: ["gz", ""] });
  const uri = `${server.url}/${name}`;
  const source = { uri, suite: "stable", components: ["main"], architecture: "amd64", signedBy: key.keyring };
  const set = await loadApt([source], join(directory, "cache", name));
  return { set, judge: await AptJudge.make(join(directory, "apt", name), [source]) };
}

interface Scenario {
  readonly what: string;
  readonly packages: Archive;
  readonly install: readonly string[];
  readonly exclude?: readonly string[];
  readonly recommends?: boolean;
  /** Names chosen, besides being what apt chooses; `undefined`: not solvable. */
  readonly expected: string | undefined;
}

const cases: readonly Scenario[] = [
  {
    what: "the first alternative",
    packages: { a: { Depends: "b | c" }, b: {}, c: {} },
    install: ["a"],
    expected: "a b",
  },
  {
    what: "an alternative that is wanted anyway",
    packages: { a: { Depends: "b | c" }, b: {}, c: {} },
    install: ["a", "c"],
    expected: "a c",
  },
  {
    what: "an alternative that another dependency brings only later does not count yet",
    packages: { a: { Depends: "b | c, d" }, b: {}, c: {}, d: { Depends: "c" } },
    install: ["a"],
    expected: "a b c d",
  },
  {
    what: "the second alternative when the first cannot be installed",
    packages: { a: { Depends: "b | c" }, b: { Depends: "missing" }, c: {} },
    install: ["a"],
    expected: "a c",
  },
  {
    what: "the second alternative when the first conflicts with what was asked for",
    packages: { a: { Depends: "b | c" }, b: { Conflicts: "x" }, c: {}, x: {} },
    install: ["a", "x"],
    expected: "a c x",
  },
  {
    what: "a real package before those that provide its name",
    packages: { a: { Depends: "mta" }, aa: { Provides: "mta" }, mta: {}, zz: { Provides: "mta" } },
    install: ["a"],
    expected: "a mta",
  },
  {
    what: "among providers the one of higher priority",
    packages: {
      a: { Depends: "mta" },
      m1: { Provides: "mta", Priority: "optional" },
      m2: { Provides: "mta", Priority: "standard" },
      m3: { Provides: "mta", Priority: "optional" },
    },
    install: ["a"],
    expected: "a m2",
  },
  {
    what: "among equal providers the one whose name occurs last",
    packages: {
      a: { Depends: "mta" },
      m1: { Provides: "mta" },
      m2: { Provides: "mta" },
      m3: { Provides: "mta" },
      aa: { Suggests: "m3" },
    },
    install: ["a"],
    expected: "a m2",
  },
  {
    what: "a provider that has been chosen already",
    packages: { a: { Depends: "m1, mta" }, m1: { Provides: "mta" }, m2: { Provides: "mta" } },
    install: ["a"],
    expected: "a m1",
  },
  {
    what: "a version is only met by what is provided in a version",
    packages: {
      a: { Depends: "v (>= 2)" },
      p1: { Provides: "v" },
      p2: { Provides: "v (= 1)" },
      p3: { Provides: "v (= 3)" },
    },
    install: ["a"],
    expected: "a p3",
  },
  {
    what: "the newest version, and only that",
    packages: { "a=1": {}, "a=2": { Depends: "b" }, b: {} },
    install: ["a"],
    expected: "a b",
  },
  {
    what: "an old version is no way out",
    packages: { a: { Depends: "b (<< 2)" }, "b=1": {}, "b=2": {} },
    install: ["a"],
    expected: undefined,
  },
  {
    what: "a version that is asked for",
    packages: { "a=1": {}, "a=2": { Depends: "b" }, b: {} },
    install: ["a=1"],
    expected: "a",
  },
  {
    what: "every operator of versions",
    packages: { a: { Depends: "b (<< 2), b (<= 1.5), b (= 1.5), b (>= 1.5), b (>> 1.5~)" }, "b=1.5": {} },
    install: ["a"],
    expected: "a b",
  },
  {
    what: "Pre-Depends before Depends",
    packages: { a: { Depends: "b | c", "Pre-Depends": "c" }, b: {}, c: {} },
    install: ["a"],
    expected: "a c",
  },
  {
    what: "a circle of dependencies",
    packages: { a: { Depends: "b" }, b: { Depends: "c" }, c: { Depends: "a" } },
    install: ["b"],
    expected: "a b c",
  },
  {
    what: "a package may provide what it conflicts with, and what it needs",
    packages: { a: { Provides: "mta, editor", Conflicts: "mta", Depends: "editor" }, b: { Provides: "mta" } },
    install: ["a"],
    expected: "a",
  },
  {
    what: "two packages that both are the only one of their kind",
    packages: { a: { Provides: "mta", Conflicts: "mta" }, b: { Provides: "mta", Conflicts: "mta" } },
    install: ["a", "b"],
    expected: undefined,
  },
  {
    what: "a conflict with a version that is not there does not matter",
    packages: { a: { Conflicts: "b (<< 1)", Breaks: "b (>> 1)" }, b: {} },
    install: ["a", "b"],
    expected: "a b",
  },
  {
    what: "Breaks counts as a conflict, Replaces alone does not",
    packages: { a: { Breaks: "b" }, b: {}, c: { Replaces: "b" } },
    install: ["a", "b"],
    expected: undefined,
  },
  { what: "Replaces alone", packages: { b: {}, c: { Replaces: "b" } }, install: ["b", "c"], expected: "b c" },
  {
    what: "the qualifier :any for a package that allows it",
    packages: { a: { Depends: "py:any" }, py: { "Multi-Arch": "allowed" } },
    install: ["a"],
    expected: "a py",
  },
  {
    what: "the qualifier :any for a package that does not",
    packages: { a: { Depends: "py:any" }, py: { "Multi-Arch": "foreign" } },
    install: ["a"],
    expected: undefined,
  },
  {
    what: "an architecture as qualifier",
    packages: { a: { Depends: "b:amd64" }, b: {} },
    install: ["a"],
    expected: "a b",
  },
  {
    what: "Recommends are left out",
    packages: { a: { Recommends: "b" }, b: {} },
    install: ["a"],
    expected: "a",
  },
  {
    what: "Recommends are met where that is wanted, one that cannot be is no error",
    packages: {
      a: { Recommends: "b, c, missing, d | e" },
      b: {},
      c: { Conflicts: "a" },
      d: { Depends: "missing" },
      e: {},
    },
    install: ["a"],
    recommends: true,
    expected: "a b e",
  },
  {
    what: "an exclusion turns to the alternative",
    packages: { a: { Depends: "b | c" }, b: {}, c: {} },
    install: ["a"],
    exclude: ["b"],
    expected: "a c",
  },
  {
    what: "an exclusion of what is needed",
    packages: { a: { Depends: "b" }, b: {} },
    install: ["a"],
    exclude: ["b"],
    expected: undefined,
  },
  {
    what: "a virtual package with one provider may be asked for",
    packages: { a: { Provides: "editor" } },
    install: ["editor"],
    expected: "a",
  },
];

for (const { what, packages, install, exclude = [], recommends = false, expected } of cases) {
  test(`apt and we agree: ${what}`, async () => {
    const { set, judge } = await archive(packages);
    const request = { install, exclude, recommends, essential: false };
    const theirs = await judge.simulate([...install, ...exclude.map((name) => `${name}-`)], recommends);
    if (expected === undefined) {
      assert.equal(theirs, undefined, "apt refuses");
      assert.throws(() => solve(set, request), { code: "packages-unsolvable" });
      return;
    }
    const ours = solve(set, request).packages.map((one) => `${one.package.name} ${one.package.version}`);
    assert.deepEqual(ours, theirs);
    assert.equal(ours.map((line) => line.split(" ")[0]).join(" "), expected);
  });
}

test("a conflict deep down turns a choice far up, where apt gives up", async () => {
  const { set, judge } = await archive({
    a: { Depends: "b | c, d" },
    b: { Depends: "e" },
    c: {},
    d: { Depends: "f" },
    e: { Breaks: "f" },
    f: {},
  });
  const { packages } = solve(set, { install: ["a"], recommends: false, essential: false });
  assert.deepEqual(
    packages.map((one) => one.package.name),
    ["a", "c", "d", "f"],
  );
  assert.equal(await judge.simulate(["a"], false), undefined);
});

test("the essential packages are those that are Essential or of priority required", async () => {
  const { set } = await archive({
    base: { Essential: "yes", Depends: "lib" },
    lib: {},
    required: { Priority: "required" },
    other: { Priority: "important" },
  });
  const { packages } = solve(set, { install: [], recommends: false, essential: true });
  assert.deepEqual(
    packages.map((one) => `${one.package.name}: ${one.why}`),
    ["base: essential", "lib: Depends of base 1: lib", "required: essential"],
  );
});

test("the reason of a choice leads back to the request", async () => {
  const { set } = await archive({ a: { Depends: "b" }, b: { Depends: "x | v" }, c: { Provides: "v" } });
  const solution = solve(set, { install: ["a"], recommends: false, essential: false });
  assert.deepEqual(explainChoice(solution, "c"), [
    "c 1: Depends of b 1: x | v",
    "b 1: Depends of a 1: b",
    "a 1: asked for",
  ]);
  assert.deepEqual(explainChoice(solution, "nothing"), []);
});

test("what cannot be is told step by step, and nothing besides", async () => {
  const { set } = await archive({
    web: { Depends: "server (>= 2), tool" },
    "server=2": { Depends: "lib (>= 5) | oldlib, extra" },
    "lib=4": {},
    oldlib: { Breaks: "tool" },
    tool: { Depends: "extra" },
    extra: {},
  });
  const message = (request: { install: string[]; exclude?: string[] }) => {
    try {
      solve(set, { recommends: false, essential: false, ...request });
    } catch (error) {
      return (error as Error).message.split("\n").slice(1);
    }
    return [];
  };
  assert.deepEqual(message({ install: ["web"] }), [
    "  - web 1 is asked for",
    "  - web 1 depends on tool",
    "  - web 1 depends on server (>= 2)",
    "  - server 2 depends on lib (>= 5) | oldlib",
    "  - oldlib 1 breaks tool",
  ]);
  assert.deepEqual(message({ install: ["extra", "server"], exclude: ["oldlib"] }), [
    "  - server 2 is asked for",
    "  - server 2 depends on lib (>= 5) | oldlib",
    "  - oldlib is excluded",
  ]);
});

test("a dependency that nothing fulfils says what there is", async () => {
  const { set } = await archive({ a: { Depends: "b (>= 2) | nowhere" }, "b=1": {} });
  assert.throws(() => solve(set, { install: ["a"], recommends: false, essential: false }), {
    code: "packages-unsolvable",
    message: /a 1 depends on b \(>= 2\) \| nowhere, but b is there in version 1/,
  });
});

test("an unknown name gets a suggestion, a virtual one its providers, a version those that are there", async () => {
  const { set } = await archive({ podman: {}, m1: { Provides: "mta" }, m2: { Provides: "mta" }, "a=1": {}, "a=2": {} });
  const request = (name: string) => () => solve(set, { install: [name], recommends: false, essential: false });
  assert.throws(request("podmna"), {
    code: "packages-unknown",
    message: "no package is called podmna",
    hint: "did you mean podman?",
  });
  assert.throws(request("mta"), { code: "packages-unknown", hint: "ask for one of them: m1, m2" });
  assert.throws(request("a=3"), { code: "packages-unknown", hint: "there is 2 (stable), 1 (stable)" });
  assert.throws(request("podman:arm64"), { code: "packages-unknown" });
  assert.throws(request("../etc"), { code: "packages-unknown" });
});

test("a deep chain of dependencies does not exhaust the stack", async () => {
  const root = join(directory, "deep");
  const count = 20_000;
  const stanza = (at: number) =>
    `Package: p${at}\nVersion: 1\nArchitecture: all\n${at < count ? `Depends: p${at + 1}\n` : ""}Filename: x\nSize: 1\nSHA256: ${"0".repeat(64)}\n\n`;
  const text = Array.from({ length: count + 1 }, (_, at) => stanza(at)).join("");
  put(
    root,
    "dists/stable/main/binary-amd64/Packages.gz",
    execFileSync("gzip", ["-c"], { input: text, maxBuffer: 1 << 28 }),
  );
  writeRelease(root, key);
  const source = {
    uri: `${server.url}/deep`,
    suite: "stable",
    components: ["main"],
    architecture: "amd64",
    signedBy: key.keyring,
  };
  const set = await loadApt([source], join(directory, "cache", "deep"));
  assert.equal(solve(set, { install: ["p0"], recommends: false, essential: false }).packages.length, count + 1);
});
