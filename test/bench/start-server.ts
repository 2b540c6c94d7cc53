// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "../../src/base/index.ts";

/**
 * Serves a repository: by nginx where it is installed, as repositories are served in earnest, for the server takes its part of
 * the machine from both contenders. Stock's server is not used: it is a different program for each side to wait for.
 */
export async function startServer(repo: string): Promise<{ url: string; stop: () => void }> {
  const nginx = findProgram("nginx");
  if (nginx !== undefined) return startNginx(nginx, repo);
  const child = spawn(process.execPath, ["--no-warnings", join(import.meta.dirname, "serve-repository.ts"), repo], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const url of createInterface(child.stdout)) return { url, stop: () => child.kill() };
  throw new Error("the server did not start");
}

async function startNginx(program: string, repo: string): Promise<{ url: string; stop: () => void }> {
  const directory = mkdtempSync(join(tmpdir(), "atomic-bench-nginx-"));
  const port = await freePort();
  writeFileSync(join(directory, "nginx.conf"), configuration(directory, repo, port));
  const child = spawn(program, ["-c", join(directory, "nginx.conf")], { stdio: "inherit" });
  const url = `http://127.0.0.1:${port}`;
  await untilItAnswers(`${url}/config`, child);
  const stop = () => {
    child.kill();
    rmSync(directory, { recursive: true, force: true });
  };
  return { url, stop };
}

function configuration(directory: string, repo: string, port: number): string {
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${directory}/${name};`,
  );
  // Root, where it may: the repository is in a directory of its owner alone.
  return `${process.geteuid?.() === 0 ? "user root;" : ""}
daemon off; worker_processes 1; pid ${directory}/pid; error_log stderr;
events { worker_connections 256; }
http {
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000; ${places.join(" ")}
  server { listen 127.0.0.1:${port}; root ${repo}; }
}
`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<unknown>((resolve) => server.close(resolve));
  return port;
}

async function untilItAnswers(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(50);
  }
  throw new Error("nginx did not start");
}
