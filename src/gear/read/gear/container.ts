// SPDX-License-Identifier: Apache-2.0
import { defaultContainer } from "../../defaults.ts";
import type { Container } from "../../model.ts";
import {
  choice,
  duration,
  list,
  mapped,
  optional,
  record,
  required,
  type Shape,
  text,
  type Value,
  whole,
  written,
} from "../shape/index.ts";
import { calendarPattern, hostnamePattern, imagePattern, signalPattern, userPattern } from "../value/index.ts";
import { files } from "./files.ts";
import { links, ports } from "./ports.ts";
import { after, health, logRateLimit, resources, restart, sockets } from "./run.ts";
import { mounts, secretUses } from "./storage.ts";
import { network, placement, security } from "./surroundings.ts";
import { environment, labels, path, strings } from "./words.ts";

const declaration = record("container", {
  image: required(
    text("the reference of an image", imagePattern),
    "Image: NAME:TAG of a registry, oci:/DIRECTORY or oci-archive:/FILE",
  ),
  count: optional(whole(0, 1000), "Instances of it, over all hosts", 1),
  entrypoint: optional(strings, "Program with its first arguments, in place of the image's"),
  command: optional(strings, "Arguments, in place of the image's"),
  environment: optional(environment, "Variables", []),
  "environment-files": optional(list(path, "a list of absolute paths"), "Files of the host with lines KEY=VALUE", []),
  "working-directory": optional(path, "Directory that it starts in"),
  user: optional(written("USER[:GROUP]", userPattern), "User and group, by names of the image or numbers"),
  hostname: optional(text("the name of a host", hostnamePattern), "Name that it sees as its host's"),
  ports: optional(ports, "Ports that it listens on, with those of the host that lead to them", []),
  links: optional(links, "Containers that it connects to, at ports of its own loopback addresses", []),
  network: optional(
    network,
    "host, none, or networks that it joins; the application's own without it",
    defaultContainer.network,
  ),
  volumes: optional(mounts, "Directories that it finds: volumes of this file, of the host, or of memory", []),
  files: optional(files, "Files that it finds, such as its configuration; they are kept with every generation", []),
  secrets: optional(secretUses, "Secrets that it finds below /run/secrets, or in a variable", []),
  after: optional(after, "Containers that must be started, healthy or completed before it starts", []),
  health: optional(health, "Check that it does its work; none turns off the image's own"),
  ready: optional(
    choice(["notify", "healthy", "started"]),
    "When it counts as started: it says READY=1, is healthy, or runs. healthy where it has a health check here, else started",
  ),
  restart: optional(restart, "Whether it is started again when it ends", defaultContainer.restart),
  resources: optional(resources, "Limits", defaultContainer.resources),
  "log-rate-limit": optional(
    logRateLimit,
    "Messages that the journal takes, in 30s or as it says; more are dropped and counted. none takes all; the journal's limit without it",
  ),
  "stop-signal": optional(text("a signal such as SIGTERM", signalPattern), "Signal that asks it to end"),
  "stop-timeout": optional(duration, "Time after which it is killed"),
  sockets: optional(sockets, "Sockets that systemd listens on and passes to it", []),
  schedule: optional(calendar(), "It runs then, to its end, instead of always: an expression of systemd.time(7)"),
  security: optional(security, "What is loosened of the defaults", defaultContainer.security),
  placement: optional(placement, "Where it runs", defaultContainer.placement),
  labels: optional(labels, "Labels of the container", []),
});

export function calendar(): Shape<string> {
  return text("a calendar expression such as Sat 03:00", calendarPattern);
}

/** All of a container but its name, which is its key. */
export const container: Shape<Omit<Container, "name">> = mapped(declaration, toContainer);

function toContainer(value: Value<typeof declaration>): Omit<Container, "name"> {
  const {
    "environment-files": environmentFiles,
    "working-directory": workingDirectory,
    "log-rate-limit": logRateLimit,
    "stop-signal": stopSignal,
    "stop-timeout": stopTimeout,
    volumes,
    files: written,
    ready,
    ...same
  } = value;
  const checked = value.health !== undefined && value.health !== "none";
  return {
    ...same,
    environmentFiles,
    workingDirectory,
    logRateLimit,
    stopSignal,
    stopTimeout,
    mounts: [...volumes, ...written],
    ready: ready ?? (checked ? "healthy" : "started"),
  };
}
