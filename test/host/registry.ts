// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

export interface Registry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Blobs that were fetched since the last call, by their digests. */
  fetched(): string[];
  /** As when its machine loses power. What it has stays in the directory that it was started with. */
  kill(): Promise<void>;
}

/** A test, or what ends at the end of several. */
interface Scope {
  after(end: () => void | Promise<void>): void;
}

/** Debian's docker-registry, without TLS; skopeo is told so by way of a home directory of the test's own. */
export async function startRegistry(t: Scope, root: string): Promise<Registry> {
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const config = join(root, "registry.yml");
  const storage = { filesystem: { rootdirectory: join(root, "registry") } };
  writeFileSync(
    config,
    JSON.stringify({ version: 0.1, log: { accesslog: { disabled: false } }, storage, http: { addr: host } }),
  );
  const child = spawn("docker-registry", ["serve", config], { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (log += text.toString()));
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill();
    await ended;
  });
  useHome(t, root, `[[registry]]\nlocation = "${host}"\ninsecure = true\n`);
  await answers(`http://${host}/v2/`, () => {
    if (child.exitCode !== null) throw new Error(`docker-registry ended: ${log}`);
  });
  return {
    host,
    fetched() {
      const found = [...log.matchAll(/"GET \/v2\/\S+\/blobs\/(sha256:[0-9a-f]{64}) HTTP/g)].map(
        ([, digest]) => digest!,
      );
      log = "";
      return [...new Set(found)];
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function useHome(t: Scope, root: string, registries: string): void {
  const home = join(root, "home");
  mkdirSync(join(home, ".config/containers"), { recursive: true });
  writeFileSync(join(home, ".config/containers/registries.conf"), registries);
  const before = process.env["HOME"];
  process.env["HOME"] = home;
  t.after(() => void (process.env["HOME"] = before));
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function answers(url: string, check: () => void): Promise<void> {
  for (;;) {
    check();
    const reply = await fetch(url).catch(() => undefined);
    if (reply?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
