// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { splitUnitWords, SystemdUnit } from "../../../src/formats/index.ts";
import { loadQuadlets, renderQuadlets, type RenderQuadletsOptions } from "../../../src/gear/quadlet/index.ts";
import { repin } from "../../../src/gear/generation/update.ts";
import { parseName, placeUnit } from "../../../src/gear/index.ts";
import { samples, writeFiles } from "./samples.ts";

const directory = writeFiles(samples);
after(() => rmSync(directory, { recursive: true }));
const application = parseName("shop", "an application");

const read = (place: string, options: Partial<RenderQuadletsOptions> = {}) =>
  renderQuadlets(loadQuadlets([place]), { application, ...options });

test("systemd accepts the units of all kinds", () => {
  const { units } = read(directory, { podman: "/bin/true" });
  const placed = [...units].map(([name, text]) => [name, placeUnit(text, "/var/lib/x", 1)] as const);
  const written = writeFiles(Object.fromEntries(placed));
  const files = [...units.keys()].map((name) => join(written, name));
  const { stderr, status } = spawnSync("systemd-analyze", ["--man=no", "verify", ...files], { encoding: "utf8" });
  rmSync(written, { recursive: true });
  // Only what is about these files; UpheldBy= is systemd's from 249 on, in [Install] from 254 on.
  const own = stderr.split("\n").filter((line) => [...units.keys()].some((name) => line.includes(name)));
  assert.deepEqual(
    own.filter((line) => !line.includes("'UpheldBy'")),
    [],
  );
  assert.equal(status, 0, stderr);
});

test("a directory is an application: what starts, what is pulled, what listens, what runs", () => {
  const warnings: string[] = [];
  const rendered = read(directory, { warn: (message) => warnings.push(message) });
  // What [Install] has started, and the containers that are started with it.
  assert.deepEqual(rendered.start.toSorted(), [
    "cache.service",
    "other.service",
    "play.service",
    "the-app.service",
    "web.service",
    "worker@one.service",
    "worker@two.service",
  ]);
  assert.deepEqual(rendered.images.map(({ reference }) => reference).toSorted(), [
    "docker.io/library/alpine:3",
    "docker.io/library/nginx:1.27",
    "docker.io/library/redis:7",
    "localhost/job:latest",
    "quay.io/example/one:1",
    "quay.io/example/worker:1",
  ]);
  assert.deepEqual(
    rendered.ports
      .map(({ protocol, address, port, unit }) => `${unit} ${address ?? "*"} ${port}/${protocol}`)
      .toSorted(),
    [
      "play.service * 7070/tcp",
      "play.service * 7171/tcp",
      "the-app.service * 9090/tcp",
      "web.service * 8443/tcp",
      "web.service 127.0.0.1 8080/tcp",
    ],
  );
  assert.deepEqual(
    rendered.instances
      .map(({ id, unit, container, hasHealthCheck }) => [id, unit, container, hasHealthCheck])
      .toSorted(),
    [
      ["built", "built.service", "systemd-built", false],
      ["cache", "cache.service", "systemd-cache", false],
      ["job", "job.service", "systemd-job", false],
      ["other", "other.service", "one-pod-a", false],
      ["play-one", "play.service", "play-one", true],
      ["play-two", "play.service", "play-two", false],
      ["tree", "tree.service", "systemd-tree", false],
      ["web", "web.service", "web", true],
      ["worker-one", "worker@one.service", "systemd-worker_one", false],
      ["worker-two", "worker@two.service", "systemd-worker_two", false],
    ],
  );
  const imageOf = (name: string) => rendered.instances.find(({ id }) => id === name)?.image;
  assert.deepEqual(["cache", "built", "tree", "web"].map(imageOf), [
    "docker.io/library/redis:7",
    "localhost/app:latest",
    "/var/lib/tree",
    "docker.io/library/nginx:1.27",
  ]);
  assert.deepEqual(
    warnings.filter((one) => one.includes("is not started")).map((one) => /: (\S+) is not/.exec(one)?.[1]),
    ["built.service", "job.service", "mapped-pod.service", "remapped-pod.service", "tree.service"],
  );
});

