// SPDX-License-Identifier: Apache-2.0
// Layering by D-Bus, called and followed by a client of libdbus. Needs root.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bootInto } from "../fixture.ts";
import { busctl, osPath, serve, service, transact } from "../service/bus-fixture.ts";
import { DebDistribution, DebHost } from "./deb-host.ts";

const distribution = new DebDistribution();
before(() =>
  distribution.publish([
    { name: "watcher", files: { "/usr/bin/watcher": "watcher\n" } },
    {
      name: "tool",
      files: { "/usr/bin/tool": "tool\n" },
      fields: { Description: "a tool\n with a description\n .\n of several lines" },
    },
    { name: "other", files: { "/usr/bin/other": "other\n" } },
  ]),
);
after(() => distribution[Symbol.asyncDispose]());

const options = (text = "") => `dbus.Dictionary({${text}}, signature="sv")`;
const names = (...list: string[]) => `dbus.Array(${JSON.stringify(list)}, signature="s")`;

test("PkgChange and UpdateDeployment add packages to the running version, and take them back", async (t) => {
  const host = await DebHost.make(distribution, "service", "watcher");
  const root = join(distribution.scratch, "bus");
  mkdirSync(root);
  const running = () => bootInto(root, host.path, host.open().deployments.length - 1);
  const { address, reboots } = await serve(t, root, running);
  const pending = async () => {
    const call = ["get-property", service, osPath, `${service}.OS`, "DefaultDeployment"] as const;
    return (await busctl(address, ...call)).data;
  };

  const added = await transact(address, "PkgChange", "a{sv}asas", `(${options()}, ${names("tool")}, ${names()})`);
  assert.deepEqual([added.success, added.title], [true, "install"], added.message);
  let next = await pending();
  assert.deepEqual([next.staged.data, next.packages.data, next["requested-packages"].data], [true, ["tool"], ["tool"]]);
  assert.equal(next["base-checksum"].data, host.base);

  const modifiers = options(
    '"install-packages": dbus.Array(["other"], signature="s"), "uninstall-packages": dbus.Array(["tool"], signature="s")',
  );
  const how = options('"no-pull-base": True, "reboot": True');
  const changed = await transact(address, "UpdateDeployment", "a{sv}a{sv}", `(${modifiers}, ${how})`);
  assert.equal(changed.success, true, changed.message);
  assert.equal(reboots(), 1);
  next = await pending();
  assert.deepEqual(next.packages.data, ["other"]);

  const refused = await transact(
    address,
    "PkgChange",
    "a{sv}asas",
    `(${options()}, ${names("unheard-of")}, ${names()})`,
  );
  assert.equal(refused.success, false);
  assert.match(refused.message, /no package is called unheard-of/);

  const reset = await transact(
    address,
    "UpdateDeployment",
    "a{sv}a{sv}",
    `(${options()}, ${options('"no-pull-base": True, "no-layering": True')})`,
  );
  assert.equal(reset.success, true, reset.message);
  next = await pending();
  assert.deepEqual([next.checksum.data, next["requested-packages"].data], [host.base, []]);
});
