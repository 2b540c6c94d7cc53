// SPDX-License-Identifier: Apache-2.0
/** podman's own Quadlet fixtures (test/e2e/quadlet): each assertion of each file holds of what we make of it. */
import assert from "node:assert/strict";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { convertQuadlets, installLinks, loadQuadlets } from "../../../src/gear/quadlet/index.ts";
import { assertionsOf, holds, type Outcome } from "./assertions.ts";

const fixtures = join(import.meta.dirname, "../../../../shared/data/quadlet");
const every = ["artifact", "build", "container", "image", "kube", "network", "pod", "volume"];
const basic = (...kinds: string[]) => kinds.map((kind) => `basic.${kind}`);
const nameOf = (kind: string) => [`service-name.${kind}`];

const withPod = ["", "_no", "_yes", "@", "@foo"].map(
  (part) => `startwithpod${part}.${part === "" ? "pod" : "container"}`,
);

/** The files that podman's test puts beside a fixture. */
const beside: Readonly<Record<string, readonly string[]>> = {
  "mount.container": basic("image", "volume", "artifact"),
  "network.quadlet.container": basic("network"),
  "volume.container": basic("volume"),
  "mount.servicename.container": nameOf("volume"),
  "network.quadlet.servicename.container": nameOf("network"),
  "volume.servicename.container": nameOf("volume"),
  "build.multiple-tags.container": ["multiple-tags.build"],
  "artifact-mount.container": basic("artifact"),
  "network.reuse.container": basic("container"),
  "network.reuse.name.container": ["name.container"],
  "a.network.reuse.container": basic("container"),
  "a.network.reuse.name.container": ["name.container"],
  "template-dependency@.container": ["template-dependency@.volume", "template-dependency@.network"],
  "build.quadlet.volume": basic("build"),
  "image.quadlet.volume": basic("image"),
  "build.quadlet.servicename.volume": nameOf("build"),
  "image.quadlet.servicename.volume": nameOf("image"),
  "network.quadlet.kube": basic("network"),
  "network.quadlet.servicename.kube": nameOf("network"),
  "network.quadlet.build": basic("network"),
  "volume.build": basic("volume"),
  "volume.quadlet.build": basic("volume"),
  "network.quadlet.servicename.build": nameOf("network"),
  "volume.quadlet.servicename.build": nameOf("volume"),
  "network.quadlet.pod": basic("network"),
  "volume.pod": basic("volume"),
  "network.servicename.quadlet.pod": nameOf("network"),
  "volume.servicename.pod": nameOf("volume"),
  ...Object.fromEntries(withPod.map((name) => [name, withPod])),
  ...Object.fromEntries(
    every.filter((kind) => kind !== "artifact").map((kind) => [`dependent.${kind}`, basic(...every)]),
  ),
};

/**
 * What podman writes and we do not, each for a reason: systemd takes the path in `RequiresMountsFor="/a\x20b"` for
 * `/ax20b`; ours has the space itself.
 */
const deviations = new Map([
  [String.raw`assert-has-key Unit RequiresMountsFor "/path/on/host\x20with\x20spaces"`, "mount.container"],
]);

/** Not run by podman's test either: its assertion names a container that the file does not. */
const stale = ["autoupdate.kube"];

const root = mkdtempSync(join(tmpdir(), "podman-e2e-"));
after(() => rmSync(root, { recursive: true }));

function convert(fixture: string): Outcome {
  const directory = join(root, `subtest-${fixture}`, "quadlet");
  mkdirSync(directory, { recursive: true });
  for (const name of new Set([fixture, ...(beside[fixture] ?? [])]))
    copyFileSync(join(fixtures, name), join(directory, name));
  for (const name of [`${fixture}.d`, `${fixture.replace(/@.*(\.[a-z]+)$/, "@$1")}.d`]) {
    if (existsSync(join(fixtures, name))) cpSync(join(fixtures, name), join(directory, name), { recursive: true });
  }
  const { services, failures, warnings } = convertQuadlets(loadQuadlets([directory]).files);
  const service = services.find(({ file }) => file.name === fixture);
  const messages = [...failures.map(({ message }) => message), ...warnings].join("\n");
  return { unit: service?.unit, links: service === undefined ? new Map() : installLinks(service), messages };
}

const names = readdirSync(fixtures, { withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(artifact|build|container|image|kube|network|pod|volume)$/.test(entry.name))
  .map(({ name }) => name)
  .filter((name) => !stale.includes(name));
let held = 0;

for (const name of names) {
  test(`podman's assertions: ${name}`, () => {
    const outcome = convert(name);
    const checks = assertionsOf(readFileSync(join(fixtures, name), "utf8"));
    const failed = checks.some(([check]) => check === "assert-failed");
    assert.equal(outcome.unit === undefined, failed, outcome.messages);
    for (const check of checks) {
      const deviates = deviations.get(check.join(" ")) === name;
      assert.equal(
        holds(check, outcome),
        !deviates,
        `${check.join(" ")}\n${outcome.unit?.toString()}${outcome.messages}`,
      );
      if (!deviates) held++;
    }
  });
}

test("files of directories below are read", () => {
  const names = loadQuadlets([join(fixtures, "test_subdir")]).files.map(({ name }) => name);
  assert.deepEqual(names, ["mysleep.container", "mysleep_1.container", "mysleep_2.container"]);
});

test("how many assertions hold", (context) => {
  context.diagnostic(`${held} assertions of ${names.length} files hold, ${deviations.size} is not meant to`);
  assert.ok(names.length >= 308 && held >= 880, `${names.length} files, ${held} assertions`);
});
