// SPDX-License-Identifier: Apache-2.0
/** The same calls on both engines, judged by each one's own command line. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { connectEngine, type Engine, type EngineEvent, type EngineKind } from "../../../src/gear/index.ts";
import { type EngineMachine, startEngine } from "../engine-fixture.ts";

for (const kind of ["podman", "docker"] as const) suite(kind, () => engineTests(kind));

function engineTests(kind: EngineKind): void {
  const cleanups: (() => void | Promise<void>)[] = [];
  let at: EngineMachine;
  let engine: Engine;
  const cli = async (...args: string[]) => at.cli(...args);

  before(async () => {
    at = await startEngine({ after: (action) => cleanups.unshift(action) }, kind);
    engine = at.engine;
  });
  after(async () => {
    for (const action of cleanups) await action();
  });

  test("its version is its own", async () => {
    const version = await engine.version();
    assert.equal(version.kind, kind);
    assert.match(await cli("--version"), new RegExp(`version ${RegExp.escape(version.version)}`));
    assert.equal(version.architecture, "amd64");
    const other = kind === "podman" ? "docker" : "podman";
    await assert.rejects(connectEngine({ kind: other, socket: engine.socket }), { code: "gear-engine" });
  });

  test("an image is what its command line says", async () => {
    const image = await engine.image("localhost/box:1");
    const [said] = JSON.parse(await cli("image", "inspect", "localhost/box:1")) as [{ Id: string; Size: number }];
    assert.equal(image?.id, `sha256:${said.Id.replace("sha256:", "")}`);
    assert.equal(image.size, said.Size);
    assert.deepEqual(image.names, ["localhost/box:1"]);
    // It came from no registry: there is nothing to fetch it anew by.
    assert.deepEqual([image.digest, image.pinned], [undefined, image.id]);
    assert.deepEqual([...image.labels], [["made", "here"]]);
    assert.deepEqual(image.config, {
      user: "7",
      ports: ["80/tcp"],
      volumes: [],
      stopSignal: undefined,
      hasHealthCheck: false,
    });
    assert.equal((await engine.image(image.id))?.id, image.id);
    assert.equal(await engine.image("localhost/nothing:1"), undefined);
    assert.ok((await engine.images()).some(({ id, names }) => id === image.id && names.includes("localhost/box:1")));
  });

  test("a container's state, from before it runs until it has been removed", async () => {
    assert.equal(await engine.container("state"), undefined);
    await cli("run", "-d", "--name=state", "--label=app=shop", "localhost/box:1");
    const state = await engine.container("state");
    assert.equal(`${state?.pid}`, await cli("inspect", "-f", "{{.State.Pid}}", "state"));
    assert.equal(state?.id, await cli("inspect", "-f", "{{.Id}}", "state"));
    assert.deepEqual(
      [state.running, state.state, state.image, state.name],
      [true, "running", "localhost/box:1", "state"],
    );
    assert.deepEqual([state.exitCode, state.health, state.labels.get("app")], [undefined, undefined, "shop"]);
    assert.deepEqual(state.addresses, [await cli("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "state")]);
    assert.ok((await at.machine.run("test", ["-e", state.networkNamespace!])).code === 0);
    assert.deepEqual(
      (await engine.containers(["app=shop"])).map(({ name }) => name),
      ["state"],
    );
    assert.deepEqual(await engine.containers(["app=other"]), []);
    await cli("kill", "-s", "KILL", "state");
    await cli("wait", "state");
    const ended = await engine.container("state");
    assert.deepEqual([ended?.running, ended?.exitCode, ended?.pid], [false, 137, undefined]);
    assert.ok(ended!.finishedAt! >= ended!.startedAt!);
    await engine.removeContainer("state");
    assert.equal(await engine.container("state"), undefined);
    await assert.rejects(engine.removeContainer("state"), { code: "gear-engine" });
  });

  test("health with the last checks, and events as they come", async () => {
    const abort = new AbortController();
    const seen: EngineEvent[] = [];
    const events = await engine.events({ signal: abort.signal, containers: ["sick"] });
    const reading = (async () => {
      for await (const event of events) {
        seen.push(event);
        if (event.action === "die") abort.abort();
      }
    })();
    reading.catch(() => {});
    await cli(
      "run",
      "-d",
      "--name=sick",
      "--label=app=shop",
      "--health-cmd=echo poorly; exit 3",
      "--health-interval=1s",
      "--health-retries=2",
      "localhost/box:1",
    );
    await until("unhealthy", async () => (await engine.container("sick"))?.health?.status === "unhealthy");
    const { health } = (await engine.container("sick"))!;
    assert.ok(health!.failures >= 2);
    assert.equal(health!.log.at(-1)?.exitCode, kind === "podman" ? 1 : 3);
    assert.equal(health!.log.at(-1)?.output.trim(), "poorly");
    const byHealth = await Promise.all(
      (["starting", "healthy", "unhealthy"] as const).map((status) => engine.containersByHealth(status)),
    );
    assert.deepEqual(byHealth, [[], [], ["sick"]]);
    const isTold = ({ action, health: status }: EngineEvent) => action === "health_status" && status === "unhealthy";
    await until("told", async () => seen.some(isTold));
    await cli("kill", "-s", "KILL", "sick");
    await reading;
    assert.ok(seen.some(({ action }) => action === "start"));
    const died = seen.find(({ action }) => action === "die");
    assert.deepEqual(
      [died?.exitCode, died?.name, died?.image, died?.labels.get("app")],
      [137, "sick", "localhost/box:1", "shop"],
    );
    assert.ok(Math.abs(died!.at - Date.now()) < 60_000);
    await engine.removeContainer("sick", { force: true });
  });

  test("a program runs in a container, and its output is bounded", async () => {
    await cli("run", "-d", "--name=exec", "--user=0", "localhost/box:1");
    const script = 'echo "$A $(pwd)"; echo problem >&2; exit 3';
    const done = await engine.exec("exec", ["/bin/sh", "-c", script], {
      environment: ["A=1"],
      workingDirectory: "/etc",
    });
    assert.deepEqual(done, { exitCode: 3, stdout: "1 /etc\n", stderr: "problem\n", cut: false });
    const who = await engine.exec("exec", ["/bin/id", "-u"], { user: "5" });
    assert.equal(who.stdout, "5\n");
    const loud =
      "i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done; exit 4";
    const cut = await engine.exec("exec", ["/bin/sh", "-c", loud], { limit: 100 });
    assert.deepEqual([cut.exitCode, cut.stdout.length, cut.cut], [4, 100, true]);
    await assert.rejects(engine.exec("exec", ["/bin/sleep", "100"], { signal: AbortSignal.timeout(300) }), {
      name: "TimeoutError",
    });
    await assert.rejects(engine.exec("nobody", ["/bin/true"]), { code: "gear-engine" });
    const stats = await engine.stats("exec");
    assert.ok(stats.at! > 0 && stats.sent >= 0 && typeof stats.cpuNs === "bigint");
    const began = performance.now();
    await engine.removeContainer("exec", { force: true });
    // The program does not end by SIGTERM, and an engine waits for 10 s when it stops one.
    assert.ok(performance.now() - began < 9000);
  });

  test("volumes with labels and of a directory", async () => {
    const made = await engine.createVolume("data", { labels: new Map([["tenant", "acme"]]) });
    const [said] = JSON.parse(await cli("volume", "inspect", "data")) as [{ Mountpoint: string; Labels: object }];
    assert.equal(made.mountpoint, said.Mountpoint);
    assert.deepEqual(Object.fromEntries(made.labels), said.Labels);
    assert.deepEqual(await engine.volume("data"), made);
    const bind = new Map([
      ["type", "none"],
      ["o", "bind"],
      ["device", "/etc"],
    ]);
    await engine.createVolume("bound", { options: bind });
    const read = await cli(
      "run",
      "--rm",
      "--user=0",
      "-v=bound:/data:ro",
      "localhost/box:1",
      "/bin/cat",
      "/data/hostname",
    );
    assert.equal(read, (await at.machine.run("cat", ["/etc/hostname"])).stdout.trim());
    assert.deepEqual((await engine.volumes()).map(({ name }) => name).toSorted(), ["bound", "data"]);
    // Volumes without a name go with their container when that is asked for.
    const anonymous = async () => (await engine.volumes()).filter(({ name }) => /^[0-9a-f]{64}$/.test(name)).length;
    for (const name of ["one", "other"]) await cli("create", `--name=${name}`, "-v=/anonymous", "localhost/box:1");
    assert.equal(await anonymous(), 2);
    await engine.removeContainer("one", { volumes: true });
    await engine.removeContainer("other");
    assert.equal(await anonymous(), 1);
    await engine.removeVolume("bound");
    await engine.removeVolume("data");
    assert.equal(await engine.volume("data"), undefined);
    await assert.rejects(engine.volume("../containers"), { code: "gear-bad-name" });
  });

  test("networks", async () => {
    const made = await engine.createNetwork("inner", {
      internal: true,
      subnet: "10.99.0.0/24",
      labels: new Map([["a", "b"]]),
    });
    assert.equal(
      await cli("network", "inspect", "-f", kind === "podman" ? "{{.Internal}}" : "{{.Internal}}", "inner"),
      "true",
    );
    assert.deepEqual(
      [made.subnets, made.internal, made.labels.get("a"), made.name],
      [["10.99.0.0/24"], true, "b", "inner"],
    );
    await assert.rejects(engine.createNetwork("inner"), { code: "gear-engine" });
    await engine.removeNetwork("inner");
    assert.equal(await engine.network("inner"), undefined);
  });

  test("secrets, where the engine has them", async () => {
    if (kind === "docker")
      return assert.rejects(engine.createSecret("key", Buffer.from("x")), { code: "gear-engine", message: /swarm/ });
    await engine.createSecret("key", Buffer.from("top secret"));
    assert.deepEqual(await engine.secrets(), ["key"]);
    const read = await cli(
      "run",
      "--rm",
      "--user=0",
      "--secret=key",
      "localhost/box:1",
      "/bin/cat",
      "/run/secrets/key",
    );
    assert.equal(read, "top secret");
    await engine.removeSecret("key");
    return assert.deepEqual(await engine.secrets(), []);
  });

  test("images that nobody keeps or uses are removed, with all of their names", async () => {
    for (const name of ["kept", "used", "gone"])
      await cli("commit", `--change=LABEL of=${name}`, await base(), `localhost/${name}:1`);
    await cli("tag", "localhost/gone:1", "localhost/gone:2");
    await cli("create", "--name=user", "localhost/used:1");
    const gone = await engine.image("localhost/gone:1");
    const { removed, refused } = await engine.pruneImages(
      ["localhost/kept:1"],
      ["localhost/kept:1", "localhost/used:1", "localhost/gone:1"],
    );
    assert.deepEqual([removed, refused], [[gone?.id], []]);
    const left = (await engine.images()).flatMap(({ names }) => names).toSorted();
    assert.deepEqual(left, ["localhost/box:1", "localhost/kept:1", "localhost/used:1"]);
    await assert.rejects(engine.removeImage("localhost/used:1"), { code: "gear-engine" });
    assert.equal((await cli("ps", "-aq", "--filter=name=user")) === "", false);
    await engine.removeImage("localhost/kept:1");
    assert.equal(await engine.image("localhost/kept:1"), undefined);
    await engine.removeContainer("user");
  });

  async function base(): Promise<string> {
    return (await engine.container("base"))?.id ?? cli("create", "--name=base", "localhost/box:1");
  }

  test("names that would lead elsewhere in the API are refused", async () => {
    for (const name of ["", "../images/json", "a/b", "x?force=1", "a b", `a${"b".repeat(300)}`])
      await assert.rejects(engine.container(name), { code: "gear-bad-name" });
    for (const name of ["../containers/json", "a?b", "localhost/A", "a b", "x@sha256:12"])
      await assert.rejects(engine.image(name), { code: "gear-bad-image" });
  });

  test("an engine that ended, as podman's service does when it is idle, is there again", async () => {
    const service = kind === "podman" ? "podman.service" : "docker.service";
    const events = await engine.events({ signal: new AbortController().signal });
    const reading = assert.rejects(
      async () => {
        for await (const event of events) void event;
      },
      { code: "gear-engine-connection" },
    );
    await engine.version();
    await at.machine.run("systemctl", [kind === "podman" ? "stop" : "restart", service]);
    await reading;
    assert.equal((await engine.image("localhost/box:1"))?.labels.get("made"), "here");
  });

  test("an engine that is not there is told with what starts it", async () => {
    const directory = mkdtempSync(join(tmpdir(), "atomic-engine-"));
    try {
      const missing = { code: "gear-engine-connection", hint: /systemctl start/ };
      await assert.rejects(connectEngine({ kind, socket: join(directory, "none.sock") }), missing);
      writeFileSync(join(directory, "file.sock"), "");
      await assert.rejects(connectEngine({ kind, socket: join(directory, "file.sock") }), missing);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`it did not come to this: ${what}`);
}
