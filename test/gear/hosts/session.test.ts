// SPDX-License-Identifier: Apache-2.0
/** Hosts that stop answering: something else stands in the place of `ssh`, which keeps the connection open. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test, type TestContext } from "node:test";
import { gearError, HostSession, parseHost } from "../../../src/gear/index.ts";
import { protocolVersion } from "../../../src/gear/hosts/message.ts";

/** @param answers what the host says to a request: words of a program that has its `id` and `request` */
async function openSession(t: TestContext, answers: string): Promise<HostSession> {
  const directory = mkdtempSync(join(tmpdir(), "atomic-session-"));
  const path = process.env["PATH"];
  t.after(() => {
    process.env["PATH"] = path;
    rmSync(directory, { recursive: true });
  });
  const program = `#!${process.execPath}
const say = (message) => process.stdout.write(JSON.stringify(message) + "\\n");
say({ atomic: ${protocolVersion}, version: "1" });
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, request } = JSON.parse(line);
  ${answers}
});
`;
  writeFileSync(join(directory, "ssh"), program, { mode: 0o755 });
  process.env["PATH"] = `${directory}${delimiter}${path}`;
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const session = await HostSession.open(parseHost("one"), "atomic gear agent");
  t.after(() => session[Symbol.dispose]());
  return session;
}

const isLost = (why: RegExp) => (error: unknown) => gearError.is(error, "host") && why.test((error as Error).message);

test("a host that answers pings and nothing else is lost where an answer has a natural limit", async (t) => {
  const session = await openSession(t, `if (request === "ping") say({ id, result: {} });`);
  const pull = session.request("pin", { references: [], pull: "always" });
  const pledge = session.request("pledge", { milliseconds: 1 });
  t.mock.timers.tick(59_000);
  assert.equal(session.lost, false);
  t.mock.timers.tick(2000);
  await assert.rejects(pledge, isLost(/^one: it has not answered "pledge" for 60 s$/));
  await assert.rejects(pull, isLost(/pledge/));
});

test("a pull may take as long as it takes while the host answers pings", async (t) => {
  const session = await openSession(t, `if (request === "ping") say({ id, result: {} });`);
  const pull = session.request("pin", { references: [], pull: "always" });
  for (let minutes = 0; minutes < 30; minutes++) {
    t.mock.timers.tick(60_000);
    await session.request("ping", {});
  }
  assert.equal(session.lost, false);
  session[Symbol.dispose]();
  await assert.rejects(pull, isLost(/the connection was ended/));
});

test("a host that does not answer pings is lost, whatever it was asked", async (t) => {
  const session = await openSession(t, "");
  const pull = session.request("pin", { references: [], pull: "always" });
  t.mock.timers.tick(121_000);
  await assert.rejects(pull, isLost(/^one: it says nothing any more$/));
});

test("an answer of another shape, or none at all, is the host's mistake and not this program's", async (t) => {
  const session = await openSession(
    t,
    `say(request === "settle" ? { id, error: null } : { id, result: { placed: null } });`,
  );
  const given = { application: "shop", tenant: undefined, engine: undefined, silence: 1 };
  const isStrange = (error: unknown) =>
    gearError.is(error, "host-answer") && (error as Error).message.startsWith("one: ");
  await assert.rejects(session.request("open", given as never), isStrange);
  await assert.rejects(session.request("settle", {} as never), isStrange);
});
