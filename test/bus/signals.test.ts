// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { type Bus, connectBus } from "../../src/bus/index.ts";

async function startBus(t: TestContext): Promise<string> {
  const daemon = spawn("dbus-daemon", ["--session", "--nofork", "--nopidfile", "--print-address"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(() => daemon.kill());
  const [address] = (await once(daemon.stdout, "data")) as [Buffer];
  return address.toString().trim();
}

async function client(t: TestContext, address: string): Promise<Bus> {
  const bus = await connectBus(address);
  t.after(() => bus.connection.close());
  return bus;
}

const rule = { sender: "org.example.Honest", interface: "org.example.It", member: "Said", path: "/it" };

function say(bus: Bus, text: string, to?: string): void {
  const destination = to === undefined ? {} : { destination: to };
  const { path, member } = rule;
  bus.connection.send({
    type: "signal",
    path,
    interface: rule.interface,
    member,
    signature: "s",
    body: [text],
    ...destination,
  });
}

test("signals come from the owner of the name alone, whoever that is now", async (t) => {
  const address = await startBus(t);
  const [listener, honest, liar] = await Promise.all([client(t, address), client(t, address), client(t, address)]);
  const heard: string[] = [];
  const stop = await listener.listen(rule, ({ body }) => heard.push(String(body?.[0])));
  const unique = String((await honest.callBus("GetNameOwner", "s", ["org.freedesktop.DBus"]))[0]);
  assert.equal(unique, "org.freedesktop.DBus");
  say(honest, "nobody has the name");
  await honest.requestName("org.example.Honest");
  say(honest, "first");
  const [names] = await listener.callBus("ListNames");
  for (const name of names as string[]) if (name.startsWith(":")) say(liar, "a lie", name);
  say(liar, "a lie to all");
  await liar.callBus("GetId");
  await honest.callBus("ReleaseName", "s", ["org.example.Honest"]);
  await liar.requestName("org.example.Honest");
  say(liar, "second");
  await liar.callBus("GetId");
  await listener.callBus("GetId");
  assert.deepEqual(heard, ["first", "second"]);
  stop();
  say(liar, "third");
  await liar.callBus("GetId");
  await listener.callBus("GetId");
  assert.deepEqual(heard, ["first", "second"]);
});

test("a rule of two listeners is kept for the one that stays", async (t) => {
  const address = await startBus(t);
  const [listener, other] = await Promise.all([client(t, address), client(t, address)]);
  await other.requestName("org.example.Honest");
  const heard: string[] = [];
  const stop = await listener.listen({ ...rule, arg0: "it's \\' so" }, () => heard.push("one"));
  await listener.listen({ ...rule, arg0: "it's \\' so" }, () => heard.push("two"));
  stop();
  stop();
  say(other, "it's \\' so");
  say(other, "another");
  await other.callBus("GetId");
  await listener.callBus("GetId");
  assert.deepEqual(heard, ["two"]);
});

test("a client that leaves is told once, also while its signals are listened to", async (t) => {
  const address = await startBus(t);
  const [listener, other] = await Promise.all([client(t, address), client(t, address)]);
  await other.requestName("org.example.Honest");
  await listener.listen(rule, () => {});
  const [unique] = await listener.callBus("GetNameOwner", "s", ["org.example.Honest"]);
  const gone: string[] = [];
  const left = new Promise<void>((resolve) => {
    listener.watch(String(unique), () => {
      gone.push("unique");
      resolve();
    });
  });
  listener.watch(String(unique), () => gone.push("not watched any more"))();
  other.connection.close();
  await left;
  await listener.callBus("GetId");
  assert.deepEqual(gone, ["unique"]);
});
