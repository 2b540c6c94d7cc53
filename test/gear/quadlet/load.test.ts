// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  convertQuadlets,
  loadQuadlets,
  quadletApplication,
  quadletSource,
  quadletUpdate,
  renderQuadlets,
} from "../../../src/gear/quadlet/index.ts";
import { dropInDirectories } from "../../../src/gear/quadlet/drop-ins.ts";
import { formatCsvLine, parseCsvLine } from "../../../src/gear/csv-line.ts";
import { kinds, type QuadletKind } from "../../../src/gear/quadlet/kinds.ts";
import { QuadletFile } from "../../../src/gear/quadlet/quadlet-file.ts";
import { writeFiles } from "./samples.ts";

const directories: string[] = [];
after(() => directories.forEach((directory) => rmSync(directory, { recursive: true })));

function place(files: Readonly<Record<string, string>>): string {
  const directory = writeFiles(files);
  directories.push(directory);
  return directory;
}

const container = "[Container]\nImage=example.org/image\n";
const namesIn = (...paths: string[]) => loadQuadlets(paths).files.map(({ name }) => name);

test("podman knows this many keys of each kind", () => {
  const counts = { container: 94, pod: 29, build: 28, kube: 19, network: 18, image: 18, volume: 16, artifact: 13 };
  for (const [kind, count] of Object.entries(counts)) assert.equal(kinds[kind as QuadletKind].keys.size, count, kind);
});

test("directories are read with those below, each once whatever links lead there; what comes first wins", () => {
  const first = place({
    "a.container": container,
    "sub/b.volume": "[Volume]\n",
    "c.container.d/x.container": "",
    "x.txt": "",
  });
  const second = place({ "a.container": "[Container]\nImage=other.example\n", "d.pod": "[Pod]\n" });
  symlinkSync(first, join(first, "sub/loop"));
  symlinkSync(join(second, "d.pod"), join(first, "linked.pod"));
  const { files } = loadQuadlets([first, second]);
  assert.deepEqual(
    files.map(({ name }) => name),
    ["a.container", "linked.pod", "b.volume", "d.pod"],
  );
  assert.equal(files[0]?.text("Image"), "example.org/image");
  assert.deepEqual(namesIn(join(second, "d.pod")), ["d.pod"]);
});

test("what is no unit file is refused, not waited for or read whole", () => {
  const directory = place({ "a.container/x": "" });
  assert.throws(() => loadQuadlets([directory]), { code: "gear-bad-file", message: /not a file/ });
  const pipe = place({ x: "" });
  execFileSync("mkfifo", [join(pipe, "a.container")]);
  assert.throws(() => loadQuadlets([pipe]), { code: "gear-bad-file", message: /not a file/ });
  const large = place({ "a.container": "#".repeat(1024 * 1024 + 1) });
  assert.throws(() => loadQuadlets([large]), { code: "gear-bad-file", message: /over 1048576 bytes/ });
  assert.throws(() => loadQuadlets([join(large, "b.container")]), { code: "gear-bad-file", message: /no such file/ });
  assert.throws(() => loadQuadlets([join(large, "b.txt")]), { code: "gear-bad-file", message: /not the name of/ });
});

test("drop-ins are those of systemd.unit(5), the most specific first", () => {
  const of = (name: string) => dropInDirectories(new QuadletFile(name, QuadletFile.parse("", name).unit));
  assert.deepEqual(of("sample-unit.container"), ["sample-unit.container.d", "sample-.container.d", "container.d"]);
  assert.deepEqual(of("sample-template-unit@.pod"), [
    "sample-template-unit@.pod.d",
    "sample-template-@.pod.d",
    "sample-template-.pod.d",
    "sample-@.pod.d",
    "sample-.pod.d",
    "pod.d",
  ]);
  assert.deepEqual(of("a@i-j.kube"), ["a@i-j.kube.d", "a@.kube.d", "kube.d"]);
});

