// SPDX-License-Identifier: Apache-2.0
/** When a container starts, is healthy, is started again and with how much. */
import { defaultHealth, defaultLogPeriod, defaultRestart } from "../../defaults.ts";
import type { Dependency, HealthCheck, LogRateLimit, Resources, RestartPolicy, Socket } from "../../model.ts";
import {
  choice,
  duration,
  either,
  entries,
  list,
  mapped,
  optional,
  positive,
  record,
  required,
  type Shape,
  size,
  text,
  whole,
} from "../shape/index.ts";
import { parseName } from "../../name.ts";
import { name, strings } from "./words.ts";

const condition = choice(["started", "healthy", "completed"]);

export const after: Shape<Dependency[]> = either(
  mapped(list(name, "a list of names of containers"), (names) =>
    names.map((on): Dependency => ({ on, condition: "started" })),
  ),
  mapped(entries(name, condition, "a map of names to started, healthy or completed"), (all) =>
    all.map(({ name: on, value }): Dependency => ({ on: parseName(on, "a container"), condition: value })),
  ),
);

const line = text("a line for the image's shell");
const retries = whole(1, 1000);

const longHealth = record("health", {
  test: required(
    either(line, strings),
    "Program with its arguments, or a line for the image's shell; healthy is exit code 0",
  ),
  interval: optional(duration, "Time between two checks", defaultHealth.interval),
  timeout: optional(duration, "Time after which a check has failed", defaultHealth.timeout),
  retries: optional(retries, "Failures one after another that make it unhealthy", defaultHealth.retries),
  "start-period": optional(duration, "Time after the start in which failures do not count", defaultHealth.startPeriod),
});

export const health: Shape<HealthCheck | "none"> = either(
  mapped(line, (test) => (test === "none" ? test : { ...defaultHealth, test })),
  mapped(strings, (test): HealthCheck => ({ ...defaultHealth, test })),
  mapped(longHealth, ({ "start-period": startPeriod, ...rest }): HealthCheck => ({ ...rest, startPeriod })),
);

const restartWhen = choice(["no", "on-failure", "always"]);

const longRestart = record("restart", {
  when: optional(restartWhen, "no, on-failure or always", defaultRestart.when),
  delay: optional(duration, "Time before it starts again"),
  burst: optional(whole(1, 10_000), "Starts allowed in period; more make it fail"),
  period: optional(duration, "Time that burst is of; ever without it"),
});

export const restart: Shape<RestartPolicy> = either(
  mapped(restartWhen, (when): RestartPolicy => ({ ...defaultRestart, when })),
  longRestart,
);

const messages = whole(1, 100_000_000);

const longLogRateLimit = record("log-rate-limit", {
  burst: required(messages, "Messages taken in period"),
  period: optional(duration, "Time that burst is of", defaultLogPeriod),
});

/** LogRateLimitBurst= and LogRateLimitIntervalSec= of systemd.exec(5). */
export const logRateLimit: Shape<LogRateLimit | "none"> = either(
  choice(["none"]),
  mapped(messages, (burst): LogRateLimit => ({ burst, period: defaultLogPeriod })),
  longLogRateLimit,
);

const weight = whole(1, 10_000);

const longResources = record("resources", {
  memory: optional(size, "Memory"),
  cpus: optional(positive(10_000), "Processors, such as 0.5"),
  "cpu-weight": optional(weight, "Share of the processors among those who want them; 100 is usual"),
  "io-weight": optional(weight, "Share of the disks among those who want them; 100 is usual"),
  pids: optional(whole(1, 4_194_304), "Processes and threads"),
});

export const resources: Shape<Resources> = mapped(
  longResources,
  ({ memory, cpus, "cpu-weight": cpuWeight, "io-weight": ioWeight, pids }): Resources => ({
    memory,
    cpus,
    cpuWeight,
    ioWeight,
    pids,
  }),
);

/** ListenStream= of systemd.socket(5): a port, an address with one, or a path. */
const listen = text(
  "a port, ADDRESS:PORT or an absolute path",
  "[1-9][0-9]{0,4}|(?:[0-9.]{7,15}|\\[[0-9a-fA-F:.]{2,45}\\]):[1-9][0-9]{0,4}|/[A-Za-z0-9._/@-]{1,100}",
);

const longSocket = record("socket", {
  listen: required(listen, "Port, ADDRESS:PORT or path that systemd listens on"),
  protocol: optional(choice(["stream", "datagram"]), "stream (TCP) or datagram (UDP)", "stream"),
});

const socket: Shape<Socket> = either(
  mapped(whole(1, 65_535), (port): Socket => ({ listen: String(port), protocol: "stream" })),
  mapped(listen, (address): Socket => ({ listen: address, protocol: "stream" })),
  longSocket,
);

export const sockets: Shape<Socket[]> = list(
  socket,
  "a list of sockets, each 80, 127.0.0.1:80, /run/web.sock or a map",
);
