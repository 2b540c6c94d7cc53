// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/base/index.ts";
import { connectEngine, type Engine, type EngineKind } from "../../src/gear/index.ts";
import { importImage, usePodman } from "./podman-fixture.ts";
import { type Cleanup, startSystemd, type SystemdMachine } from "./systemd-fixture.ts";

/** An engine of a machine of its own, with the image `localhost/box:1` (busybox, which sleeps). */
export interface EngineMachine {
  readonly engine: Engine;
  readonly machine: SystemdMachine;
  /** The engine's own command line, which is the judge. */
  cli(...args: string[]): Promise<string>;
}

export async function startEngine(t: Cleanup, kind: EngineKind): Promise<EngineMachine> {
  const machine = await startSystemd(t);
  // Before podman's service starts: it reads them once.
  const directory = join(machine.root, "etc/containers/registries.conf.d");
  mkdirSync(directory, { recursive: true });
  const registries = [registryHost, stallingHost].map(
    (host) => `[[registry]]\nlocation = "${host}"\ninsecure = true\n`,
  );
  writeFileSync(join(directory, "test.conf"), registries.join(""));
  await usePodman(machine);
  await importImage(machine, "localhost/box:1", {}, [
    'CMD ["/bin/sleep", "1000"]',
    "LABEL made=here",
    "USER 7",
    "EXPOSE 80/tcp",
  ]);
  if (kind === "docker") {
    mkdirSync(join(machine.root, "etc/docker"), { recursive: true });
    // It would try a dead registry five times, for more than a minute.
    writeFileSync(join(machine.root, "etc/docker/daemon.json"), JSON.stringify({ "max-download-attempts": 1 }));
    await machine.run("systemctl", ["start", "docker.service"]);
    await machine.run("sh", ["-c", "podman save localhost/box:1 | /usr/bin/docker load"]);
  }
  const socket = join(machine.root, kind === "podman" ? "run/podman/podman.sock" : "run/docker.sock");
  const engine = await connectEngine({ kind, socket });
  t.after(() => engine[Symbol.dispose]());
  const program = kind === "podman" ? "podman" : "/usr/bin/docker";
  return { engine, machine, cli: async (...args) => (await machine.run(program, args)).stdout.trim() };
}

/** Where the registry of a machine is; it is in the machine's own network. */
export const registryHost = "127.0.0.1:5000";
/** Of a registry that stands still. */
export const stallingHost = "127.0.0.1:5001";
export const registryLogin = { username: "someone", password: "a:secret" };

/** Debian's docker-registry inside the machine, to be logged in to; both engines are told that it has no TLS. */
export async function startRegistryIn(machine: SystemdMachine): Promise<void> {
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: "/tmp/registry" } },
    http: { addr: registryHost },
    auth: { htpasswd: { realm: "test", path: "/etc/registry-users" } },
  };
  const { username, password } = registryLogin;
  const script = "import crypt,sys; print(crypt.crypt(sys.argv[1], crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))";
  const hashed = await run("python3", ["-W", "ignore", "-c", script, password]);
  const etc = join(machine.root, "etc");
  writeFileSync(join(etc, "registry-users"), `${username}:${hashed.stdout}`);
  writeFileSync(join(etc, "registry.json"), JSON.stringify(config));
  await machine.run("systemd-run", ["--unit=registry", "docker-registry", "serve", "/etc/registry.json"]);
  await listens(machine, registryHost);
}

/** Passes on to the registry, but of a layer no more than the beginning. */
const stallingProxy = `
const http = require("node:http");
http.createServer((request, response) => {
  const { method, url, headers } = request;
  const passed = http.request({ host: "127.0.0.1", port: 5000, method, path: url, headers: { ...headers, host: "${registryHost}" } }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    if (Number(answer.headers["content-length"]) < 1e6 || method === "HEAD") return answer.pipe(response);
    answer.once("data", (piece) => response.write(piece.subarray(0, 1000)));
  });
  passed.end();
}).listen(5001, "127.0.0.1");
`;

/** @returns what ends it, as a registry that dies */
export async function startStallingRegistry(machine: SystemdMachine): Promise<() => Promise<void>> {
  await machine.run("systemd-run", ["--unit=stalling", process.execPath, "-e", stallingProxy]);
  await listens(machine, stallingHost);
  return async () => void (await machine.run("systemctl", ["kill", "-s", "KILL", "stalling"]));
}

async function listens(machine: SystemdMachine, host: string): Promise<void> {
  const address = host.replace(":", "/");
  await machine.run("bash", ["-c", `until (exec 3<>/dev/tcp/${address}) 2>/dev/null; do sleep 0.05; done`]);
}
