// SPDX-License-Identifier: Apache-2.0
// Stock Cockpit: its page for OSTree hosts, unchanged, in Chromium, on Debian's cockpit-ws and cockpit-bridge, against our
// service. Needs root, chromium, cockpit-ws, cockpit-bridge; the page is built by tools/cockpit-ostree.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { finalizeStaged } from "../../src/host/index.ts";
import { ostree, ref } from "../host/fixture.ts";
import { serve } from "../host/service/bus-fixture.ts";
import { hostAndServer, releases } from "../host/served-host.ts";
import { Page } from "./browser.ts";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Cockpit's web server with a session of ours; gives its address. */
async function startCockpit(t: TestContext, root: string, path: string, bus: string): Promise<string> {
  const dist = execFileSync(join(import.meta.dirname, "../../tools/cockpit-ostree"), { encoding: "utf8" }).trim();
  const share = join(root, "share/cockpit");
  mkdirSync(share, { recursive: true });
  cpSync(dist, join(share, "ostree"), { recursive: true });
  // This machine is no OSTree host: the page's conditions look at / .
  const manifest = join(share, "ostree/manifest.json");
  const { conditions: _conditions, ...rest } = JSON.parse(readFileSync(manifest, "utf8"));
  writeFileSync(manifest, JSON.stringify(rest));
  const port = await freePort();
  const env = {
    ...process.env,
    HOME: root,
    XDG_DATA_HOME: join(root, "share"),
    XDG_RUNTIME_DIR: root,
    DBUS_SYSTEM_BUS_ADDRESS: bus,
    DBUS_SESSION_BUS_ADDRESS: bus,
    OSTREE_REPO: join(path, "ostree/repo"),
    OSTREE_SYSROOT: path,
  };
  const args = [`--port=${port}`, "--address=127.0.0.1", "--no-tls", "--local-session=/usr/bin/cockpit-bridge"];
  const server = spawn("/usr/lib/cockpit/cockpit-ws", args, { env, stdio: "ignore" });
  t.after(() => server.kill());
  const url = `http://127.0.0.1:${port}/cockpit/@localhost/updates/index.html`;
  for (let tries = 0; ; tries++) {
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return url;
    if (tries === 200) throw new Error(`cockpit-ws does not answer at ${url}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const row = (index: number) => `#available-deployments > tbody:nth-of-type(${index})`;
const action = (index: number) => `${row(index)} tr:nth-child(1) td:nth-child(6) button`;
const names =
  "[...document.querySelectorAll('#available-deployments td.deployment-name')].map((cell) => cell.textContent)";

test("Cockpit lists, upgrades, rolls back and rebases the host", async (t) => {
  const { root, path, remote, release, running } = await hostAndServer(t);
  const updateSummary = () => ostree("summary", `--repo=${remote}`, "--update");
  updateSummary();
  const { address, service, reboots } = await serve(t, root, running);
  const page = await Page.open(t, root, await startCockpit(t, root, path, address));

  await page.waitText("#available-deployments", "Current");
  assert.deepEqual(await page.evaluate(names), ["13.1"]);
  await page.waitText("#current-repository", "site");
  await page.waitText("#current-branch", ref);

  // Check for updates; what is in it; update and reboot.
  const second = release({ ...releases[1]! });
  updateSummary();
  await page.click("#check-for-updates-btn");
  await page.waitText("#ostree-status", "Update available");
  await page.waitText(row(1), "New");
  assert.deepEqual(await page.evaluate(names), ["13.2", "13.1"]);
  await page.click(action(1));
  await page.click("#confirm-modal button.pf-m-warning");
  await until(() => reboots() === 1);
  assert.equal(running().staged?.checksum, second);

  // The machine comes up in the new version.
  await finalizeStaged(running());
  await service.reload();
  await page.evaluate("location.reload()");
  await page.waitText(`${row(1)} tr:nth-child(1)`, "13.2");
  await page.waitText(`${row(1)} tr:nth-child(1)`, "Current");
  await page.waitText(action(2), "Roll back");
  await page.click(`${row(2)} .pf-v6-c-table__toggle button`);
  await page.click(`${row(2)} .pf-v6-c-tabs__item:nth-of-type(2) button`);
  for (const [group, text] of [
    ["adds", "old-1.amd64"],
    ["removes", "new-1.amd64"],
    ["down", "podman-5.4.amd64"],
    ["up", "sane-2.amd64"],
  ] as const)
    await page.waitText(`${row(2)} .${group}`, text);

  await page.click(action(2));
  await page.click("#confirm-modal button.pf-m-warning");
  await until(() => reboots() === 2);
  await service.reload();
  // The branch's newest version, which was left, is offered again.
  await page.waitText(`${row(1)} tr:nth-child(1)`, "13.2");
  await page.waitText(`${row(2)} tr:nth-child(1)`, "13.1");
  await page.waitText(`${row(2)} tr:nth-child(1)`, "Current");

  // Another branch of the same repository.
  const third = release({ version: "14.0", kernel: "14", timestamp: "2026-11-20T00:00:00Z" });
  ostree("refs", `--repo=${remote}`, "--create=debian/14", third);
  updateSummary();
  await page.evaluate("location.reload()");
  await page.waitText("#available-deployments", "Current");
  await page.click("#ostree-source-actions");
  await page.click("#ostree-source [data-action=rebase] button, .pf-v6-c-menu [data-action=rebase] button");
  await page.click("#change-branch button.pf-v6-c-menu-toggle");
  const choice = `[...document.querySelectorAll(".pf-v6-c-menu button")].find((item) => item.textContent.includes("debian/14"))`;
  await page.wait(`${choice} !== undefined`);
  await page.evaluate(`${choice}.click()`);
  await page.click("#rebase-repository-modal button.pf-m-primary");
  await page.waitText("#current-branch", "debian/14");
  await page.click("#check-for-updates-btn");
  await page.waitText(row(1), "14.0");
  await page.waitText(action(1), "Rebase");
  await page.click(action(1));
  await page.click("#confirm-modal button.pf-m-warning");
  await until(() => reboots() === 3);
  assert.equal(running().staged?.checksum, third);
  assert.equal(running().staged?.origin?.get("origin", "refspec"), "site:debian/14");
});

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries === 600) throw new Error("it did not come to be");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
