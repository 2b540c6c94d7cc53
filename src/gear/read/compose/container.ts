// SPDX-License-Identifier: Apache-2.0
import { keptCapabilities } from "../capabilities.ts";
import { resolve } from "node:path";
import { defaultContainer, defaultRestart } from "../../defaults.ts";
import type { Container, Mount, NetworkAccess, SecretUse, Variable } from "../../model.ts";
import type { Name } from "../../name.ts";
import { engineSecurity } from "../engine-security.ts";
import { didYouMean, type Place, shown } from "../faults.ts";
import { fileContent } from "../file-content.ts";
import { parseEnvFile } from "./env-file.ts";
import type { FileUse, Service } from "./service.ts";
import { toName } from "./shapes.ts";
import type { Variables } from "./substitute.ts";

/** What a service refers to. */
export interface Surroundings {
  readonly variables: Variables;
  /** Content of configurations by name. */
  readonly configs: ReadonlyMap<string, string>;
  /** Services that are there, for dependencies that need not be. */
  readonly services: ReadonlySet<Name>;
}

/** @param written the service's name as it is in the file, by which the others find it */
export function toContainer(
  written: string,
  service: Service,
  image: string,
  around: Surroundings,
  place: Place,
): Container {
  const name = toName(written);
  const restart = service.restart ?? service.deploy?.restart_policy;
  const variables = environment(service, around.variables, place);
  return {
    ...defaultContainer,
    name,
    image,
    count: service.deploy?.replicas ?? service.scale ?? 1,
    entrypoint: service.entrypoint ?? undefined,
    command: service.command ?? undefined,
    environment: variables,
    workingDirectory: service.working_dir,
    user: service.user,
    hostname: service.hostname,
    ports: [
      ...service.ports,
      ...service.expose.filter((port) => !service.ports.some((other) => samePort(other, port))),
    ],
    network: network(written, service),
    mounts: [
      ...service.volumes,
      ...service.tmpfs,
      ...service.configs.flatMap((use) => configMount(use, around, place.in("configs"))),
    ],
    secrets: service.secrets.map(secretUse),
    after: service.depends_on
      .filter(({ on, weak }) => !weak || around.services.has(on))
      .map(({ on, condition }) => ({ on, condition })),
    health: service.healthcheck,
    restart: restart ?? { ...defaultRestart, when: "no" },
    resources: {
      ...defaultContainer.resources,
      memory: service.deploy?.resources?.limits?.memory ?? service.mem_limit,
      cpus: service.deploy?.resources?.limits?.cpus ?? service.cpus,
      pids: service.deploy?.resources?.limits?.pids ?? service.pids_limit,
    },
    stopSignal: service.stop_signal,
    stopTimeout: service.stop_grace_period,
    security: {
      ...engineSecurity,
      capabilities: keptCapabilities(service.cap_add, service.cap_drop),
      writableRoot: !service.read_only,
      userNamespace: service.userns_mode,
      devices: service.devices,
      ...service.security_opt,
    },
    placement: {
      hosts: service.deploy?.placement?.constraints ?? [],
      spread: (service.deploy?.placement?.max_replicas_per_node ?? 0) > 0,
    },
    labels: service.labels,
  };
}

type Port = Container["ports"][number];

function samePort(one: Port, other: Port): boolean {
  return one.container === other.container && one.protocol === other.protocol;
}

/** Files first, in order, then what the service says itself; a variable without a value is taken over. */
function environment(service: Service, variables: Variables, place: Place): Variable[] {
  const values = new Map<string, string>();
  for (const { path, needed, at } of service.env_file) {
    const text = fileContent(path, at, place.in("env_file"), { mayBeMissing: !needed });
    const read = parseEnvFile(text ?? "", variables);
    for (const [key, value] of read.values) values.set(key, value);
    for (const { line, message } of read.faults) place.in("env_file").fault({ file: path, line, column: 1 }, message);
  }
  for (const { name, value } of service.environment) {
    const known = value ?? variables.get(name);
    if (known === undefined) values.delete(name);
    else values.set(name, known);
  }
  return [...values].map(([name, value]) => ({ name, value }));
}

function network(written: string, { network_mode: mode, networks }: Service): NetworkAccess {
  if (mode === "host" || mode === "none") return { kind: mode };
  const own = toName(written) === written ? [] : [written];
  const joined = networks ?? [{ name: "default", value: null }];
  return {
    kind: "own",
    networks: joined.map(({ name, value }) => ({ name: toName(name), aliases: [...own, ...(value?.aliases ?? [])] })),
  };
}

/** A target that is not absolute is below the directory of secrets (compose-spec, 09-secrets.md). */
function secretUse({ source, target }: FileUse): SecretUse {
  const path = target === undefined ? resolve("/run/secrets", source) : resolve("/run/secrets", target);
  return {
    name: toName(source),
    target: { kind: "file", path: path === `/run/secrets/${toName(source)}` ? undefined : path },
  };
}

/** Without a target it is in the root directory, with the permissions 0444 (compose-spec, 08-configs.md). */
function configMount({ source, target, mode, at }: FileUse, { configs }: Surroundings, place: Place): Mount[] {
  const content = configs.get(source);
  if (content === undefined)
    return (place.fault(at, `no config is called ${shown(source)}`, didYouMean(source, configs.keys())), []);
  return [
    { source: { kind: "file", content, mode: mode ?? 0o444 }, target: resolve("/", target ?? source), readOnly: true },
  ];
}
