// SPDX-License-Identifier: Apache-2.0
import { capabilityNames } from "../capabilities.ts";
import type { YamlPosition } from "../../../formats/index.ts";
import {
  duration,
  either,
  list,
  mapped,
  nothing,
  type Shape,
  size,
  text,
  type Value,
  written,
} from "../shape/index.ts";
import {
  devicePattern,
  hostnamePattern,
  imagePattern,
  pathPattern,
  signalPattern,
  userPattern,
} from "../value/index.ts";
import { dependsOn, deploy, healthcheck, restart } from "./deploy.ts";
import { expose, ports } from "./ports.ts";
import { securityOptions } from "./security.ts";
import {
  composeName,
  count,
  decimal,
  environment,
  labels,
  may,
  must,
  namedItems,
  oneOrMore,
  specified,
  truth,
} from "./shapes.ts";
import { splitWords } from "./split-words.ts";
import { onHost, tmpfs, volumes } from "./volumes.ts";

const words = either(
  nothing,
  mapped(
    text("a line of words"),
    (line, place, node) => splitWords(line) ?? place.fault(node.at, "has a quote that is not closed"),
  ),
  list(written(), "a list of strings"),
);

const longEnvFile = specified("env_file", { path: must(text("a path")), required: may(truth, true) }, { format: "" });

const envFile = mapped(either(text("a path"), longEnvFile), (value, _, node) => ({
  path: onHost(typeof value === "string" ? value : value.path, node),
  needed: typeof value === "string" || value.required,
  at: node.at,
}));

/** Relative to the file that has it. */
const hostFile = mapped(text("a path"), (path, _, node) => onHost(path, node));

const longDevice = specified("device", {
  source: must(text("a device", devicePattern)),
  target: may(text("a device", devicePattern)),
  permissions: may(text("r, w and m", "[rwm]{1,3}")),
});

const device: Shape<string> = either(
  text("a device", devicePattern),
  mapped(longDevice, ({ source, target = source, permissions = "rwm" }) =>
    [
      source,
      ...(target === source && permissions === "rwm" ? [] : [target]),
      ...(permissions === "rwm" ? [] : [permissions]),
    ].join(":"),
  ),
);

/** Octal in quotes, after a 0 or after 0o; another number is decimal, as in what Compose prints. */
const mode = mapped(written("permissions such as 0440", "0?o?[0-7]{3,4}|[0-9]{1,4}"), (digits, place, node) => {
  const octal = digits.startsWith("0") || (node.kind === "scalar" && typeof node.value === "string");
  const value = octal ? Number.parseInt(digits.replace("o", ""), 8) : Number(digits);
  return value <= 0o7777 ? value : place.fault(node.at, "must be permissions such as 0440");
});

const fileUse = specified(
  "file-use",
  {
    source: must(composeName),
    target: may(text("a path", "[^:\\u0000-\\u001f]+")),
    mode: may(mode),
  },
  { uid: "", gid: "" },
);

/** A secret or a configuration that a service uses. */
export interface FileUse {
  readonly source: string;
  readonly target: string | undefined;
  readonly mode: number | undefined;
  readonly at: YamlPosition;
}

const fileUses: Shape<FileUse[]> = list(
  mapped(either(composeName, fileUse), (value, _, { at }): FileUse => {
    return typeof value === "string" ? { source: value, target: undefined, mode: undefined, at } : { ...value, at };
  }),
  "a list of names",
);

const membership = specified(
  "network-use",
  { aliases: may(list(text("a name", hostnamePattern), "a list of names"), []) },
  {
    driver_opts: "",
    gw_priority: "",
    interface_name: "",
    ipv4_address: "",
    ipv6_address: "",
    link_local_ips: "",
    mac_address: "",
    priority: "",
  },
);

export const service = specified(
  "service",
  {
    cap_add: may(capabilityNames, []),
    cap_drop: may(capabilityNames, []),
    command: may(words),
    configs: may(fileUses, []),
    cpus: may(decimal),
    depends_on: may(dependsOn, []),
    deploy: may(deploy),
    devices: may(list(device, "a list of devices"), []),
    entrypoint: may(words),
    env_file: may(oneOrMore(envFile, "a path or a list of paths"), []),
    environment: may(environment, []),
    expose: may(expose, []),
    healthcheck: may(healthcheck),
    hostname: may(text("the name of a host", hostnamePattern)),
    image: may(text("the reference of an image", imagePattern)),
    labels: may(labels, []),
    mem_limit: may(size),
    network_mode: may(text("host or none", "host|none")),
    networks: may(namedItems(membership, "a list or a map of networks")),
    pids_limit: may(count(1, 4_194_304)),
    ports: may(ports, []),
    profiles: may(list(text(), "a list of profiles"), []),
    read_only: may(truth, false),
    restart: may(restart),
    scale: may(count(0, 1000)),
    secrets: may(fileUses, []),
    security_opt: may(securityOptions, {}),
    stop_grace_period: may(duration),
    stop_signal: may(text("a signal", signalPattern)),
    tmpfs: may(tmpfs, []),
    user: may(written("USER[:GROUP]", userPattern)),
    userns_mode: may(text("host", "host")),
    volumes: may(volumes, []),
    working_dir: may(text("an absolute path", pathPattern)),
  },
  {
    annotations: "",
    attach: "",
    blkio_config: "",
    build: "build the image, and name it with image",
    cgroup: "",
    cgroup_parent: "slices are the tenant's",
    container_name: "containers are named APPLICATION-SERVICE",
    cpu_count: "",
    cpu_percent: "",
    cpu_period: "",
    cpu_quota: "cpus limits processors",
    cpu_rt_period: "",
    cpu_rt_runtime: "",
    cpu_shares: "",
    cpuset: "",
    credential_spec: "",
    develop: "",
    device_cgroup_rules: "",
    dns: "",
    dns_opt: "",
    dns_search: "",
    domainname: "",
    driver_opts: "",
    external_links: "",
    extra_hosts: "",
    gpus: "",
    group_add: "",
    init: "",
    ipc: "",
    isolation: "",
    label_file: "",
    links: "services of a network find each other by name",
    logging: "logs are in the journal",
    mac_address: "",
    mem_reservation: "",
    mem_swappiness: "",
    memswap_limit: "",
    models: "",
    oom_kill_disable: "",
    oom_score_adj: "",
    pid: "",
    platform: "",
    post_start: "",
    pre_stop: "",
    privileged: "name what it needs: cap_add, devices",
    provider: "",
    pull_policy: "images are pulled before anything starts",
    runtime: "",
    shm_size: "",
    stdin_open: "",
    storage_opt: "",
    sysctls: "",
    tty: "",
    ulimits: "",
    use_api_socket: "",
    uts: "",
    volumes_from: "",
  },
);

export type Service = Value<typeof service>;

const external = { external: "", name: "" };

export const configFile = specified(
  "config",
  { file: may(hostFile), content: may(text()) },
  { ...external, environment: "", template_driver: "" },
);
export const secretFile = specified(
  "secret",
  { file: must(hostFile) },
  {
    ...external,
    environment: "put the value into a file that only root reads",
    driver: "",
    driver_opts: "",
    labels: "",
    template_driver: "",
  },
);
export const volume = specified(
  "named-volume",
  { labels: may(labels, []), driver: may(text("local", "local")) },
  { ...external, driver_opts: "" },
);
export const networkDeclaration = specified(
  "network",
  { internal: may(truth, false), driver: may(text("bridge", "bridge")) },
  { ...external, attachable: "", driver_opts: "", enable_ipv4: "", enable_ipv6: "", ipam: "", labels: "" },
);
