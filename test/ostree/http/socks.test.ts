// SPDX-License-Identifier: Apache-2.0
/** SOCKS 5 by microsocks, a stock proxy. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { HttpClient } from "../../../src/ostree/http/client.ts";

const limit = { limit: 1000 };
const running: ChildProcess[] = [];
const servers: Server[] = [];
after(() => {
  for (const child of running) child.kill();
  for (const server of servers) server.close();
});

async function listen(server: Server, host = "127.0.0.1"): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function microsocks(...options: string[]): Promise<number> {
  const port = await freePort();
  running.push(spawn("microsocks", ["-i", "127.0.0.1", "-p", String(port), ...options], { stdio: "ignore" }));
  for (let tries = 0; tries < 100; tries++) {
    const there = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (there) return port;
    await sleep(50);
  }
  throw new Error("microsocks does not start");
}

function answerWithHost(): Promise<number> {
  const server = createHttpServer((request, response) => response.end(`${request.headers.host} ${request.url}`));
  return listen(server, "::");
}

async function get(url: string, proxy: string): Promise<string | undefined> {
  using client = new HttpClient({ url, proxy, retries: 0 });
  return (await client.get("x", limit)).body?.bytes.toString();
}

test("a name and addresses of both kinds are reached through SOCKS 5", async () => {
  const [port, proxy] = [await answerWithHost(), await microsocks()];
  for (const scheme of ["socks5", "socks5h"]) {
    for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
      const seen = await get(`http://${host}:${port}/repo`, `${scheme}://127.0.0.1:${proxy}`);
      assert.equal(seen, `${host}:${port} /repo/x`);
    }
  }
});

test("user and password are told to a proxy that wants them", async () => {
  const [port, proxy] = [await answerWithHost(), await microsocks("-u", "me", "-P", "se:cret")];
  const url = `http://127.0.0.1:${port}/repo`;
  assert.equal(await get(url, `socks5h://me:se%3Acret@127.0.0.1:${proxy}`), `127.0.0.1:${port} /repo/x`);
  await assert.rejects(get(url, `socks5h://me:guess@127.0.0.1:${proxy}`), /refused the user and password/);
  await assert.rejects(get(url, `socks5h://127.0.0.1:${proxy}`), /refused the user and password/);
});

test("what the proxy cannot reach, and what is no proxy, is told", async () => {
  const [nobody, proxy] = [await freePort(), await microsocks()];
  const refused = get(`http://127.0.0.1:${nobody}/repo`, `socks5://127.0.0.1:${proxy}`);
  await assert.rejects(refused, new RegExp(`did not connect to 127.0.0.1:${nobody}: connection refused`));
  const talker = await listen(createServer((socket) => socket.on("error", () => {}).write("220 hello\r\n")));
  await assert.rejects(get("http://a.invalid/repo", `socks5h://127.0.0.1:${talker}`), /does not speak SOCKS 5/);
  const silent = await listen(createServer((socket) => socket.on("error", () => {}).end()));
  await assert.rejects(get("http://a.invalid/repo", `socks5h://127.0.0.1:${silent}`), /closed the connection/);
  await assert.rejects(get("http://a.invalid/repo", "socks4://me:secret@127.0.0.1:1"), (error: Error) => {
    return error.message.includes("socks4://127.0.0.1:1") && !error.message.includes("secret");
  });
});