test("drop-ins are merged by name, and one of a more specific directory replaces its namesake", () => {
  const directory = place({
    "a-b.container": container,
    "container.d/10.conf": "[Container]\nEnvironment=FROM=kind\n",
    "container.d/20.conf": "[Container]\nEnvironment=TWO=kind\n",
    "a-.container.d/10.conf": "[Container]\nEnvironment=FROM=dash\n",
    "a-b.container.d/05.conf": "[Container]\nEnvironment=FIRST=own\n",
    "a-b.container.d/30.txt": "[Container]\nEnvironment=NO=1\n",
  });
  assert.deepEqual(loadQuadlets([directory]).files[0]?.all("Environment"), ["FIRST=own", "FROM=dash", "TWO=kind"]);
});

test("a template and what a link makes an instance of it are services of their own", () => {
  const directory = place({ "job@.container": `${container}Volume=keep@.volume:/k\n`, "keep@.volume": "[Volume]\n" });
  symlinkSync("job@.container", join(directory, "job@a.container"));
  const { services, failures } = convertQuadlets(loadQuadlets([directory]).files);
  assert.deepEqual(failures, []);
  const start = (name: string) => services.find(({ service }) => service === name)?.unit.get("Service", "ExecStart");
  assert.match(start("job@.service")!, /--name systemd-%p_%i .* -v systemd-keep-%i:\/k /);
  assert.match(start("job@a.service")!, /--name systemd-%p_%i /);
  assert.match(start("keep-volume@.service")!, / systemd-keep-%i$/);
});

test("a .quadlets file is taken apart, its lines keeping their numbers", () => {
  const bundle = `# FileName=web\n[Container]\nImage=example.org/a\nBogus=1\n---\n\n# FileName=data\n[Volume]\n---\n`;
  const directory = place({ "app.quadlets": bundle });
  const { files } = loadQuadlets([directory]);
  assert.deepEqual(
    files.map(({ name }) => name),
    ["web.container", "data.volume"],
  );
  const [failure] = convertQuadlets(files).failures;
  assert.match(failure!.message, /app\.quadlets:4: unsupported key 'Bogus'/);
  const refused = (text: string, message: RegExp) => {
    writeFileSync(join(directory, "app.quadlets"), text);
    assert.throws(() => loadQuadlets([directory]), { code: "gear-bad-file", message });
  };
  refused("[Container]\nImage=x\n", /app\.quadlets:1: no comment/);
  refused("# FileName=a\n[Container]\n---\n# FileName=../b\n[Volume]\n", /app\.quadlets:4: .*path separators/);
  refused("# FileName=a\n[Unit]\n", /app\.quadlets:1: none of the sections/);
  refused("\n---\n", /no Quadlet file in it/);
});

test("values that systemd would not split are left out with a warning, as podman does", () => {
  const directory = place({ "a.container": `${container}Exec='a\\.b'\nLabel=ok=1\nLabel=bad=\\.\n` });
  const { services, warnings } = convertQuadlets(loadQuadlets([directory]).files);
  assert.match(services[0]!.unit.get("Service", "ExecStart")!, /--label ok=1 example\.org\/image$/);
  assert.equal(warnings.filter((one) => /a\.container:\d: an unsupported escape char/.test(one)).length, 2);
});

test("an empty word stays one, where podman loses it and all behind it", () => {
  const directory = place({ "a.container": `${container}Exec=sh -c "" x\n` });
  const { services } = convertQuadlets(loadQuadlets([directory]).files);
  assert.match(services[0]!.unit.get("Service", "ExecStart")!, / sh -c "" x$/);
});

test("a device that need not be there is left out where it is not", () => {
  const directory = place({ "a.container": `${container}AddDevice=-/dev/a:/dev/b -/dev/c\n` });
  const { services } = convertQuadlets(loadQuadlets([directory]).files, { deviceExists: (path) => path === "/dev/a" });
  const start = services[0]!.unit.get("Service", "ExecStart")!;
  assert.ok(start.includes("--device /dev/a:/dev/b") && !start.includes("/dev/c"), start);
});

