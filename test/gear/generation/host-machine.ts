// SPDX-License-Identifier: Apache-2.0
/**
 * A machine with a real system root, systemd and podman that is booted into one deployment after another: what is in /etc belongs to
 * the deployment, /var, /ostree and /boot to the machine. Which one runs is said by /run/ostree-booted, as ostree-prepare-root says it.
 */
import { cpSync, mkdirSync, mkdtempSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeTree } from "../../../src/base/index.ts";
import { writeGVariant } from "../../../src/formats/index.ts";
import {
  commitVersion,
  deploy,
  type Deployment,
  initSysroot,
  rollback,
  Sysroot,
  undeploy,
} from "../../../src/host/index.ts";
import { bootInto, commitTree, ref } from "../../host/fixture.ts";
import { startSystemd, type SystemdMachine } from "../systemd-fixture.ts";

const checkout = join(import.meta.dirname, "../../..");
const units = ["atomic-gear-host.service", "atomic-gear-health.service"];
/** Without it a version is not put on trial. */
const settles = { "usr/lib/systemd/system/atomic-boot-passed.service": "[Unit]" };

export class HostMachine {
  readonly path = mkdtempSync(join(tmpdir(), "atomic-boots-"));
  readonly #sysroot = join(this.path, "sysroot");
  /** Of the system that runs. */
  machine!: SystemdMachine;
  booted: string | undefined;
  #ends: (() => void | Promise<void>)[] = [];

  constructor() {
    for (const place of ["sysroot", "atomic", "containers", "etc-containers", "srv", "etc"]) {
      mkdirSync(join(this.path, place));
    }
    initSysroot(this.#sysroot, { stateroot: "debian" });
    const node = `${process.execPath} --disable-warning=ExperimentalWarning ${join(checkout, "src/cli/atomic.ts")}`;
    writeFileSync(join(this.path, "program"), `#!/bin/sh\nexec ${node} "$@"\n`, { mode: 0o755 });
  }

  async dispose(): Promise<void> {
    await this.powerCut();
    removeTree(this.path);
  }

  /** The next default, as an upgrade leaves it. */
  async update(version: string): Promise<void> {
    commitTree(join(this.#sysroot, "ostree/repo"), this.path, { version, files: settles });
    const running = this.booted === undefined ? Sysroot.open(this.#sysroot) : this.#running();
    const first = this.booted === undefined ? { stateroot: "debian", origin: ref } : { retain: { all: true } };
    await deploy(running, { rev: ref, stage: false, ...first });
  }

  /** `atomic host rollback VERSION` */
  async rollBack(version: string): Promise<void> {
    await rollback(this.#running(), this.#find(version));
  }

  async remove(version: string): Promise<void> {
    await undeploy(this.#running(), this.#find(version));
  }

  versions(): string[] {
    return this.#sysrootNow().deployments.map((deployment) => this.#versionOf(deployment));
  }

  /** Ends what runs as a power cut would and boots a version, the default unless another is named, up to multi-user.target. */
  async boot(version: string = this.versions()[0]!): Promise<void> {
    await this.powerCut();
    const deployment = this.#find(version);
    const etc = this.#etcOf(version);
    this.booted = version;
    const place = join(this.path, "booted");
    const { dev, ino } = statSync(this.#sysrootNow().directory(deployment), { bigint: true });
    writeFileSync(
      place,
      writeGVariant("a{sv}", new Map([["backing-root-device-inode", { type: "(tt)", value: [dev, ino] }]])),
    );
    const at = (name: string) => join(this.path, name);
    const mounts = {
      "/etc/systemd/system": etc,
      "/etc/containers": at("etc-containers"),
      "/var/lib/atomic": at("atomic"),
      "/var/lib/containers": at("containers"),
      "/srv": at("srv"),
      "/usr/bin/atomic": at("program"),
      "/ostree": at("sysroot/ostree"),
      "/boot": at("sysroot/boot"),
      "/run/ostree-booted": place,
    };
    this.machine = await startSystemd(
      { after: (action) => this.#ends.push(action) },
      { mounts, target: "multi-user.target" },
    );
    for (;;) {
      const { stdout } = await this.machine.run("systemctl", ["list-jobs", "--no-legend"], [0, 1]);
      if (!/\S/.test(stdout) || /No jobs/.test(stdout)) return;
      await sleep(200);
    }
  }

  async powerCut(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end();
    this.#ends = [];
  }

  /** The deployment's own, which is merged from that of the system that ran when it was made. */
  #etcOf(version: string): string {
    const place = join(this.path, "etc", version);
    try {
      statSync(place);
      return place;
    } catch {
      // Its first boot.
    }
    if (this.booted !== undefined)
      cpSync(join(this.path, "etc", this.booted), place, { recursive: true, verbatimSymlinks: true });
    else {
      mkdirSync(join(place, "sysinit.target.wants"), { recursive: true });
      for (const unit of units) cpSync(join(checkout, "system/systemd", unit), join(place, unit));
      // The machine has no console.
      mkdirSync(join(place, `${units[1]}.d`));
      writeFileSync(join(place, `${units[1]}.d/journal.conf`), "[Service]\nStandardOutput=journal\n");
      symlinkSync(`../${units[0]}`, join(place, "sysinit.target.wants", units[0]!));
    }
    return place;
  }

  #sysrootNow = (): Sysroot => Sysroot.open(this.#sysroot);

  #running(): Sysroot {
    const sysroot = this.#sysrootNow();
    const index = sysroot.deployments.findIndex((one) => this.#versionOf(one) === this.booted);
    return bootInto(this.path, this.#sysroot, index);
  }

  #find(version: string): Deployment {
    const found = this.#sysrootNow().deployments.find((one) => this.#versionOf(one) === version);
    if (found === undefined) throw new Error(`there is no deployment of ${version}`);
    return found;
  }

  #versionOf({ checksum }: Deployment): string {
    return commitVersion(this.#sysrootNow().repo, checksum)!;
  }
}
