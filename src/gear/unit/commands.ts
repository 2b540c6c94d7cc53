// SPDX-License-Identifier: Apache-2.0
/** The commands of an instance's service, in the order in which systemd runs them (systemd.service(5)). */
import { quoteCommandLine } from "../../formats/index.ts";
import type { EngineKind } from "../engine/model.ts";
import type { Instance } from "../plan/model.ts";
import { type GivenFiles, secretsInEnvironment } from "./given-files.ts";
import { waitUntilHealthy, waitUntilRunning } from "./health.ts";
import { enginePath } from "./programs.ts";
import { hostMountEntries } from "./host-mounts.ts";
import { instanceKind } from "./instance-kind.ts";
import { applyLinksEntries, releaseLinksEntries } from "./links.ts";
import { killedStatus } from "./instance-service.ts";
import { makeOnceCommands } from "./make-once.ts";
import { runWords } from "./run-command.ts";
import type { Scene } from "./settings.ts";
import { each, type Entry } from "./unit-file.ts";
import { instanceName } from "./unit-names.ts";

export function commandEntries(scene: Scene, instance: Instance, given: GivenFiles): Entry[] {
  return hostMountEntries(scene, engineEntries(scene, instance, given));
}

function engineEntries(scene: Scene, instance: Instance, given: GivenFiles): Entry[] {
  const { engine, application } = scene;
  const name = instanceName(application, instance.id);
  const command = (...words: string[]): string => quoteCommandLine(enginePath(engine), words);
  // Docker's client has no --ignore, and fails for a container that is not there.
  const [stop, ignore] = engine === "podman" ? ["", ["--ignore"]] : ["-", []];
  const end = `${stop}${command("stop", ...ignore, name)}`;
  const remove = `-${command("rm", "--force", "--volumes", ...ignore, name)}`;
  return [
    // podman-auto-update(1) and Cockpit find the unit of a container by it.
    ...(engine === "podman" ? each("Environment", ["PODMAN_SYSTEMD_UNIT=%n"]) : []),
    ...each("ExecStartPre", makeOnceCommands(scene, instance)),
    ...(engine === "podman" ? [] : each("ExecStartPre", [remove])),
    ...given.entries,
    ...startEntries(scene, instance, given),
    ["ExecStop", end],
    // Without a start that came through there was no ExecStop=. podman's removal ends a container as its stop does, Docker's kills it.
    ...(engine === "podman" ? [] : each("ExecStopPost", [end])),
    ["ExecStopPost", remove],
    ...releaseLinksEntries(scene, instance),
    ...(instanceKind(scene, instance) === "service"
      ? each("ExecStopPost", [failUnlessStopped(`${name}.service`)])
      : []),
  ];
}

/**
 * What does not end by its signal in its time is killed by the engine, which is no failure (SuccessExitStatus=). Killed by anybody else,
 * as where memory was short, it is one: then no job of systemd stops the unit.
 */
function failUnlessStopped(unit: string): string {
  const script = `[ "$EXIT_STATUS" != ${killedStatus} ] || { job=$(systemctl show --property=Job --value "$1"); [ "\${job:-0}" != 0 ]; }`;
  return quoteCommandLine("/bin/sh", ["-c", script, "sh", unit]);
}

function startEntries(scene: Scene, instance: Instance, given: GivenFiles): Entry[] {
  const { engine, application } = scene;
  const name = instanceName(application, instance.id);
  const start: Entry = ["ExecStart", runCommand(scene, instance, given)];
  if (instanceKind(scene, instance) === "service") {
    const after = [
      ...each("ExecStartPost", engine === "docker" ? [waitUntilRunning(engine, name)] : []),
      ...applyLinksEntries(scene, instance, "ExecStartPost"),
      ...each("ExecStartPost", instance.container.ready === "healthy" ? [waitUntilHealthy(engine, name)] : []),
    ];
    if (engine === "docker") return [start, ...after];
    return [start, ...after.map(([key, line]): Entry => [key, stopUnlessDone(engine, name, line)])];
  }
  if (engine === "docker") return [start];
  // ExecStartPost= of what runs to its end would come after the end.
  const script = 'code=$("$1" wait "$2") && exit "$code"';
  const wait = quoteCommandLine("/bin/sh", ["-c", script, "sh", enginePath(engine), name]);
  return [start, ...applyLinksEntries(scene, instance, "ExecStart"), ["ExecStart", wait]];
}

/**
 * What fails after the start has systemd signal podman's monitor, which does not pass every signal on. The engine knows the container's
 * own, also where only its image says it. A shell that is sent KillSignal= because the unit is stopped has not failed.
 */
function stopUnlessDone(engine: EngineKind, name: string, line: string): string {
  const script =
    'engine=$1 name=$2; shift 2; trap "exit 0" INT QUIT; "$@" && exit; "$engine" stop --ignore "$name"; exit 1';
  return `${quoteCommandLine("/bin/sh", ["-c", script, "sh", enginePath(engine), name])} ${line}`;
}

function runCommand(scene: Scene, instance: Instance, { mounts }: GivenFiles): string {
  const program = enginePath(scene.engine);
  const words = runWords(scene, instance, mounts);
  const secrets = secretsInEnvironment(instance.container.secrets);
  if (secrets === undefined) return quoteCommandLine(program, words);
  return quoteCommandLine("/bin/sh", ["-c", secrets, "sh", program, ...words]);
}