test("every image that a unit names is pinned, also in manifests, and pinned ones are not pulled again", () => {
  const set = loadQuadlets([directory]);
  const plain = renderQuadlets(set, { application });
  assert.ok(plain.images.every(({ pinned }) => pinned === undefined));
  const pins = new Map(
    plain.images.map(({ reference }) => [reference, `pinned.example/${reference.replace(/[:/]/g, "_")}`]),
  );
  const { units, files, images } = renderQuadlets(set, { application, pins });
  assert.ok(images.every(({ reference, pinned }) => pinned === pins.get(reference)));
  const references = [...pins.keys()];
  for (const [name, text] of units) {
    const starts = SystemdUnit.parse(text, name).getAll("Service", "ExecStart");
    for (const word of starts.flatMap((line) => splitUnitWords(line, { relaxed: true }))) {
      assert.ok(!references.some((reference) => word.includes(reference)), `${name}: ${word}`);
    }
  }
  const image = SystemdUnit.parse(units.get("redis-image.service")!, "x").get("Service", "ExecStart");
  assert.match(image!, /image exists pinned\.example\/docker\.io_library_redis_7$/);
  assert.match(units.get("cache.service")!, / pinned\.example\/docker\.io_library_redis_7$/m);
  // What podman would update by itself is no longer what was deployed.
  assert.ok([...units.values()].every((text) => !/^Exec.*autoupdate/m.test(text)));
  assert.ok([...plain.units.values()].some((text) => /^Exec.*autoupdate/m.test(text)));
  const update = repin(
    renderQuadlets(set, { application, pins }),
    new Map([["quay.io/example/one:1", "other.example/one"]]),
  );
  assert.match(update.files.get("/play.kube/play.yml")!.content, /image: "other\.example\/one"$/m);
  assert.equal(update.files.get("/web.container/web.env")!.content, samples["web.env"]);
  const manifest = files.get("/play.kube/play.yml")!.content;
  assert.deepEqual(
    [...manifest.matchAll(/image: (.*)/g)].map((match) => match[1]),
    ['"pinned.example/quay.io_example_one_1"', '"pinned.example/docker.io_library_nginx_1.27"'],
  );
});

test("files beside the Quadlet files are part of the generation, the host's own are not", () => {
  const { files, units } = read(directory);
  assert.deepEqual(
    [...files.keys()].toSorted(),
    [
      "/play.kube/map.yml",
      "/play.kube/play.yml",
      "/other.kube/one.yml",
      "/other.kube/two.yml",
      "/web.container/web.env",
    ].toSorted(),
  );
  assert.equal(files.get("/web.container/web.env")?.content, "MODE=production\n");
  assert.ok([...files.values()].every(({ mode }) => mode === 0o600));
  assert.match(
    units.get("web.service")!,
    /--env-file %GENERATION%\/web\.container\/web\.env --env-file \/etc\/web\.env /,
  );
  assert.match(units.get("play.service")!, /--configmap %GENERATION%\/play\.kube\/map\.yml /);
});

test("templates are deployed as the instances that are named", () => {
  const place = writeFiles({
    "a@.container":
      "[Container]\nImage=x/y\nVolume=v@.volume:/v\nNetwork=n@.network\n\n[Install]\nDefaultInstance=one\nWantedBy=multi-user.target\n",
    "v@.volume": "[Volume]\n",
    "n@.network": "[Network]\n",
    "b@.container": "[Container]\nImage=x/y\n",
    "c.container": "[Unit]\nWants=b@two.service\n\n[Container]\nImage=x/y\n\n[Install]\nWantedBy=multi-user.target\n",
    "d@.container": "[Container]\nImage=x/y\n",
  });
  const warnings: string[] = [];
  const { units, start, instances } = read(place, { warn: (message) => warnings.push(message) });
  rmSync(place, { recursive: true });
  const expected = ["a@one", "b@two", "c", "n-network@one", "v-volume@one"].map((name) => `${name}.service`);
  assert.deepEqual([...units.keys()], expected);
  assert.deepEqual(SystemdUnit.parse(units.get("a@one.service")!, "a").getAll("Unit", "Requires"), [
    "n-network@one.service",
    "v-volume@one.service",
  ]);
  assert.deepEqual(start, ["a@one.service", "b@two.service", "c.service"]);
  assert.deepEqual(
    instances.map(({ container }) => container),
    ["systemd-a_one", "systemd-b_two", "systemd-c"],
  );
  assert.equal(warnings.filter((one) => /d@\.container: nothing names an instance/.test(one)).length, 1);
});

test("timers, sockets and other units that stand beside are of the application", () => {
  const place = writeFiles({
    "job.container": "[Container]\nImage=x/y\n\n[Service]\nType=oneshot\n",
    "job.timer": "[Timer]\nOnCalendar=daily\n\n[Install]\nWantedBy=timers.target\n",
    "web.container": "[Container]\nImage=x/y\n",
    "front.socket": "[Socket]\nListenStream=8080\nService=web.service\n\n[Install]\nWantedBy=sockets.target\n",
    "all.target": "[Unit]\nWants=cache.service\n\n[Install]\nWantedBy=multi-user.target\n",
    "cache.container": "[Container]\nImage=x/y\n",
    "notes.txt": "",
  });
  const warnings: string[] = [];
  const set = loadQuadlets([place]);
  const { units, start } = renderQuadlets(set, { application, warn: (message) => warnings.push(message) });
  assert.deepEqual(start.toSorted(), ["all.target", "cache.service", "front.socket", "job.timer"]);
  assert.deepEqual([...units.keys()].toSorted(), [
    "all.target",
    "cache.service",
    "front.socket",
    "job.service",
    "job.timer",
    "web.service",
  ]);
  assert.equal(units.get("job.timer"), set.texts.get(`${place}/job.timer`));
  assert.deepEqual(
    warnings.filter((one) => one.includes("is not started")),
    [],
  );
  rmSync(place, { recursive: true });
  const web = { "a.container": "[Container]\nImage=x/y\n" };
  refuse(
    { ...web, "a.service": "[Service]\nExecStart=/bin/true\n" },
    "gear-bad-file",
    /a\.service: a Quadlet file makes/,
  );
  refuse({ ...web, "b@.timer": "[Timer]\nOnCalendar=daily\n" }, "gear-bad-file", /b@\.timer: not the name of a unit/);
  refuse({ ...web, "b.timer": "OnCalendar=daily\n" }, "gear-bad-file", /b\.timer:1: a key before/);
});

