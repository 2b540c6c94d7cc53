// SPDX-License-Identifier: Apache-2.0
import { type YamlMap, type YamlNode, yamlEntry } from "../../../formats/index.ts";
import { defaultApplication, defaultUpdate } from "../../defaults.ts";
import type { Application, UpdatePolicy } from "../../model.ts";
import type { Name } from "../../name.ts";
import { applicationName } from "../application-name.ts";
import { didYouMean, Faults, Place, shown } from "../faults.ts";
import type { ParsedFile, ReadOptions } from "../kind.ts";
import { kinds, type KubernetesObject } from "./kinds.ts";
import { podNetwork, type ReadService, withServices } from "./services.ts";
import { Source } from "./source.ts";
import { toContainer } from "./to-container.ts";
import { workloadOf } from "./workload.ts";
import { World } from "./world.ts";

interface ReadObject {
  readonly object: KubernetesObject;
  readonly source: Source;
}

/**
 * Reads the objects of Kubernetes' API that a host can be: what `podman kube play` takes, and Services.
 * @throws gear-bad-file and gear-unsupported with all that is wrong, each with file, line and column
 */
export function readKubernetes(file: ParsedFile, options: ReadOptions): Application {
  const faults = new Faults();
  const objects = file.documents.flatMap((document) => readObject(document as YamlMap, faults) ?? []);
  faults.raise();
  tellTwice(objects);
  const world = new World(
    applicationName(file, options),
    objects.map(({ object }) => object),
  );
  const running = objects.flatMap(({ object, source }) => {
    const workload = workloadOf(object, source);
    return workload === undefined ? [] : [{ workload, container: toContainer(world, workload) }];
  });
  tellNamesTwice(running);
  const services = objects.flatMap(({ object, source }): ReadService[] =>
    object.kind === "Service" ? [{ source, service: object.value }] : [],
  );
  const application: Application = {
    ...defaultApplication,
    name: world.application,
    tenant: tenantOf(objects),
    containers: withServices(running, services),
    networks: services.length > 0 ? [podNetwork] : [],
    volumes: world.volumes,
    secrets: world.secrets,
    update: updateOf(objects),
  };
  faults.raise();
  return application;
}

const secretHint =
  "its values would lie in every generation: put each into a credential, systemd-creds encrypt --name=NAME.KEY FILE /etc/credstore.encrypted/NAME.KEY";

function readObject(node: YamlMap, faults: Faults): ReadObject | undefined {
  const kind = word(yamlEntry(node, "kind")?.value);
  const metadata = yamlEntry(node, "metadata")?.value;
  const name = metadata?.kind === "map" ? word(yamlEntry(metadata, "name")?.value) : "";
  const place = new Place(faults, [`${kind}/${name}`]);
  if (!Object.hasOwn(kinds, kind)) {
    const at = yamlEntry(node, "kind")?.value.at ?? node.at;
    const hint = kind === "Secret" ? secretHint : didYouMean(kind, Object.keys(kinds));
    return place.unsupported(at, `objects of kind ${shown(kind)} are not done here`, hint);
  }
  const object = kinds[kind as keyof typeof kinds].read(node, place);
  return object && { object, source: new Source(node, `${kind}/${name}`, faults) };
}

function word(node: YamlNode | undefined): string {
  return node?.kind === "scalar" ? node.text : "";
}

function tellTwice(objects: readonly ReadObject[]): void {
  const seen = new Set<string>();
  for (const { source } of objects) {
    if (seen.has(source.title)) source.fault(["metadata", "name"], "is there twice");
    seen.add(source.title);
  }
}

function tellNamesTwice(running: readonly { workload: { source: Source }; container: { name: Name } }[]): void {
  const seen = new Set<Name>();
  for (const { workload, container } of running) {
    if (seen.has(container.name))
      workload.source.fault(["metadata", "name"], `two containers would be called ${container.name}`);
    seen.add(container.name);
  }
}

/** `default` is the namespace of who says none. */
function tenantOf(objects: readonly ReadObject[]): Name | undefined {
  const namespaces = objects.map(({ object }) => object.value.metadata.namespace ?? "default");
  const [first] = namespaces;
  const other = objects.find((_, index) => namespaces[index] !== first);
  other?.source.unsupported(["metadata", "namespace"], "the objects of a file must be of one namespace");
  return first === undefined || first === "default"
    ? undefined
    : objects[0]?.source.name(["metadata", "namespace"], first);
}

/** An application is updated as one: it takes as long as the longest of them. */
function updateOf(objects: readonly ReadObject[]): UpdatePolicy {
  const specs = objects.flatMap(({ object }) =>
    object.kind === "Deployment" || object.kind === "StatefulSet" ? [object.value.spec] : [],
  );
  const longest = (times: readonly (number | undefined)[], otherwise: number) => {
    const given = times.filter((time) => time !== undefined);
    return given.length === 0 ? otherwise : Math.max(...given);
  };
  const deadlines = specs.map((spec) => ("progressDeadlineSeconds" in spec ? spec.progressDeadlineSeconds : undefined));
  const kept = specs.map(({ revisionHistoryLimit }) => revisionHistoryLimit);
  return {
    ...defaultUpdate,
    minHealthyTime: longest(
      specs.map(({ minReadySeconds }) => minReadySeconds),
      defaultUpdate.minHealthyTime,
    ),
    healthyDeadline: longest(deadlines, defaultUpdate.healthyDeadline),
    keep: Math.min(100, Math.max(1, longest(kept, defaultUpdate.keep))),
  };
}