test("--mount is taken apart as Go's encoding/csv does", () => {
  const lines: [string, string[]][] = [
    ["type=bind,src=/a", ["type=bind", "src=/a"]],
    ['"dst=/a,b","x ""y"""', ["dst=/a,b", 'x "y"']],
    ["a,,b", ["a", "", "b"]],
  ];
  for (const [line, fields] of lines) assert.deepEqual(parseCsvLine(line), fields);
  for (const wrong of ['a"b', '"a', '"a"b', "", "a\nb"]) assert.equal(parseCsvLine(wrong), undefined, wrong);
  for (const fields of [["a b", 'c"d', "e,f", " g", "h\ni"], ["plain"]]) {
    assert.deepEqual(parseCsvLine(formatCsvLine(fields)), fields);
  }
});

test("what a set was read from is its source, by path below what was named", () => {
  const directory = place({
    "a.container": `${container}EnvironmentFile=a.env\n`,
    "a.container.d/b.conf": "",
    "a.env": "A=1\n",
  });
  const elsewhere = place({ "c.yml": "" });
  writeFileSync(join(directory, "c.kube"), `[Kube]\nYaml=${elsewhere}/c.yml\n`);
  const set = loadQuadlets([directory]);
  renderQuadlets(set, { application: quadletApplication([directory]) });
  const { path, files } = quadletSource(set, directory);
  assert.equal(path, directory);
  assert.deepEqual([...files.keys()].toSorted(), [
    "a.container",
    "a.container.d/b.conf",
    "a.env",
    "c.kube",
    `elsewhere${elsewhere}/c.yml`,
  ]);
  assert.equal(files.get("a.env"), "A=1\n");
  const alone = loadQuadlets([join(directory, "a.container")]);
  assert.deepEqual(
    [...quadletSource(alone, join(directory, "a.container")).files.keys()],
    ["a.container", "a.container.d/b.conf"],
  );
});

test("newer images are looked for where AutoUpdate= of all containers says", () => {
  const update = (...said: (string | undefined)[]) => {
    const files = said.map((one, at) => [
      `c${at}.container`,
      container + (one === undefined ? "" : `AutoUpdate=${one}\n`),
    ]);
    const warnings: string[] = [];
    return [
      quadletUpdate(loadQuadlets([place(Object.fromEntries(files))]), (one) => warnings.push(one)),
      warnings.length,
    ];
  };
  assert.deepEqual(update("registry", "registry"), ["registry", 0]);
  assert.deepEqual(update("local"), ["local", 0]);
  assert.deepEqual(update(undefined), ["none", 0]);
  assert.deepEqual(update("registry", undefined), ["none", 1]);
});

test("an application without a name has that of its directory or file", () => {
  assert.equal(quadletApplication(["/srv/My_Shop/"]), "my-shop");
  assert.equal(quadletApplication(["web@.container"]), "web");
});

test("a directory with very many files is no directory of Quadlet files", () => {
  const directory = place({});
  mkdirSync(join(directory, "many"));
  for (let number = 0; number <= 10_000; number++) writeFileSync(join(directory, "many", String(number)), "");
  assert.throws(() => loadQuadlets([directory]), { code: "gear-bad-file", message: /over 10000 files/ });
});

test("a drop-in of many files and a bundle of many parts take no more memory and time than they have bytes", () => {
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, number) => [`${number}.container`, container]));
  const directory = place({ ...many, "container.d/x.conf": `[Service]\n${"A=1\n".repeat(200_000)}` });
  assert.throws(() => loadQuadlets([directory]), { code: "gear-bad-file", message: /over 16777216 bytes together/ });
  const parts = Array.from({ length: 20_000 }, (_, number) => `#FileName=${number}\n[Volume]\n`).join("---\n");
  assert.equal(loadQuadlets([place({ "x.quadlets": parts })]).files.length, 20_000);
});
