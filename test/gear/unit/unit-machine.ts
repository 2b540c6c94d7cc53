// SPDX-License-Identifier: Apache-2.0
/** A machine that deploys applications as their units are rendered, and nothing more. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Application, type Container, placeUnit, render, type RenderSettings } from "../../../src/gear/index.ts";
import { type GivenInstance, makePlan, name } from "../application.ts";
import { importImage, usePodman } from "../podman-fixture.ts";
import { type Cleanup, startSystemd, type SystemdMachine } from "../systemd-fixture.ts";

/** The program, unbuilt: a machine has this file system below its own. */
const atomic = join(import.meta.dirname, "../../../src/cli/atomic.ts");

const files = "/var/lib/atomic/gear/shop/1/files";

export class UnitMachine {
  readonly machine: SystemdMachine;
  readonly settings: RenderSettings;
  /** Of the application that is deployed. */
  #units: readonly string[] = [];

  private constructor(machine: SystemdMachine, settings: RenderSettings) {
    this.machine = machine;
    this.settings = settings;
  }

  /** With the image `localhost/box` in podman, /usr/bin/atomic, and /run/out for what containers tell. */
  static async start(t: Cleanup, settings: RenderSettings): Promise<UnitMachine> {
    const machine = await startSystemd(t);
    await usePodman(machine);
    await importImage(machine, "localhost/box", {
      // Says all that it was given, and stays.
      "bin/tell": '#!/bin/sh\nenv -0 >/out/env; for word; do echo "[$word]"; done >/out/words\nexec sleep 1000\n',
    });
    const script = `#!/bin/sh\nexec ${process.execPath} --disable-warning=ExperimentalWarning ${atomic} "$@"\n`;
    writeFileSync(join(machine.root, "usr/bin/atomic"), script, { mode: 0o755 });
    mkdirSync(join(machine.root, "run/out"));
    return new UnitMachine(machine, settings);
  }

  async deploy(
    application: Application,
    instances: readonly GivenInstance[] = [],
    settings: RenderSettings = this.settings,
  ): Promise<void> {
    const { machine } = this;
    const rendered = render(makePlan(application, instances), "localhost", settings);
    this.#units = [...rendered.units.keys()];
    for (const [unit, text] of rendered.units) machine.writeUnit(unit, placeUnit(text, files, 1));
    for (const [path, { content, mode }] of rendered.files) {
      const target = join(machine.root, files, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content, { mode });
    }
    await machine.run("systemctl", ["daemon-reload"]);
    await machine.run("systemctl", ["enable", "--quiet", ...rendered.start]);
    await machine.run("systemctl", ["start", ...rendered.start], [0, 1]);
  }

  /** Stops the application by its target alone, and takes it away. */
  async remove(): Promise<void> {
    const { machine, settings } = this;
    // A target's stop does not wait for what stops with it.
    await machine.run("systemctl", ["stop", "gear-shop.target"]);
    const containers = async () => (await machine.run(`/usr/bin/${settings.engine}`, ["ps", "-aq"])).stdout;
    await this.until("all containers are gone", async () => (await containers()) === "");
    await machine.run("systemctl", ["disable", "--quiet", ...this.#units]);
    for (const unit of this.#units) rmSync(join(machine.root, "etc/systemd/system", unit), { force: true });
    for (const file of readdirSync(join(machine.root, "run/out"))) rmSync(join(machine.root, "run/out", file));
    await machine.run("systemctl", ["daemon-reload"]);
    await machine.run("systemctl", ["reset-failed"]);
  }

  async show(unit: string, property: string): Promise<string> {
    return (await this.machine.run("systemctl", ["show", "--value", "-p", property, unit])).stdout.trim();
  }

  async isActive(unit: string): Promise<boolean> {
    return (await this.show(unit, "ActiveState")) === "active";
  }

  /** When it became active, in microseconds of the machine's clock. */
  async since(unit: string): Promise<number> {
    return Number(await this.show(unit, "ActiveEnterTimestampMonotonic"));
  }

  async journal(...options: string[]): Promise<string> {
    return (await this.machine.run("journalctl", ["-o", "cat", "--no-pager", ...options])).stdout;
  }

  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      if (await condition()) return;
      await sleep(100);
    }
    assert.fail(`not within 30 seconds: ${what}\n${await this.journal("-n", "60")}`);
  }
}

export const out = { source: { kind: "bind" as const, path: "/run/out" }, target: "/out", readOnly: false };
export const stay = "trap exit TERM; sleep 1000 & wait";
export const health = { test: ["test", "-e", "/tmp/ready"], interval: 300, timeout: 5000, retries: 30, startPeriod: 0 };

export const restart = { when: "always" as const, delay: 100, burst: undefined, period: undefined };

/** What containers of these tests have in common. */
export const box = {
  image: "localhost/box",
  network: { kind: "none" as const },
  restart,
  stopTimeout: 1000,
  mounts: [out],
};

/** Ends by its own signal alone, a moment after it; tells in /run/out that it has begun and which signals it got. */
export function slowlyEnded(stopSignal: string): Partial<Container> {
  const short = stopSignal.replace(/^SIG/, "");
  const traps = ["QUIT", "TERM", "USR1"].map((signal) => {
    const end = signal === short ? "sleep 1; exit" : ":";
    return `trap 'echo SIG${signal} >>/out/signals; ${end}' ${signal}`;
  });
  const command = ["sh", "-c", `${traps.join("; ")}; touch /out/begun; while :; do sleep 0.2; done`];
  return { ...box, name: name("db"), ready: "healthy", stopSignal, stopTimeout: 20_000, command };
}
