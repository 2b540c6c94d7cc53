// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../../errors.ts";
import type { Container } from "../../model.ts";
import { objectName, type Scene } from "./manifest.ts";
import { secretKey } from "./secrets.ts";
import { numericUser } from "./security.ts";
import { isLoopback } from "./services.ts";

/** What the application as a whole says that Kubernetes cannot be told, and what must be there before it is applied. */
export function applicationNotes(scene: Scene): void {
  const { application, volumeSize, notes } = scene;
  if (application.tenant !== undefined) notes.add(`the namespace ${application.tenant} must be there`);
  for (const { name, source } of application.secrets) {
    const value = source.kind === "file" ? source.path : `FILE (the credential ${source.name})`;
    const create = `kubectl create secret generic ${objectName(scene, name)} --from-file=${secretKey}=${value}`;
    notes.add(`secret ${name} must be there: ${create}`);
  }
  if (application.volumes.some(({ path }) => path === undefined)) {
    notes.add(`volumes say no size: each claims ${volumeSize}`);
  }
  for (const { name, path } of application.volumes) {
    // Names of the other volumes of a Pod.
    if (/^(mount|secret)-\d+$/.test(name)) throw gearError("unsupported", `volume ${name} must have another name here`);
    if (path !== undefined) notes.add(`volume ${name} is the directory ${path} of whichever node runs its container`);
  }
  for (const { name, internal } of application.networks) {
    notes.add(
      `network ${name}${internal ? ", which is internal," : ""} is left out: Pods reach each other by their Services`,
    );
  }
  if (application.hostVersion !== undefined) notes.add(`host-version ${application.hostVersion} is left out`);
  if (application.update.autoRevert) {
    notes.add("auto-revert is left out: kubectl rollout undo takes a Deployment back that does not come through");
  }
  if (application.update.window !== undefined) notes.add(`the window ${application.update.window} is left out`);
}

/** @throws gear-unsupported for what a container needs and cannot have */
export function containerNotes(scene: Scene, container: Container): void {
  const { name } = container;
  const refuse = (what: string) => {
    throw gearError("unsupported", `${name}: Kubernetes has nothing like ${what}`);
  };
  if (container.environmentFiles.length > 0) refuse(`environment files of the host (${container.environmentFiles[0]})`);
  if (container.sockets.length > 0) refuse("sockets that the service manager listens on");
  if (container.security.devices.length > 0) refuse(`devices of the host (${container.security.devices[0]})`);
  if (container.network.kind === "none") refuse("a container without a network");
  for (const note of leftOut(scene, container)) scene.notes.add(`${name}: ${note}`);
}

function leftOut(scene: Scene, container: Container): string[] {
  const { user, restart, resources, security, network } = container;
  const [uid] = numericUser(user);
  const all: readonly (readonly [said: boolean, note: string])[] = [
    [
      user !== undefined && uid === undefined,
      `user ${user} is left out, since Kubernetes takes numbers alone: the image's own user runs it`,
    ],
    [container.ready === "notify", "ready: notify is left out: it counts as ready when it runs"],
    [container.stopSignal !== undefined, `stop signal ${container.stopSignal} is left out: the image's own is sent`],
    [restart.delay !== undefined, "the delay of restarts is left out: Kubernetes waits longer each time"],
    [restart.when === "always" && restart.burst !== undefined, "the limit of restarts is left out"],
    [
      resources.cpuWeight !== undefined || resources.ioWeight !== undefined,
      "weights of processor and disk are left out",
    ],
    [resources.pids !== undefined, "the limit of processes is left out: the kubelet has one for all Pods"],
    [
      security.seccomp?.startsWith("/") === true,
      `the seccomp profile ${security.seccomp} must lie in the kubelet's directory of profiles`,
    ],
    [
      container.mounts.some(({ source }) => source.kind === "bind"),
      "directories of the host are those of whichever node runs it",
    ],
    [
      network.kind === "own" && network.networks.some(({ aliases }) => aliases.length > 0),
      "aliases in networks are left out",
    ],
    [container.logRateLimit !== undefined, "log-rate-limit is left out"],
    [container.ports.some(({ address }) => isLoopback(address)), "ports on the loopback address are not published"],
    [
      container.ports.some(({ address }) => address !== undefined && !isLoopback(address)),
      "addresses to listen on are left out",
    ],
  ];
  return [
    ...all.flatMap(([said, note]) => (said ? [note] : [])),
    ...container.links.map(
      ({ to }) => `its link to ${to} is a name in a cluster: it must connect to ${objectName(scene, to)}`,
    ),
    ...container.after.map(
      ({ on }) => `its start after ${on} is left out: Kubernetes starts all at once, and again what fails`,
    ),
  ];
}
