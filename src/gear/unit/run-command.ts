// SPDX-License-Identifier: Apache-2.0
/**
 * The words behind `podman` or `docker` that run an instance: podman-run(1) of podman 4.3 and later, `docker run --help` of
 * Docker 20.10 and later. What only one of the two has stands in {@link engineWords}.
 */
import { gearError } from "../errors.ts";
import type { Container } from "../model.ts";
import type { Instance } from "../plan/model.ts";
import { csvField } from "../csv-line.ts";
import type { GivenMount } from "./given-files.ts";
import { healthWords } from "./health.ts";
import { hasOwnMounts } from "./host-mounts.ts";
import { instanceKind } from "./instance-kind.ts";
import { mountWords } from "./mounts.ts";
import { networkWords } from "./network.ts";
import { resourceWords } from "./resources.ts";
import { securityWords } from "./security.ts";
import type { Scene } from "./settings.ts";
import { instanceName, sliceUnit } from "./unit-names.ts";

export function runWords(scene: Scene, instance: Instance, given: readonly GivenMount[]): string[] {
  const { container } = instance;
  return [
    "run",
    `--name=${instanceName(scene.application, instance.id)}`,
    // Images are there before: what a start would fetch is not what was deployed, and would count as starting.
    "--pull=never",
    ...engineWords(scene, instance),
    ...networkWords(scene, instance),
    ...securityWords(scene, container),
    ...resourceWords(scene.engine, container.resources),
    ...mountWords(scene, container, given),
    ...healthWords(scene.engine, container.health),
    ...processWords(container),
    ...environmentWords(scene, container),
    ...labelWords(scene, instance),
    ...(container.entrypoint === undefined ? [] : entrypointWords(scene, container.entrypoint)),
    scene.pins.get(container.image) ?? checkReference(container.image),
    ...(scene.engine === "docker" ? (container.entrypoint?.slice(1) ?? []) : []),
    ...(container.command ?? []),
  ];
}

/** Seconds of a time in milliseconds, at least one. */
export const wholeSeconds = (milliseconds: number): number => Math.max(1, Math.ceil(milliseconds / 1000));

/** Of both engines, podman-stop(1) and docker-stop(1). */
export const defaultStopTimeout = 10_000;

function engineWords(scene: Scene, instance: Instance): string[] {
  const { container } = instance;
  if (scene.engine === "docker") {
    if (container.ready === "notify") refuseDocker(instance, "ready: notify");
    if (container.sockets.length > 0) refuseDocker(instance, "sockets");
    // Its output comes to the unit, with the unit's fields and journal; dockerd would log it in its own name.
    return ["--rm", "--log-driver=none", "--sig-proxy=false", `--cgroup-parent=${sliceUnit(scene.application)}`];
  }
  // What runs to its end stays until its exit status has been read.
  const notify = container.ready === "notify" ? "container" : "conmon";
  const kind = instanceKind(scene, instance) === "service" ? ["--rm", `--sdnotify=${notify}`] : ["--sdnotify=ignore"];
  return [
    "--replace",
    "--detach",
    ...kind,
    // The container is in the unit's own control group: systemd sees its processes and limits them.
    "--cgroups=split",
    // The monitor would write to the host's journal; the unit's output leads to the tenant's.
    `--log-driver=${hasOwnMounts(scene) ? "passthrough" : "journald"}`,
  ];
}

function refuseDocker({ container }: Instance, what: string): never {
  throw gearError("unsupported", `${container.name}: Docker does not pass on what ${what} needs`, {
    hint: "podman does",
  });
}

function processWords({ user, workingDirectory, stopSignal, stopTimeout }: Container): string[] {
  return [
    ...(user === undefined ? [] : [`--user=${user}`]),
    ...(workingDirectory === undefined ? [] : [`--workdir=${workingDirectory}`]),
    ...(stopSignal === undefined ? [] : [`--stop-signal=${stopSignal}`]),
    `--stop-timeout=${wholeSeconds(stopTimeout ?? defaultStopTimeout)}`,
  ];
}

/** `--env NAME` takes the value from the client's environment, where `secretsInEnvironment` has put it. */
function environmentWords({ engine }: Scene, { environment, environmentFiles, secrets }: Container): string[] {
  for (const { name } of environment) {
    if (name === "" || /[=\0]/.test(name)) {
      throw gearError("unsupported", `${JSON.stringify(name)} is no name of a variable`);
    }
  }
  return [
    // podman splits the values of its options of several files at commas (pflag's StringSlice), unless they are quoted as in CSV.
    ...environmentFiles.map((path) => `--env-file=${engine === "podman" ? csvField(path) : path}`),
    ...environment.map(({ name, value }) => `--env=${name}=${value}`),
    ...secrets.flatMap(({ target }) => (target.kind === "environment" ? [`--env=${target.variable}`] : [])),
  ];
}

/** By these, engine and console know whose a container is, without its unit. */
function labelWords({ application }: Scene, { id, container }: Instance): string[] {
  const own = container.labels.find(({ name }) => name.startsWith("atomic."));
  if (own !== undefined) throw gearError("unsupported", `${container.name}: the label ${own.name} is Atomic's own`);
  return [
    `--label=atomic.app=${application.name}`,
    `--label=atomic.component=${container.name}`,
    `--label=atomic.instance=${id}`,
    ...(application.tenant === undefined ? [] : [`--label=atomic.tenant=${application.tenant}`]),
    ...container.labels.map(({ name, value }) => `--label=${name}=${value}`),
  ];
}

/** podman takes a JSON array as `--entrypoint`, Docker one program: the other words go before the command's. */
function entrypointWords({ engine }: Scene, entrypoint: readonly string[]): string[] {
  return [`--entrypoint=${engine === "podman" ? JSON.stringify(entrypoint) : (entrypoint[0] ?? "")}`];
}

/** A reference is the first word that is no option: it must not look like one. */
function checkReference(reference: string): string {
  if (!reference.startsWith("-") && reference !== "") return reference;
  throw gearError("unsupported", `${JSON.stringify(reference)} is no reference of an image`);
}
