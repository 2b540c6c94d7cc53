// SPDX-License-Identifier: Apache-2.0
/** Pulls by each way on both engines: a real registry with a login, directories and archives that skopeo wrote. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { ProgressEvent } from "../../../src/base/index.ts";
import type { Engine, EngineKind } from "../../../src/gear/index.ts";
import {
  type EngineMachine,
  registryHost,
  registryLogin,
  stallingHost,
  startEngine,
  startRegistryIn,
  startStallingRegistry,
} from "../engine-fixture.ts";

for (const kind of ["podman", "docker"] as const) suite(kind, () => pullTests(kind));

function pullTests(kind: EngineKind): void {
  const cleanups: (() => void | Promise<void>)[] = [];
  const { username, password } = registryLogin;
  let at: EngineMachine;
  let engine: Engine;
  let directory: string;
  let authFile: string;
  const cli = async (...args: string[]) => at.cli(...args);
  const inside = async (script: string) =>
    (await at.machine.run("bash", ["-c", `set -eo pipefail; ${script}`])).stdout.trim();
  /** What skopeo says that the registry has. */
  const digestOf = async (name: string) =>
    inside(
      `skopeo inspect --tls-verify=false --creds '${username}:${password}' --format '{{.Digest}}' docker://${name}`,
    );

  before(async () => {
    at = await startEngine({ after: (action) => cleanups.unshift(action) }, kind);
    engine = at.engine;
    directory = mkdtempSync(join(tmpdir(), "atomic-pull-"));
    cleanups.push(() => rmSync(directory, { recursive: true }));
    authFile = join(directory, "auth.json");
    const auth = Buffer.from(`${username}:${password}`).toString("base64");
    writeFileSync(authFile, JSON.stringify({ auths: { [registryHost]: { auth }, [stallingHost]: { auth } } }));
    await startRegistryIn(at.machine);
    await push(1);
  });
  after(async () => {
    for (const action of cleanups) await action();
  });

  /** Another image by the same name; the file makes it another. */
  async function push(version: number, bytes = 10): Promise<string> {
    const name = `${registryHost}/shop/web:latest`;
    await inside(`
      echo "FROM localhost/box:1" > /tmp/Containerfile
      ctr=$(podman create localhost/box:1)
      head -c ${bytes} /dev/urandom > /tmp/data
      podman cp /tmp/data $ctr:/data
      podman commit -q --change "LABEL version=${version}" $ctr localhost/pushed:latest >/dev/null
      podman rm $ctr >/dev/null
      podman push -q --creds '${username}:${password}' localhost/pushed:latest docker://${name}
      podman rmi localhost/pushed:latest >/dev/null`);
    return digestOf(name);
  }

  test("by a tag, with a login and progress, pinned by the registry's digest", async () => {
    const name = `${registryHost}/shop/web`;
    const events: ProgressEvent[] = [];
    const image = await engine.pull(name, { authFile, progress: (event) => events.push(event) });
    const digest = await digestOf(name);
    assert.equal(image.digest, digest);
    assert.equal(image.pinned, `${name}@${digest}`);
    assert.deepEqual(image.names, [`${name}:latest`]);
    assert.equal(image.labels.get("version"), "1");
    assert.equal(events[0]?.type, "start");
    assert.equal(events.at(-1)?.type, "end");
    assert.deepEqual([...new Set(events.map((event) => ("task" in event ? event.task : "")))], [`pull ${name}`]);
    assert.equal((await engine.image(image.pinned))?.id, image.id);
    assert.equal(
      `sha256:${(await cli("image", "inspect", "-f", "{{.Id}}", image.pinned)).replace("sha256:", "")}`,
      image.id,
    );
  });

  test("a tag that moved leaves the pinned image where it can be run", async () => {
    const name = `${registryHost}/shop/web`;
    const old = await engine.pull(`docker://${name}:latest`, { authFile });
    await push(2);
    const now = await engine.pull(`${name}:latest`, { authFile });
    assert.equal(now.labels.get("version"), "2");
    assert.notEqual(now.id, old.id);
    assert.equal((await engine.image(old.pinned))?.id, old.id);
    assert.equal(await cli("run", "--rm", "--pull=never", old.pinned, "/bin/echo", "runs"), "runs");
    assert.equal((await engine.image(old.id))?.pinned, old.pinned);
    // By digest it is fetched anew after it has been removed.
    await engine.removeImage(old.id, { force: true });
    assert.equal(await engine.image(old.pinned), undefined);
    assert.equal((await engine.pull(old.pinned, { authFile })).id, old.id);
    const { removed } = await engine.pruneImages([now.pinned], [old.pinned, now.pinned]);
    assert.deepEqual(removed, [old.id]);
    assert.equal((await engine.image(now.pinned))?.id, now.id);
  });

  test("of an index for several platforms it is the one of this machine", async () => {
    const name = `${registryHost}/shop/index:1`;
    await inside(`
      ctr=$(podman create localhost/box:1)
      podman commit -q --change "LABEL version=other" $ctr localhost/other:1 >/dev/null
      podman rm $ctr >/dev/null
      podman manifest create localhost/index:1 >/dev/null
      podman manifest add --os linux --arch s390x localhost/index:1 containers-storage:localhost/other:1 >/dev/null
      podman manifest add localhost/index:1 containers-storage:localhost/box:1 >/dev/null
      podman manifest push -q --all --creds '${username}:${password}' localhost/index:1 docker://${name}`);
    const raw = await inside(
      `skopeo inspect --raw --tls-verify=false --creds '${username}:${password}' docker://${name}`,
    );
    assert.equal((JSON.parse(raw) as { manifests: unknown[] }).manifests.length, 2);
    const image = await engine.pull(name, { authFile });
    assert.equal(image.id, (await engine.image("localhost/box:1"))?.id);
    assert.equal((await engine.image(image.pinned))?.id, image.id);
    await engine.removeImage(name);
    assert.equal((await engine.pull(image.pinned, { authFile })).id, image.id);
    await engine.removeImage(image.pinned);
  });

  test("without a login, with a wrong one, of what is not there: the engine's words", async () => {
    const none = join(directory, "none.json");
    writeFileSync(none, "{}");
    const wrong = join(directory, "wrong.json");
    const auth = Buffer.from("someone:else").toString("base64");
    writeFileSync(wrong, JSON.stringify({ auths: { [registryHost]: { auth } } }));
    const refused = { code: "gear-engine", message: /unauthorized|no basic auth/ };
    await assert.rejects(engine.pull(`${registryHost}/shop/web`, { authFile: none }), refused);
    await assert.rejects(engine.pull(`${registryHost}/shop/web`, { authFile: wrong }), refused);
    const unknown = { code: "gear-engine", message: /manifest unknown/ };
    await assert.rejects(engine.pull(`${registryHost}/shop/nothing:9`, { authFile }), unknown);
    await assert.rejects(engine.pull(`${registryHost}/shop/web@sha256:${"0".repeat(64)}`, { authFile }), unknown);
    await assert.rejects(engine.pull("dir:/srv/image"), { code: "gear-unsupported" });
  });

  test("a pull that stands still is canceled; a registry that dies in the middle is told", async () => {
    await push(3, 4_000_000);
    const die = await startStallingRegistry(at.machine);
    const name = `${stallingHost}/shop/web:latest`;
    const began = Date.now();
    await assert.rejects(engine.pull(name, { authFile, signal: AbortSignal.timeout(1500) }), { name: "TimeoutError" });
    assert.ok(Date.now() - began < 60_000);
    const pull = assert.rejects(engine.pull(name, { authFile }), { code: "gear-engine" });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await die();
    await pull;
    assert.equal(await engine.image(name), undefined);
  });

  test("directories and archives, by the names that podman gives them", async () => {
    await inside(`
      podman save -o /tmp/box.tar localhost/box:1
      for to in oci:/tmp/layout oci-archive:/tmp/layout.tar:example.com/from/archive:2 docker-archive:/tmp/docker.tar:example.com/from/docker:3; do
        skopeo copy -q --insecure-policy docker-archive:/tmp/box.tar $to
      done
      skopeo copy -q --insecure-policy docker-archive:/tmp/box.tar oci:/tmp/several:one
      skopeo copy -q --insecure-policy docker-archive:/tmp/docker.tar oci:/tmp/several:two`);
    const from = (path: string) => join(at.machine.root, path);
    for (const path of ["layout", "several"]) await inside(`cp -r /tmp/${path} /var/log/${path}`);
    const box = await engine.image("localhost/box:1");
    const archive = await engine.pull(`oci-archive:${from("tmp/layout.tar")}`);
    assert.deepEqual([archive.id, archive.names.includes("example.com/from/archive:2")], [box?.id, true]);
    const docker = await engine.pull(`docker-archive:${from("tmp/docker.tar")}`);
    assert.deepEqual([docker.id, docker.names.includes("example.com/from/docker:3")], [box?.id, true]);
    const layout = await engine.pull(`oci:${from("tmp/layout")}`);
    assert.equal(layout.id, box?.id);
    // Whether it is there is not known before it is read.
    assert.equal(await engine.image(`oci:${from("tmp/layout")}`), undefined);
    const kept = await engine.pruneImages([box!.id, `oci:${from("tmp/layout")}`], [box!.id]);
    assert.deepEqual(kept.removed, []);
    assert.ok(layout.names.some((name) => name.endsWith("/root/tmp/layout:latest")));
    assert.equal((await engine.pull(`oci:${from("tmp/several")}:two`)).id, box?.id);
    await assert.rejects(engine.pull(`oci:${from("tmp/several")}`), { code: "gear-bad-image", hint: /PATH:NAME/ });
    await assert.rejects(engine.pull(`oci:${from("tmp/several")}:three`), { code: "gear-bad-image" });
    for (const transport of ["oci", "oci-archive", "docker-archive"])
      await assert.rejects(engine.pull(`${transport}:${from("tmp/nowhere")}`), { code: "gear-bad-image" }, transport);
    await assert.rejects(engine.pull(`oci-archive:${from("tmp/data")}`), {
      code: /gear-bad-image|formats|base-truncated/,
    });
  });

  test("a blob that is not what its digest says is not loaded", async () => {
    const path = join(at.machine.root, "tmp/changed");
    await inside(`
      rm -rf /tmp/changed; cp -r /tmp/layout /tmp/changed
      config=$(jq -r .config.digest /tmp/changed/blobs/sha256/$(jq -r '.manifests[0].digest' /tmp/changed/index.json | cut -d: -f2) | cut -d: -f2)
      sed -i s/here/evil/ /tmp/changed/blobs/sha256/$config`);
    await assert.rejects(engine.pull(`oci:${path}`), {
      code: "gear-bad-image",
      message: /is not what its digest says/,
    });
    assert.ok(!(await engine.images()).some(({ names }) => names.some((name) => name.includes("changed"))));
    const index = join(path, "index.json");
    const text = readFileSync(index, "utf8");
    writeFileSync(index, text.replace(/sha256:[0-9a-f]{64}/, "sha256:../../../../../../etc/passwd"));
    await assert.rejects(engine.pull(`oci:${path}`), { code: "formats-oci" });
  });

  test("credentials are found where podman and docker keep them", async () => {
    const { HOME, XDG_RUNTIME_DIR, REGISTRY_AUTH_FILE, PATH } = process.env;
    const home = join(directory, "home");
    const places = ["run/containers/auth.json", ".config/containers/auth.json", ".docker/config.json"];
    const remove = async () => engine.pruneImages([], [`${registryHost}/shop/web:latest`]);
    try {
      Object.assign(process.env, { HOME: home, XDG_RUNTIME_DIR: join(home, "run") });
      delete process.env["REGISTRY_AUTH_FILE"];
      for (const place of places) {
        await assert.rejects(engine.pull(`${registryHost}/shop/web`), { code: "gear-engine" }, place);
        mkdirSync(join(home, place, ".."), { recursive: true });
        writeFileSync(join(home, place), readFileSync(authFile));
        assert.ok((await engine.pull(`${registryHost}/shop/web`)).digest !== undefined);
        await remove();
        rmSync(join(home, place));
      }
      const program = join(directory, "docker-credential-test");
      const answer = JSON.stringify({ Username: username, Secret: password });
      writeFileSync(program, `#!/bin/sh\ncat > ${directory}/asked\necho '${answer}'\n`);
      chmodSync(program, 0o755);
      process.env["PATH"] = `${directory}:${PATH}`;
      writeFileSync(join(home, places[2]!), JSON.stringify({ credHelpers: { [registryHost]: "test" } }));
      assert.ok((await engine.pull(`${registryHost}/shop/web`)).digest !== undefined);
      assert.equal(readFileSync(join(directory, "asked"), "utf8"), registryHost);
      writeFileSync(join(home, places[2]!), JSON.stringify({ credHelpers: { [registryHost]: "../sh -c true" } }));
      await assert.rejects(engine.pull(`${registryHost}/shop/web`), { code: "gear-credentials" });
      writeFileSync(join(home, places[2]!), "no JSON");
      await assert.rejects(engine.pull(`${registryHost}/shop/web`), { code: "gear-credentials" });
    } finally {
      for (const [key, value] of Object.entries({ HOME, XDG_RUNTIME_DIR, REGISTRY_AUTH_FILE, PATH }))
        if (value === undefined) delete process.env[key];
        else process.env[key] = value;
    }
    assert.ok(existsSync(join(directory, "asked")));
  });

  test("what the signature policy does not let pass is not pulled", async () => {
    const policy = join(directory, "policy.json");
    const accept = [{ type: "insecureAcceptAnything" }];
    const signed = [{ type: "signedBy", keyType: "GPGKeys", keyPath: "/etc/no-key" }];
    const set = (content: object) => {
      writeFileSync(policy, JSON.stringify(content));
      writeFileSync(join(at.machine.root, "etc/containers/policy.json"), JSON.stringify(content));
    };
    const name = `${registryHost}/shop/web`;
    process.env["CONTAINERS_POLICY_JSON"] = policy;
    try {
      // Podman's refusal is its own, by the policy of its machine; docker would run anything.
      const code = kind === "podman" ? "gear-engine" : "gear-signature-policy";
      set({ default: [{ type: "reject" }] });
      await assert.rejects(engine.pull(name, { authFile }), {
        code,
        message: kind === "podman" ? /rejected by policy/ : /refuses it/,
      });
      set({ default: accept, transports: { docker: { [`${registryHost}/shop`]: signed } } });
      await assert.rejects(engine.pull(name, { authFile }), {
        code,
        message: kind === "podman" ? /no-key|signature/i : /asks for a signature/,
      });
      set({ default: accept, transports: { oci: { "": [{ type: "reject" }] } } });
      await assert.rejects(engine.pull(`oci:${join(at.machine.root, "tmp/layout")}`), {
        code: "gear-signature-policy",
      });
      assert.ok((await engine.pull(name, { authFile })).digest !== undefined);
    } finally {
      delete process.env["CONTAINERS_POLICY_JSON"];
    }
  });

  test("a full disk is told, and there is room again after that", async () => {
    const storage = kind === "podman" ? "/var/lib/containers" : "/var/lib/docker";
    const used = Number((await inside(`df --output=used -k ${storage} | tail -1`)).trim());
    await push(4, 30_000_000);
    await engine.pruneImages([], [`${registryHost}/shop/web:latest`]);
    await inside(`mount -o remount,size=${used + 20_000}k ${storage}`);
    await assert.rejects(engine.pull(`${registryHost}/shop/web`, { authFile }), {
      code: "gear-engine",
      message: /no space left/,
    });
    assert.equal(await engine.image(`${registryHost}/shop/web`), undefined);
    await inside(`mount -o remount,size=50% ${storage}`);
    assert.equal((await engine.pull(`${registryHost}/shop/web`, { authFile })).labels.get("version"), "4");
  });
}
