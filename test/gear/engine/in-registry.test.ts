// SPDX-License-Identifier: Apache-2.0
/** What a registry has is asked without a pull, by both engines, with a login. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { RegistryImage } from "../../../src/gear/index.ts";
import { manifestDigests } from "../../../src/gear/engine/in-registry.ts";
import { registryHost, registryLogin, startEngine, startRegistryIn } from "../engine-fixture.ts";

const gear = join(import.meta.dirname, "../../../src/gear/index.ts");
const image = `${registryHost}/shop/web:1`;

for (const kind of ["podman", "docker"] as const) {
  test(`${kind}: the image that is here is not new, another one of the name is, and nothing was pulled`, async (t) => {
    const { machine, cli } = await startEngine(t, kind);
    await startRegistryIn(machine);
    const { username, password } = registryLogin;
    const auth = Buffer.from(`${username}:${password}`).toString("base64");
    writeFileSync(join(machine.root, "run/auth.json"), JSON.stringify({ auths: { [registryHost]: { auth } } }));
    const push = (base: string) =>
      machine.run("podman", ["push", "--authfile=/run/auth.json", base, `docker://${image}`]);
    const ask = async (known: string, authFile = "/run/auth.json") => {
      const script = `import { connectEngine } from ${JSON.stringify(gear)};
        using engine = await connectEngine({ kind: "${kind}" });
        console.log(JSON.stringify(await engine.imageInRegistry("${image}", "${known}", { authFile: "${authFile}" })));`;
      const node = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", script];
      return machine.run(process.execPath, node, [0, 1]);
    };
    await push("localhost/box:1");
    const pull = `import { connectEngine } from ${JSON.stringify(gear)};
      using engine = await connectEngine({ kind: "${kind}" });
      console.log((await engine.pull("${image}", { authFile: "/run/auth.json" })).pinned);`;
    const node = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", pull];
    const pinned = (await machine.run(process.execPath, node)).stdout.trim();
    const same = JSON.parse((await ask(pinned)).stdout) as RegistryImage;
    assert.deepEqual([same.isNew, pinned.endsWith(same.digest)], [false, true]);
    const changes = ["--change", "LABEL made=anew"];
    await machine.run("sh", [
      "-c",
      'podman create --name=anew localhost/box:1 && podman commit "$@" anew localhost/box:2',
      "sh",
      ...changes,
    ]);
    await push("localhost/box:2");
    const before = await cli("images", "--quiet", "--no-trunc");
    const newer = JSON.parse((await ask(pinned)).stdout) as RegistryImage;
    assert.equal(newer.isNew, true);
    assert.match(newer.digest, /^sha256:[0-9a-f]{64}$/);
    assert.equal(await cli("images", "--quiet", "--no-trunc"), before);
    writeFileSync(join(machine.root, "run/nobody.json"), "{}");
    assert.match(
      (await ask(pinned, "/run/nobody.json")).stderr,
      /(?:unauthorized|authentication required|no basic auth)/i,
    );
  });
}

suite("manifests", () => {
  test("of a list, those of its machines count as well", () => {
    const [one, two] = ["a", "b"].map((digit) => `sha256:${digit.repeat(64)}`);
    const text = JSON.stringify({
      schemaVersion: 2,
      manifests: [{ digest: one }, { digest: two }, { digest: "bad" }, null],
    });
    const own = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    assert.deepEqual(manifestDigests(text, "x"), [own, one, two]);
  });

  test("what is no manifest is refused", () => {
    assert.throws(() => manifestDigests("<html>", "x"), { code: "gear-bad-image" });
    assert.throws(() => manifestDigests(" ".repeat((4 << 20) + 1), "x"), { code: "gear-bad-image" });
  });
});
