// SPDX-License-Identifier: Apache-2.0
import { existsSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { makeDirectories, type ProgressListener, removeTree, silent } from "../../base/index.ts";
import { type ComposeResult, composeTree, loadTreefile } from "../../compose/index.ts";
import {
  buildImage,
  chooseAccelerator,
  emulationArguments,
  type Machine,
  servePort,
  startMachine,
} from "../../image/index.ts";
import { Repo, serveDirectory } from "../../ostree/index.ts";
import { cliError } from "../errors.ts";
import { executablePath } from "../executable.ts";
import { installMissing } from "../requirements.ts";
import { formatBytes } from "../style.ts";
import { writeBusyboxTar } from "./busybox.ts";
import { type Step, Story } from "./story.ts";

export interface QuickstartOptions {
  readonly directory: string;
  readonly treefile: string | undefined;
  readonly console: boolean;
  readonly progress: ProgressListener;
}

const bootSeconds = 900;
/** Where the guest reaches this machine (QEMU user networking). */
const guestGateway = "10.0.2.2";

/** Tells the whole story. A second run composes anew from the packages that the first one left in the cache. */
export async function tellQuickstart(options: QuickstartOptions): Promise<{ steps: Step[]; directory: string }> {
  if (process.getuid?.() !== 0) {
    throw cliError("needs-root", "composing keeps the owners of files and uses mounts", {
      hint: "sudo ./atomic quickstart",
    });
  }
  const story = new Story(options.progress, 10);
  const place = layOut(options);
  await installMissing(options.progress);
  const executable = await executablePath(options.progress);
  const compose = (treefile: string, progress: ProgressListener) =>
    composeTree(
      {
        treefile: loadTreefile(treefile),
        repo: Repo.open(place.repo),
        cacheDir: place.cache,
        ...(executable === undefined ? {} : { executable }),
      },
      progress,
    );
  const first = await composeFirst(story, place, () => compose(place.treefile, options.progress));
  await using _served = await serveDirectory(place.repo, { port: servePort });
  await buildDisk(story, place, first, options.progress);
  await using machine = await startMachine({
    disk: place.disk,
    ...(options.console ? { onConsole: (text: string) => void process.stderr.write(text) } : {}),
  });
  await bootWhileComposing(story, machine, place, compose);
  await upgrade(story, machine);
  await rollBack(story, machine);
  await runContainer(story, machine, place, options.progress);
  await story.tell("Shut down", ["host# systemctl poweroff"], async () => {
    await machine.powerOff();
    return `The disk is ${place.disk}.`;
  });
  return { steps: story.steps, directory: options.directory };
}

interface Place {
  readonly directory: string;
  readonly treefile: string;
  readonly secondTreefile: string;
  readonly repo: string;
  readonly cache: string;
  readonly disk: string;
}

type Compose = (treefile: string, progress: ProgressListener) => Promise<ComposeResult>;

/** A fresh repository and disk; downloaded packages stay. */
function layOut({ directory, treefile }: QuickstartOptions): Place {
  const example = resolve(import.meta.dirname, "../../../examples/debian-container-host.yaml");
  const chosen = treefile ?? example;
  if (!existsSync(chosen)) throw cliError("usage", `${chosen} does not exist`);
  const path = (name: string) => join(directory, name);
  const place = {
    directory,
    treefile: relative(".", chosen),
    secondTreefile: path("second.yaml"),
    repo: path("repo"),
    cache: path("cache"),
    disk: path("disk.qcow2"),
  };
  makeDirectories(directory);
  removeTree(place.repo);
  removeTree(place.disk);
  Repo.init(place.repo, "archive");
  writeFileSync(
    place.secondTreefile,
    `# The second release has one package more.\ninclude: ${resolve(chosen)}\npackages: [tree]\n`,
  );
  return place;
}

async function composeFirst(story: Story, place: Place, compose: () => Promise<ComposeResult>): Promise<ComposeResult> {
  const results: ComposeResult[] = [];
  const byHand = [`atomic compose tree ${place.treefile} --repo=${place.repo} --cachedir=${place.cache}`];
  await story.tell("Compose the first release", byHand, async () => {
    results.push(await compose());
    return released(results[0]!);
  });
  return results[0]!;
}

function released({ ref, version, commit, packages }: ComposeResult): string {
  return `${ref} ${version}: ${packages.length} packages, commit ${commit?.slice(0, 12)}`;
}

async function buildDisk(
  story: Story,
  place: Place,
  { ref }: ComposeResult,
  progress: ProgressListener,
): Promise<void> {
  const emulated = (await chooseAccelerator("auto")) === "tcg";
  const byHand = [`atomic image build --repo=${place.repo} --ref=${ref} --format=qcow2 --output=${place.disk}`];
  await story.tell("Build a disk from it", byHand, async () => {
    const built = await buildImage(
      {
        repo: place.repo,
        ref: ref!,
        output: place.disk,
        format: "qcow2",
        ...(emulated ? { kernelArgs: emulationArguments } : {}),
      },
      progress,
    );
    return `${built.title}: GPT, GRUB for BIOS and UEFI, ext4; ${formatBytes(built.allocated)}`;
  });
}

async function bootWhileComposing(story: Story, machine: Machine, place: Place, compose: Compose): Promise<void> {
  const second = compose(place.secondTreefile, silent);
  // Awaited below, but the boot may fail first.
  second.catch(() => {});
  const boot = [`atomic image run ${place.disk} --serve=${place.repo}`, "host# atomic host status"];
  await story.tell("Boot it in QEMU", boot, async () => {
    const state = await machine.waitForBoot(bootSeconds);
    return `systemctl is-system-running: ${state}\n${await show(machine, "atomic host status")}`;
  });
  const byHand = [`atomic compose tree ${place.secondTreefile} --repo=${place.repo} --cachedir=${place.cache}`];
  await story.tell("Compose the second release meanwhile", byHand, async () => released(await second));
}

async function upgrade(story: Story, machine: Machine): Promise<void> {
  const commands = ["atomic host upgrade --preview", "atomic host upgrade"];
  await story.tell(
    "Upgrade the running machine",
    commands.map((line) => `host# ${line}`),
    async () => {
      const preview = await show(machine, commands[0]!);
      return `${preview}\n${await show(machine, commands[1]!)}`;
    },
  );
  await reboot(story, machine, "Reboot into the second release", "tree --version");
}

async function rollBack(story: Story, machine: Machine): Promise<void> {
  await story.tell("Roll back", ["host# atomic host rollback"], () => show(machine, "atomic host rollback"));
  await reboot(story, machine, "Reboot into the first release", "command -v tree || echo 'tree is gone'");
}

async function reboot(story: Story, machine: Machine, title: string, proof: string): Promise<void> {
  await story.tell(title, ["host# systemctl reboot", "host# atomic host status"], async () => {
    const state = await machine.reboot(bootSeconds);
    const status = await show(machine, "atomic host status");
    return `systemctl is-system-running: ${state}\n${status}\n${await show(machine, proof)}`;
  });
}

async function runContainer(story: Story, machine: Machine, place: Place, progress: ProgressListener): Promise<void> {
  const files = join(place.directory, "files");
  makeDirectories(files);
  await writeBusyboxTar(join(files, "busybox.tar"), loadTreefile(place.treefile), place.cache, progress);
  await using server = await serveDirectory(files, {});
  const commands = [
    `podman import --quiet http://${guestGateway}:${server.port}/busybox.tar busybox`,
    "podman run --rm busybox /bin/busybox echo 'hello from a container'",
  ];
  await story.tell(
    "Run a container on it",
    commands.map((line) => `host# ${line}`),
    async () => {
      const lines: string[] = [];
      for (const command of commands) lines.push(await show(machine, command));
      return lines.join("\n");
    },
  );
}

/** A command as typed, with what it printed. */
async function show(machine: Machine, command: string): Promise<string> {
  const { output } = await machine.run(`export ATOMIC_PROGRESS=plain\n${command}`, { timeoutSeconds: bootSeconds });
  return `host# ${command}\n${output.trimEnd()}`;
}
