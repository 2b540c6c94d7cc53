// SPDX-License-Identifier: Apache-2.0
/** The kinds of objects that are read, as the file has them. */
import {
  choice,
  list,
  mapped,
  optional,
  required,
  text,
  type Value,
  whole,
  written,
  type Shape,
  either,
} from "../shape/index.ts";
import { metadata, object, objectName, only, quantity, secondsOf, strings } from "./object.ts";
import { podSpec, podTemplate } from "./pod.ts";

const count = whole(0, 1000);
const selector = object("selector", { matchLabels: required(strings, "Labels") });
const named = object("metadata", { ...metadata.fields, name: required(objectName, "Name of the object") });

const common = (apiVersion: string, kind: string) => ({
  apiVersion: required(text(apiVersion, apiVersion), "Version of the API"),
  kind: required(text(kind, kind), "Kind of the object"),
  metadata: required(named, "Name and labels"),
});

const claimSpec = object("claim", {
  accessModes: optional(
    list(choice(["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany", "ReadOnlyMany"]), "a list of modes"),
    "Who mounts it; all of a host do",
  ),
  resources: optional(
    object("resources", { requests: required(object("requests", { storage: required(quantity, "Size") }), "Size") }),
    "Size, which nobody is held to on a host",
  ),
});

const rollout = {
  replicas: optional(count, "Instances", 1),
  selector: required(selector, "Labels of its Pods"),
  template: required(podTemplate, "Its Pods"),
  minReadySeconds: optional(secondsOf, "Time that it must be ready for"),
  revisionHistoryLimit: optional(whole(0, 1_000_000), "Generations kept"),
};

const deployment = object("Deployment", {
  ...common("apps/v1", "Deployment"),
  spec: required(
    object("Deployment", {
      ...rollout,
      progressDeadlineSeconds: optional(secondsOf, "Time within which it must be ready"),
      strategy: optional(object("strategy", { type: only("Recreate") }), "How it is updated"),
    }),
    "What is wanted",
  ),
});

const statefulSet = object("StatefulSet", {
  ...common("apps/v1", "StatefulSet"),
  spec: required(
    object("StatefulSet", {
      ...rollout,
      serviceName: optional(objectName, "Service"),
      volumeClaimTemplates: optional(
        list(
          object("claim", {
            apiVersion: only("v1"),
            kind: only("PersistentVolumeClaim"),
            metadata: required(named, "Name"),
            spec: required(claimSpec, "What is claimed"),
          }),
          "a list of claims",
        ),
        "Volumes",
        [],
      ),
    }),
    "What is wanted",
  ),
});

const pod = object("Pod", { ...common("v1", "Pod"), spec: required(podSpec, "What is wanted") });

const jobSpec = object("Job", {
  completions: optional(count, "Instances", 1),
  parallelism: optional(count, "Instances at a time", 1),
  backoffLimit: optional(whole(0, 2_147_483_647), "Tries after the first", 6),
  template: required(podTemplate, "Its Pods"),
});

const job = object("Job", { ...common("batch/v1", "Job"), spec: required(jobSpec, "What is wanted") });

const cronJob = object("CronJob", {
  ...common("batch/v1", "CronJob"),
  spec: required(
    object("CronJob", {
      schedule: required(text(), "When it runs, a line of crontab(5)"),
      timeZone: optional(text("a time zone", "[A-Za-z0-9_+/-]{1,64}"), "Time zone"),
      concurrencyPolicy: required(choice(["Forbid"]), "Forbid, as of a unit"),
      jobTemplate: required(
        object("job", { metadata: optional(metadata, "Labels"), spec: required(jobSpec, "The job") }),
        "The job",
      ),
    }),
    "What is wanted",
  ),
});

const port = whole(1, 65_535);

const service = object("Service", {
  ...common("v1", "Service"),
  spec: required(
    object("Service", {
      type: optional(choice(["ClusterIP", "NodePort", "LoadBalancer"]), "Who reaches it", "ClusterIP"),
      clusterIP: only("None"),
      selector: required(strings, "Labels of the Pods"),
      ports: optional(
        list(
          object("port", {
            name: optional(text(), "Its name"),
            port: required(port, "Port of the Service"),
            targetPort: optional(
              either(port, text("a port's name")) as Shape<number | string>,
              "Port of the Pod, or its name; the same without it",
            ),
            nodePort: optional(port, "Port of the host"),
            protocol: optional(choice(["TCP", "UDP", "SCTP"]), "Protocol", "TCP"),
          }),
          "a list of ports",
        ),
        "Ports",
        [],
      ),
    }),
    "What is wanted",
  ),
});

const configMap = object("ConfigMap", {
  ...common("v1", "ConfigMap"),
  data: optional(strings, "Values", []),
  immutable: optional(written(), "Whether it stays as it is"),
});

const claim = object("PersistentVolumeClaim", {
  ...common("v1", "PersistentVolumeClaim"),
  spec: required(claimSpec, "What is claimed"),
});

const of = <const K extends string, T>(kind: K, shape: Shape<T>) => mapped(shape, (value) => ({ kind, value }));

export const kinds = {
  ConfigMap: of("ConfigMap", configMap),
  CronJob: of("CronJob", cronJob),
  Deployment: of("Deployment", deployment),
  Job: of("Job", job),
  PersistentVolumeClaim: of("PersistentVolumeClaim", claim),
  Pod: of("Pod", pod),
  Service: of("Service", service),
  StatefulSet: of("StatefulSet", statefulSet),
};

export type KubernetesObject = Value<(typeof kinds)[keyof typeof kinds]>;
export type ObjectOf<K extends KubernetesObject["kind"]> = Extract<KubernetesObject, { kind: K }>["value"];
export type Job = Value<typeof jobSpec>;
