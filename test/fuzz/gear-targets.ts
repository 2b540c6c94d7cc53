// SPDX-License-Identifier: Apache-2.0
/** What whoever writes a file that describes containers may put into it: such files are passed around, and taken as they are. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseYaml, plainYaml } from "../../src/formats/index.ts";
import { parseApplication, parseDeployment, plan } from "../../src/gear/index.ts";
import type { FuzzTarget } from "./targets.ts";

const root = join(import.meta.dirname, "../..");
const compose = join(root, "test/gear/read/compose/judged");
const gear = `application: a
tenant: t
containers:
  c: &c
    image: docker.io/x/y:1
    ports: [80, "0:81/udp", "127.0.0.1:90-91:90-91", {container: 5, host: 6}]
    links: ["d:1:2", {to: d, ports: [{target: 1, local: 2}]}]
    volumes: ["v:/v:ro", {tmpfs: 1.5M, target: /t}]
    files: {/f: {content: "x\\n", mode: "0644"}}
    secrets: [{secret: s, environment: S}]
    after: {d: healthy}
    health: {test: [a, b], interval: 1m30s}
    environment: {A: 1.10, B: "\\u00fc"}
  d: {<<: *c, links: [], after: [], health: x, security: {capabilities: [CHOWN]}}
  e: {image: i, schedule: Mon *-*-* 03:00, restart: {when: on-failure, burst: 3}}
volumes: {v: {path: /v, labels: {a.b: c}}}
secrets: {s: {credential: s}}
update: {images: registry, keep: 3}
`;

const geard = JSON.stringify({
  containers: [
    {
      Name: "web",
      image: "a/b",
      count: 2,
      PublicPorts: [{ internal: 80, external: 8080 }, { Internal: 81 }],
      Links: [{ To: "web", NonLocal: true, MatchPort: true, Ports: [80], AliasPorts: [{ Internal: 81, External: 5 }] }],
      Environment: [{ Name: "A", Value: "\u00fc" }],
      Affinity: "distribute",
    },
  ],
  Instances: [
    {
      Id: "p-web-1",
      From: "web",
      On: "localhost",
      Ports: [{ Internal: 80, External: 8080, Target: { Host: "192.168.1.1", Port: 80 } }],
    },
  ],
  IdPrefix: "p-",
});

const kubernetes = `apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {a: b, c: "d\\n"}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, namespace: t}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: a/b:1
        args: ["$(A) $$(B)"]
        env: [{name: A, value: "1"}, {name: B, valueFrom: {secretKeyRef: {name: s, key: k}}}]
        envFrom: [{prefix: X_, configMapRef: {name: conf}}]
        ports: [{name: http, containerPort: 80}]
        resources: {limits: {memory: 1.5Gi, cpu: 500m}, requests: {cpu: 1}}
        readinessProbe: {exec: {command: [a]}, periodSeconds: 5}
        securityContext: {capabilities: {drop: [ALL], add: [CHOWN]}, runAsUser: 1, runAsNonRoot: true}
        volumeMounts: [{name: data, mountPath: /d}, {name: conf, mountPath: /c, subPath: a}, {name: s, mountPath: /s}]
      volumes: [{name: conf, configMap: {name: conf}}, {name: s, secret: {secretName: s, items: [{key: k, path: p}]}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: t}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: http, nodePort: 30000}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: job, namespace: t}
spec:
  schedule: "*/5 1-3 * * 1,5"
  concurrencyPolicy: Forbid
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}}
`.replace("{name: conf}", "{name: conf, namespace: t}");

/** A plan of what could be read, which numbers all that is in it. */
function readAndPlan(bytes: Buffer, path: string): void {
  const { application, ...rest } = parseDeployment(bytes.toString(), path);
  plan(application, ["localhost", "b"], rest);
}

function texts(directory: string): Buffer[] {
  return globSync("*.yaml", { cwd: directory }).map((name) => readFileSync(join(directory, name)));
}

export const gearTargets: readonly FuzzTarget[] = [
  {
    name: "yaml",
    remote: true,
    seeds: [Buffer.from(gear), ...texts(compose)],
    run: (bytes) => void parseYaml(bytes.toString(), "f").documents.map(plainYaml),
  },
  {
    name: "gear-file",
    remote: false,
    seeds: [Buffer.from(gear), readFileSync(join(root, "examples/shop.yaml"))],
    run: (bytes) => void parseApplication(bytes.toString(), join(root, "examples/f.yaml")),
  },
  {
    name: "compose-file",
    remote: true,
    seeds: texts(compose),
    run: (bytes) => void parseApplication(bytes.toString(), join(compose, "f.yaml")),
  },
  {
    name: "geard-file",
    remote: false,
    seeds: [Buffer.from(geard)],
    run: (bytes) => readAndPlan(bytes, "f.json"),
  },
  {
    name: "kubernetes-file",
    remote: false,
    seeds: [Buffer.from(kubernetes)],
    run: (bytes) => readAndPlan(bytes, "f.yaml"),
  },
];
