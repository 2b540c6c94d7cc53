// SPDX-License-Identifier: Apache-2.0
import { gearError } from "../errors.ts";
import type { Answer } from "./answer.ts";
import { ApiEngine } from "./engine.ts";
import { EngineHttp } from "./http.ts";
import type { Engine, EngineKind } from "./model.ts";

const sockets: Readonly<Record<EngineKind, string>> = {
  podman: "/run/podman/podman.sock",
  docker: "/var/run/docker.sock",
};

/** What podman 4.3 and docker 20.10 speak. */
const ownApi = "1.41";
/** Podman 4.3 is the first whose common API has what is used here; docker 20.10 the first of ours. */
const oldest: Readonly<Record<EngineKind, string>> = { podman: "4.3", docker: "20.10" };

export interface EngineAddress {
  readonly kind?: EngineKind;
  /** Path of its socket; default: the system's of that kind. */
  readonly socket?: string;
}

/** Connects to an engine, podman where nothing else is said. Which one is at a socket is what it says itself. */
export async function connectEngine({ kind, socket }: EngineAddress = {}): Promise<Engine> {
  const http = new EngineHttp(socket ?? sockets[kind ?? "podman"]);
  try {
    const version = await http.get("/version");
    const found = kindOf(version);
    if (kind !== undefined && found !== kind)
      throw gearError("engine", `${http.socket} is of ${found}, not of ${kind}`);
    requireVersion(found, version.text("Version"));
    http.prefix = `/v${apiVersion(version)}`;
    return new ApiEngine(http, found);
  } catch (error) {
    http[Symbol.dispose]();
    throw error;
  }
}

function kindOf(version: Answer): EngineKind {
  return version.list("Components").some((component) => component.text("Name") === "Podman Engine")
    ? "podman"
    : "docker";
}

/** Docker 29 no longer speaks 1.41; then the oldest that it does, whose answers are the nearest. */
function apiVersion(version: Answer): string {
  const least = version.text("MinAPIVersion");
  return isBefore(ownApi, least) ? least : ownApi;
}

function requireVersion(kind: EngineKind, version: string): void {
  if (isBefore(version, oldest[kind]))
    throw gearError("engine", `${kind} ${version} is too old: ${oldest[kind]} or later is needed`);
}

/** Of numbers between dots, as far as both have them. */
function isBefore(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => text.split(/[.+~-]/).map(Number));
  for (let index = 0; index < b!.length; index++) {
    const difference = (a![index] ?? 0) - b![index]!;
    if (difference !== 0) return difference < 0;
  }
  return false;
}
