// SPDX-License-Identifier: Apache-2.0
import type { Answer } from "./answer.ts";
import { fullId } from "./images.ts";
import type { ContainerState, ContainerStats, ContainerSummary, Health } from "./model.ts";

/** Of `GET /containers/json`. */
export function containerSummary(listed: Answer): ContainerSummary {
  return {
    id: listed.text("Id"),
    name: withoutSlash(listed.texts("Names")[0] ?? ""),
    image: listed.text("Image"),
    imageId: fullId(listed.text("ImageID")),
    state: listed.text("State"),
    labels: listed.textMap("Labels"),
  };
}

/** Of `GET /containers/NAME/json`. */
export function containerState(found: Answer): ContainerState {
  const state = found.at("State");
  const running = state.flag("Running");
  return {
    id: found.text("Id"),
    name: withoutSlash(found.text("Name")),
    image: found.text("Config", "Image"),
    imageId: fullId(found.text("Image")),
    state: state.text("Status"),
    labels: found.textMap("Config", "Labels"),
    running,
    pid: state.number("Pid") || undefined,
    exitCode: running || state.time("FinishedAt") === undefined ? undefined : state.number("ExitCode"),
    outOfMemory: state.flag("OOMKilled"),
    startedAt: state.time("StartedAt"),
    finishedAt: state.time("FinishedAt"),
    health: health(state.at("Health")),
    networkNamespace: found.text("NetworkSettings", "SandboxKey") || undefined,
    addresses: addresses(found.at("NetworkSettings")),
    processLabel: found.text("ProcessLabel") || undefined,
  };
}

function withoutSlash(name: string): string {
  return name.replace(/^\//, "");
}

function addresses(settings: Answer): readonly string[] {
  const networks = [settings, ...settings.members("Networks").values()];
  const all = networks.flatMap((network) => [network.text("IPAddress"), network.text("GlobalIPv6Address")]);
  return [...new Set(all.filter((address) => address !== ""))];
}

/** An engine keeps five runs of at most 4 KiB (docker) or what was set (podman). */
const runsLimit = 100;
const outputLimit = 4096;

function health(given: Answer): Health | undefined {
  const status = healthStatus(given.text("Status"));
  if (status === undefined) return undefined;
  const log = given.list("Log").slice(-runsLimit);
  return {
    status,
    failures: given.number("FailingStreak"),
    log: log.map((run) => ({
      at: run.time("Start"),
      exitCode: run.number("ExitCode"),
      output: run.text("Output").slice(0, outputLimit),
    })),
  };
}

/** Undefined for `none`, which is docker's word for having no check. */
export function healthStatus(word: string): Health["status"] | undefined {
  return word === "starting" || word === "healthy" || word === "unhealthy" ? word : undefined;
}

/** Of `GET /containers/NAME/stats`. */
export function containerStats(found: Answer): ContainerStats {
  const networks = [...found.members("networks").values()];
  const blocks = found.list("blkio_stats", "io_service_bytes_recursive");
  const sum = (items: readonly Answer[], key: string) => items.reduce((total, item) => total + item.number(key), 0);
  const operations = (word: string) => blocks.filter((block) => block.text("op").toLowerCase() === word);
  const memory = found.at("memory_stats");
  // File pages that can be dropped at any time are not counted (docker's CLI, `calculateMemUsageUnixNoCache`).
  const cache = memory.number("stats", "inactive_file") || memory.number("stats", "total_inactive_file");
  return {
    at: found.time("read"),
    cpuNs: BigInt(Math.round(found.number("cpu_stats", "cpu_usage", "total_usage"))),
    cpus: found.number("cpu_stats", "online_cpus"),
    memory: Math.max(0, memory.number("usage") - cache),
    memoryLimit: memory.number("limit"),
    pids: found.number("pids_stats", "current"),
    received: sum(networks, "rx_bytes"),
    sent: sum(networks, "tx_bytes"),
    read: sum(operations("read"), "value"),
    written: sum(operations("write"), "value"),
  };
}
