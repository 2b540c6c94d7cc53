// SPDX-License-Identifier: Apache-2.0
import type { RestartPolicy } from "../../model.ts";
import { calendarOf } from "./calendar.ts";
import type { Job, KubernetesObject, ObjectOf } from "./kinds.ts";
import type { PodSpec, PodTemplate } from "./pod.ts";
import type { Source } from "./source.ts";

/** What runs Pods, whichever kind it is of. */
export interface Workload {
  readonly source: Source;
  readonly name: string;
  readonly count: number;
  readonly pod: PodSpec;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: NonNullable<PodTemplate["metadata"]>["annotations"];
  /** Of the Pod's specification, for faults. */
  readonly path: readonly string[];
  readonly restart: RestartPolicy;
  readonly schedule: string | undefined;
  /** Volumes that each of its Pods has for itself. */
  readonly claims: readonly string[];
}

/** Undefined for an object that runs nothing. */
export function workloadOf(object: KubernetesObject, source: Source): Workload | undefined {
  switch (object.kind) {
    case "Pod":
      return podWorkload(object.value, source);
    case "Deployment":
      return rolloutWorkload(object.value, [], source);
    case "StatefulSet":
      return statefulWorkload(object.value, source);
    case "Job":
      return jobWorkload(object.value.metadata.name, object.value.spec, undefined, ["spec"], source);
    case "CronJob":
      return cronWorkload(object.value, source);
    default:
      return undefined;
  }
}

function podWorkload({ metadata, spec }: ObjectOf<"Pod">, source: Source): Workload {
  const when = spec.restartPolicy ?? "Always";
  return {
    ...ofTemplate({ metadata, spec }, ["spec"], source),
    name: metadata.name,
    count: 1,
    restart: { ...anyTime, when: when === "Always" ? "always" : when === "OnFailure" ? "on-failure" : "no" },
  };
}

const anyTime = { delay: undefined, burst: undefined, period: undefined };

function ofTemplate({ metadata, spec }: PodTemplate, path: readonly string[], source: Source) {
  return {
    source,
    pod: spec,
    path,
    labels: new Map((metadata?.labels ?? []).map(({ name, value }) => [name, value])),
    annotations: metadata?.annotations ?? [],
    schedule: undefined,
    claims: [],
  };
}

function rolloutWorkload(
  { metadata, spec }: ObjectOf<"Deployment"> | ObjectOf<"StatefulSet">,
  claims: readonly string[],
  source: Source,
): Workload {
  const made = ofTemplate(spec.template, ["spec", "template", "spec"], source);
  if (!matches(spec.selector.matchLabels, made.labels)) {
    source.fault(["spec", "selector"], "does not select the Pods of its own template");
  }
  if (spec.template.spec.restartPolicy !== undefined && spec.template.spec.restartPolicy !== "Always") {
    source.fault([...made.path, "restartPolicy"], "must be Always here");
  }
  return { ...made, name: metadata.name, count: spec.replicas, restart: { ...anyTime, when: "always" }, claims };
}

/** A volume of a host is one for all instances on it. */
function statefulWorkload(object: ObjectOf<"StatefulSet">, source: Source): Workload {
  const { replicas, volumeClaimTemplates, template } = object.spec;
  if (replicas > 1 && volumeClaimTemplates.length > 0 && template.spec.affinity?.podAntiAffinity === undefined) {
    source.unsupported(
      ["spec", "volumeClaimTemplates"],
      "instances on one host would have one volume",
      "add a podAntiAffinity for kubernetes.io/hostname, so that each has a host of its own",
    );
  }
  return rolloutWorkload(
    object,
    volumeClaimTemplates.map(({ metadata }) => metadata.name),
    source,
  );
}

function jobWorkload(
  name: string,
  { template, completions, parallelism, backoffLimit }: Job,
  schedule: string | undefined,
  path: readonly string[],
  source: Source,
): Workload {
  const { restartPolicy } = template.spec;
  const made = ofTemplate(template, [...path, "template", "spec"], source);
  if (restartPolicy === undefined || restartPolicy === "Always") {
    source.fault([...made.path, "restartPolicy"], "must be OnFailure or Never here");
  }
  if (completions !== parallelism) {
    source.unsupported([...path, "completions"], "instances that run one after the other are not done here");
  }
  const restart: RestartPolicy =
    backoffLimit === 0
      ? { ...anyTime, when: "no" }
      : { ...anyTime, when: "on-failure", burst: backoffLimit === 2_147_483_647 ? undefined : backoffLimit + 1 };
  return { ...made, name, count: completions, restart, schedule };
}

function cronWorkload({ metadata, spec }: ObjectOf<"CronJob">, source: Source): Workload {
  const calendar = calendarOf(spec.schedule);
  if (calendar === undefined) source.unsupported(["spec", "schedule"], "is no line of cron that is understood here");
  const schedule = [calendar, spec.timeZone].filter((word) => word !== undefined).join(" ");
  return jobWorkload(metadata.name, spec.jobTemplate.spec, schedule, ["spec", "jobTemplate", "spec"], source);
}

/** Whether the labels are among those. */
export function matches(
  selector: readonly { readonly name: string; readonly value: string }[],
  labels: ReadonlyMap<string, string>,
): boolean {
  return selector.length > 0 && selector.every(({ name, value }) => labels.get(name) === value);
}
