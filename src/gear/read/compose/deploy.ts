// SPDX-License-Identifier: Apache-2.0
/** What is started, again and after what: restart, deploy, depends_on, healthcheck. */
import { defaultHealth } from "../../defaults.ts";
import type { Dependency, HealthCheck, RestartPolicy } from "../../model.ts";
import { choice, duration, either, list, mapped, type Shape, size, text, written } from "../shape/index.ts";
import { count, decimal, may, namedItems, specified, toName, truth } from "./shapes.ts";

/** `docker run --restart`; what the administrator has stopped is not started again by systemd in any case. */
export const restart: Shape<RestartPolicy> = mapped(
  text("no, always, unless-stopped or on-failure[:N]", "no|always|unless-stopped|on-failure(?::[0-9]{1,4})?"),
  (word): RestartPolicy => {
    const [policy = "", retries] = word.split(":");
    const when = policy === "no" || policy === "on-failure" ? policy : "always";
    return {
      when,
      delay: undefined,
      burst: retries === undefined ? undefined : Number(retries) + 1,
      period: undefined,
    };
  },
);

const restartPolicy = mapped(
  specified("restart_policy", {
    condition: may(choice(["none", "on-failure", "any"]), "any"),
    delay: may(duration),
    max_attempts: may(count(0, 9999)),
    window: may(duration),
  }),
  ({ condition, delay, max_attempts: attempts, window }): RestartPolicy => ({
    when: condition === "none" ? "no" : condition === "any" ? "always" : "on-failure",
    delay,
    burst: attempts === undefined ? undefined : attempts + 1,
    period: window,
  }),
);

const limits = specified("limits", {
  cpus: may(decimal),
  memory: may(size),
  pids: may(count(1, 4_194_304)),
});

const resources = specified("resources", { limits: may(limits) }, { reservations: "nothing is set aside on a host" });

const constraint = mapped(text(), (word, place, node) => {
  const host = /^\s*node\.hostname\s*==\s*([A-Za-z0-9][A-Za-z0-9.-]{0,63})\s*$/.exec(word)?.[1];
  return host ?? place.unsupported(node.at, "is a constraint that is not supported", "node.hostname == HOST is");
});

const placement = specified(
  "placement",
  {
    constraints: may(list(constraint, "a list of constraints"), []),
    max_replicas_per_node: may(count(1, 1), 0),
  },
  { preferences: "" },
);

export const deploy = specified(
  "deploy",
  {
    mode: may(text("replicated", "replicated")),
    replicas: may(count(0, 1000)),
    resources: may(resources),
    restart_policy: may(restartPolicy),
    placement: may(placement),
  },
  {
    endpoint_mode: "",
    labels: "they are of a swarm's service; the container's are labels of the service",
    rollback_config: "",
    update_config: "",
  },
);

const conditions = {
  service_started: "started",
  service_healthy: "healthy",
  service_completed_successfully: "completed",
} as const;

const dependency = specified("dependency", {
  condition: may(choice(Object.keys(conditions) as (keyof typeof conditions)[]), "service_started"),
  // What depends on another one is always started again with it.
  restart: may(truth, false),
  required: may(truth, true),
});

export interface WrittenDependency extends Dependency {
  /** Whether it counts only where there is such a service. */
  readonly weak: boolean;
}

export const dependsOn: Shape<WrittenDependency[]> = mapped(
  namedItems(dependency, "a list or map of services"),
  (all) =>
    all.map(({ name, value }) => ({
      on: toName(name),
      condition: conditions[value?.condition ?? "service_started"],
      weak: value?.required === false,
    })),
);

const words = list(written(), "a list of strings");

const check = specified(
  "healthcheck",
  {
    test: may(either(text(), words)),
    interval: may(duration, defaultHealth.interval),
    timeout: may(duration, defaultHealth.timeout),
    retries: may(count(1, 1000), defaultHealth.retries),
    start_period: may(duration, defaultHealth.startPeriod),
    disable: may(truth, false),
  },
  { start_interval: "" },
);

export const healthcheck: Shape<HealthCheck | "none"> = mapped(
  check,
  (value, place, node): HealthCheck | "none" | undefined => {
    const { test, interval, timeout, retries, start_period: startPeriod, disable } = value;
    if (disable) return "none";
    if (test === undefined)
      return place.unsupported(node.at, "a health check without a test is not supported", "repeat the image's test");
    const times = { interval, timeout, retries, startPeriod };
    if (typeof test === "string") return { test, ...times };
    const [kind, ...rest] = test;
    if (kind === "NONE" && rest.length === 0) return "none";
    if (kind === "CMD" && rest.length > 0) return { test: rest, ...times };
    if (kind === "CMD-SHELL" && rest.length === 1) return { test: rest[0] ?? "", ...times };
    return place.fault(node.at, "test must be a string, or a list that begins with CMD, CMD-SHELL or NONE");
  },
);