test("what the units print is found by the application, its part and its image", () => {
  const { units } = read(directory);
  assert.deepEqual(SystemdUnit.parse(units.get("web.service")!, "web").getAll("Service", "LogExtraFields"), [
    "ATOMIC_APP=shop",
    "ATOMIC_COMPONENT=web",
    "ATOMIC_IMAGE=docker.io/library/nginx:1.27",
    "ATOMIC_GENERATION=%GENERATION_NUMBER%",
    "ATOMIC_INSTANCE=%N",
  ]);
  const pinned = `docker.io/library/redis@sha256:${"1".repeat(64)}`;
  const pins = new Map([["docker.io/library/redis:7", pinned]]);
  const cache = SystemdUnit.parse(read(directory, { pins }).units.get("cache.service")!, "cache");
  assert.deepEqual(cache.getAll("Service", "LogExtraFields").slice(2, 4), [
    "ATOMIC_IMAGE=docker.io/library/redis:7",
    `ATOMIC_IMAGE_DIGEST=sha256:${"1".repeat(64)}`,
  ]);
  assert.match(units.get("data-volume.service")!, /^LogExtraFields=ATOMIC_APP=shop$/m);
});

const refuse = (files: Readonly<Record<string, string>>, code: string, message: RegExp) => {
  const place = writeFiles(files);
  try {
    assert.throws(() => read(place), { code, message });
  } finally {
    rmSync(place, { recursive: true });
  }
};

test("what cannot be deployed is refused with file and line, all of it at once", () => {
  refuse(
    { "a.container": "[Container]\nImage=x/y\nBogus=1\n", "b.volume": "[Volume]\n\nType=bind\n" },
    "gear-bad-file",
    /b\.volume:3: key Type can't be used without Device\n.*a\.container:3: unsupported key 'Bogus' in group 'Container'/,
  );
  refuse({ "a.container": "[Container]\nImage\n" }, "gear-bad-file", /a\.container:2: "Image" is no section/);
  refuse(
    { "a.container": "[Container]\nImage=x/y\nReadOnly=perhaps\n" },
    "gear-bad-file",
    /:3: ReadOnly=perhaps should be/,
  );
  refuse({ "a.container": '[Container]\nImage=x/y\nAddCapability="A\n' }, "gear-bad-file", /:3: a " that does not end/);
  refuse(
    { "a.container": "[Container]\nImage=x/%i\n" },
    "gear-bad-file",
    /:2: Image=x\/%i: an image that only systemd/,
  );
  refuse(
    { "a.container": "[Container]\nImage=x/y\nPublishPort=99999:1\n" },
    "gear-bad-file",
    /:3: PublishPort=99999:1/,
  );
  refuse(
    { "a.container": "[Container]\nImage=x/y\nEnvironmentFile=gone\n" },
    "gear-bad-file",
    /a\.container:3: .*gone: there is no such file/,
  );
  refuse({ "a.kube": "[Kube]\nYaml=a.yml\n", "a.yml": "a: [\n" }, "gear-bad-file", /a\.yml:\d+:\d+: /);
  refuse({ "a.kube": "[Kube]\nYaml=%h/a.yml\n" }, "gear-bad-file", /:2: Yaml=/);
  refuse({ "a.volume": "[Volume]\nUser=nobody-of-this-name\n" }, "gear-bad-file", /:2: User=nobody-of-this-name/);
  refuse({ "readme.txt": "" }, "gear-bad-file", /no Quadlet file/);
});

test("no name leads to a file elsewhere, and no two files to one service", () => {
  for (const name of ["../../etc/x", "a/b", "a b", "", `a${"x".repeat(300)}`, "a\u0001"]) {
    refuse(
      { "a.container": `[Container]\nImage=x/y\nServiceName=${name}\n` },
      "gear-bad-file",
      /is no name of a service/,
    );
  }
  const installed = (line: string) => ({ "a.container": `[Container]\nImage=x/y\n\n[Install]\n${line}\n` });
  refuse(installed("Alias=../x.service"), "gear-bad-file", /:5: Alias=.* leads away/);
  refuse(installed("Alias=/etc/x.service"), "gear-bad-file", /:5: Alias=.* leads away/);
  refuse(
    { "a.container": "[Container]\nImage=x/y\n", "b.kube": "[Kube]\nServiceName=a\nYaml=x.yml\n", "x.yml": "" },
    "gear-bad-file",
    /a\.service is the service of .*a\.container as well/,
  );
});
