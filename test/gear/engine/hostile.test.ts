// SPDX-License-Identifier: Apache-2.0
/** What stands in an engine's place: answers that no engine gives. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { connectEngine, type Engine } from "../../../src/gear/index.ts";

type Handler = (response: ServerResponse, request: IncomingMessage) => void;

async function serve(
  t: TestContext,
  handler: Handler,
  version: object = { Version: "20.10.24", ApiVersion: "1.41" },
): Promise<Engine> {
  const directory = mkdtempSync(join(tmpdir(), "atomic-hostile-"));
  const server = createServer((request, response) => {
    response.on("error", () => {});
    if (request.url?.endsWith("/version") === true) response.end(JSON.stringify(version));
    else handler(response, request);
  });
  const socket = join(directory, "engine.sock");
  server.listen(socket);
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true });
  });
  const engine = await connectEngine({ socket });
  t.after(() => engine[Symbol.dispose]());
  return engine;
}

/** Writes for as long as the peer reads. */
function endless(piece: Buffer): Handler {
  return (response) => {
    const more = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on("drain", more);
    more();
  };
}

test("an answer without end is given up", async (t) => {
  const engine = await serve(t, endless(Buffer.alloc(1 << 16, "[")));
  await assert.rejects(engine.container("x"), { code: "gear-engine", message: /more than/ });
  await assert.rejects(engine.pull("example.com/x"), { code: "gear-engine", message: /more than/ });
});

test("what is no JSON, of the wrong shape or cut off is an error, or reads as empty", async (t) => {
  let answer = "";
  const engine = await serve(t, (response) => response.end(answer));
  for (answer of ["<html>", "{", "\u0000"])
    await assert.rejects(engine.container("x"), { code: "gear-engine" }, answer);
  for (answer of ["[]", "null", "7", '{"State":7,"Config":[]}', '{"State":{"Health":{"Log":{"a":1}}}}']) {
    const state = await engine.container("x");
    assert.deepEqual([state?.running, state?.health, state?.addresses], [false, undefined, []], answer);
  }
  answer = '{"__proto__":{"polluted":true},"Config":{"Labels":{"__proto__":"x"}}}';
  assert.equal((await engine.container("x"))?.labels.get("__proto__"), "x");
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});

test("a connection that breaks in the middle is told, with the engine's socket", async (t) => {
  const engine = await serve(t, (response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("{", () => response.destroy());
  });
  await assert.rejects(engine.container("x"), { code: "gear-engine-connection" });
  await assert.rejects(engine.pull("example.com/x"), { code: "gear-engine-connection" });
});

test("a refusal has the engine's words, however they come", async (t) => {
  let answer = "";
  const engine = await serve(t, (response) => response.writeHead(500).end(answer));
  for (const [sent, told] of [
    ['{"message":"it is so"}', "it is so"],
    ["plain words", "plain words"],
    ["", "the engine answers with status 500"],
    [`{"message":"${"x".repeat(5000)}"}`, /^.{1,2000}$/],
  ] as const) {
    answer = sent;
    await assert.rejects(engine.container("x"), { code: "gear-engine", message: told });
  }
});

test("a program's output in broken frames ends", async (t) => {
  const frame = Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 65]);
  const engine = await serve(t, (response, request) => {
    if (request.url?.endsWith("/start") === true) response.end(frame);
    else response.end('{"Id":"x","Running":false,"ExitCode":0}');
  });
  assert.deepEqual(await engine.exec("x", ["/bin/true"]), { exitCode: 0, stdout: "A", stderr: "", cut: false });
});

test("engines that are too old are refused, and later ones spoken to in what they speak", async (t) => {
  const old = { Version: "4.2.0", ApiVersion: "1.41", Components: [{ Name: "Podman Engine" }] };
  await assert.rejects(
    serve(t, () => {}, old),
    { code: "gear-engine", message: /4\.3 or later/ },
  );
  const urls: string[] = [];
  const answer: Handler = (response, request) => response.end(JSON.stringify(urls.push(request.url ?? "")));
  const later = await serve(t, answer, { Version: "29.0.1", ApiVersion: "1.52", MinAPIVersion: "1.44" });
  await later.container("x");
  const same = await serve(t, answer, { Version: "28.0.0", ApiVersion: "1.48", MinAPIVersion: "1.24" });
  await same.container("x");
  assert.deepEqual(urls, ["/v1.44/containers/x/json", "/v1.41/containers/x/json"]);
});
