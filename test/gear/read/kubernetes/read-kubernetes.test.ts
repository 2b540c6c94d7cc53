// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { type Container, exportKubernetes, parseApplication, readApplication } from "../../../../src/gear/index.ts";

const read = (text: string) => parseApplication(text, "shop.yaml");
const pod = (spec: string) => read(podText(spec));
const podText = (spec: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    image: localhost/web\n${spec}`;
const only = ({ containers }: { containers: readonly Container[] }): Container => {
  assert.equal(containers.length, 1);
  return containers[0]!;
};

test("what is exported to Kubernetes is read, and exported the same", () => {
  const exported = (app: ReturnType<typeof readApplication>) =>
    [...exportKubernetes(app).files.values()].map(({ content }) => content).join();
  const first = exported(readApplication(join(import.meta.dirname, "../../../../examples/shop.yaml")));
  const application = read(first);
  assert.deepEqual(
    application.containers.map(({ name, count }) => `${name} ${count}`),
    ["proxy 1", "web 2", "db 1"],
  );
  assert.equal(application.tenant, "acme");
  assert.equal(exported(application), first);
});

test("all that a Pod can say is read", () => {
  const web = only(
    pod(`    command: [/bin/run, $(A)]
    args: [$$(A), $(B), $(C)]
    workingDir: /srv
    env:
    - {name: A, value: 1}
    - {name: B, value: "<$(A)>"}
    - {name: P, valueFrom: {secretKeyRef: {name: login, key: pass.word}}}
    ports:
    - {name: http, containerPort: 80, hostPort: 8080, hostIP: 127.0.0.1}
    - {containerPort: 53, protocol: UDP}
    resources: {limits: {memory: 1.5Gi, cpu: 500m}, requests: {memory: 1Mi, cpu: .5}}
    readinessProbe: {exec: {command: [check]}, initialDelaySeconds: 1, timeoutSeconds: 2}
    startupProbe: {exec: {command: [check]}, failureThreshold: 6}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}
      seccompProfile: {type: Unconfined}
      seLinuxOptions: {type: spc_t}
      runAsUser: 1000
    volumeMounts:
    - {name: cache, mountPath: /cache}
    - {name: host, mountPath: /host, readOnly: true}
    - {name: made, mountPath: /made}
    - {name: data, mountPath: /data}
    - {name: keys, mountPath: /keys}
  restartPolicy: OnFailure
  hostname: web
  hostUsers: true
  terminationGracePeriodSeconds: 5
  nodeSelector: {kubernetes.io/hostname: a}
  securityContext: {runAsGroup: 5}
  volumes:
  - {name: cache, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
  - {name: host, hostPath: {path: /srv}}
  - {name: made, hostPath: {path: /made, type: DirectoryOrCreate}}
  - {name: data, persistentVolumeClaim: {claimName: data}}
  - {name: keys, secret: {secretName: login, items: [{key: pass.word, path: p}]}}
`),
  );
  assert.deepEqual(
    [web.entrypoint, web.command],
    [
      ["/bin/run", "1"],
      ["$(A)", "<1>", "$(C)"],
    ],
  );
  assert.deepEqual(
    web.environment.map(({ name, value }) => `${name}=${value}`),
    ["A=1", "B=<1>"],
  );
  assert.deepEqual(web.ports, [
    { container: 80, host: 8080, address: "127.0.0.1", protocol: "tcp" },
    { container: 53, host: undefined, address: undefined, protocol: "udp" },
  ]);
  assert.deepEqual(web.resources, {
    memory: 1.5 * 2 ** 30,
    cpus: 0.5,
    cpuWeight: 20,
    ioWeight: undefined,
    pids: undefined,
  });
  assert.deepEqual(web.health, { test: ["check"], interval: 10_000, timeout: 2000, retries: 3, startPeriod: 61_000 });
  assert.deepEqual(web.security, {
    newPrivileges: false,
    writableRoot: false,
    capabilities: ["NET_BIND_SERVICE"],
    seccomp: "unconfined",
    selinuxType: "disable",
    userNamespace: "host",
    devices: [],
  });
  assert.deepEqual(
    web.mounts.map(({ source, target, readOnly }) => [Object.values(source).join(" "), target, readOnly]),
    [
      ["tmpfs 1048576", "/cache", false],
      ["bind /srv", "/host", true],
      ["volume made", "/made", false],
      ["volume data", "/data", false],
    ],
  );
  assert.deepEqual(web.secrets, [
    { name: "login-pass-word", target: { kind: "environment", variable: "P" } },
    { name: "login-pass-word", target: { kind: "file", path: "/keys/p" } },
  ]);
  assert.deepEqual(
    [web.user, web.stopTimeout, web.hostname, web.restart.when, web.placement.hosts, web.workingDirectory],
    ["1000:5", 5000, "web", "on-failure", ["a"], "/srv"],
  );
});

test("a Pod that says little has what a cluster gives it", () => {
  const web = only(pod(""));
  assert.ok(web.security.newPrivileges && web.security.writableRoot && web.security.capabilities.includes("CHOWN"));
  assert.equal(web.restart.when, "always");
  assert.deepEqual(web.network, { kind: "own", networks: [] });
});

const deployment = (name: string, template: string, more = "") => `
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: default}
spec:
  replicas: 2
  minReadySeconds: 7
  progressDeadlineSeconds: 100
  revisionHistoryLimit: 3${more}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}, annotations: {org.example/a: b}}
    spec: ${template}
`;

test("Services are names on the Pods' network, and ports of the host", () => {
  const app =
    read(`${deployment("web", "{containers: [{name: a, image: a, ports: [{name: http, containerPort: 80}]}]}")}
---
apiVersion: v1
kind: Service
metadata: {name: www}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: world}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 8080, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: node}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 81, targetPort: 81, protocol: UDP}]}
`);
  const web = only(app);
  assert.deepEqual(
    web.ports.map(({ container, host, protocol }) => [container, host, protocol]),
    [
      [80, 8080, "tcp"],
      [81, 0, "udp"],
    ],
  );
  assert.deepEqual(web.network, { kind: "own", networks: [{ name: "pods", aliases: ["www", "node"] }] });
  assert.equal(web.count, 2);
  assert.deepEqual(web.labels, [{ name: "org.example/a", value: "b" }]);
  assert.deepEqual([app.update.minHealthyTime, app.update.healthyDeadline, app.update.keep], [7000, 100_000, 3]);
});

test("ConfigMaps become variables and files", () => {
  const app = read(`apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {a.conf: "x\\n", B: 1, C: yes}
${deployment(
  "web",
  [
    "{containers: [{name: a, image: a, envFrom: [{prefix: X_, configMapRef: {name: conf}}],",
    "env: [{name: B, valueFrom: {configMapKeyRef: {name: conf, key: B}}}],",
    "volumeMounts: [{name: all, mountPath: /all}, {name: one, mountPath: /etc/a.conf, subPath: b.conf}]}],",
    "volumes: [{name: all, configMap: {name: conf, defaultMode: 0o600}},",
    "{name: one, configMap: {name: conf, items: [{key: a.conf, path: b.conf, mode: 0o640}]}}]}",
  ].join(" "),
)}`);
  const web = only(app);
  assert.deepEqual(
    web.environment.map(({ name, value }) => `${name}=${value}`),
    ["X_a.conf=x\n", "X_B=1", "X_C=yes", "B=1"],
  );
  assert.deepEqual(
    web.mounts.map(({ source, target }) => [target, source.kind === "file" && [source.content, source.mode]]),
    [
      ["/all/a.conf", ["x\n", 0o600]],
      ["/all/B", ["1", 0o600]],
      ["/all/C", ["yes", 0o600]],
      ["/etc/a.conf", ["x\n", 0o640]],
    ],
  );
});

const job = (spec: string) => `apiVersion: batch/v1\nkind: Job\nmetadata: {name: job}\nspec: ${spec}\n`;
const jobPod = (policy: string) => `template: {spec: {restartPolicy: ${policy}, containers: [{name: a, image: a}]}}`;

test("Jobs run to their end, as often as they say", () => {
  const restart = (spec: string) => {
    const { when, burst } = only(read(job(spec))).restart;
    return [when, burst];
  };
  assert.deepEqual(restart(`{${jobPod("OnFailure")}}`), ["on-failure", 7]);
  assert.deepEqual(restart(`{backoffLimit: 0, ${jobPod("Never")}}`), ["no", undefined]);
  assert.throws(() => restart(`{${jobPod("Always")}}`), /must be OnFailure or Never here/);
  assert.throws(() => restart(`{completions: 3, ${jobPod("Never")}}`), /one after the other are not done here/);
});

test("lines of cron become calendar expressions", () => {
  const schedule = (line: string) =>
    only(
      read(
        `apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: job}\nspec: {schedule: "${line}", concurrencyPolicy: Forbid, timeZone: Europe/Berlin, jobTemplate: {spec: {${jobPod("Never")}}}}\n`,
      ),
    ).schedule;
  assert.equal(schedule("5 3 * * 1-5"), "Mon,Tue,Wed,Thu,Fri *-*-* 3:5:00 Europe/Berlin");
  assert.equal(schedule("*/20 8-10 1,15 * *"), "*-*-1,15 8,9,10:0,20,40:00 Europe/Berlin");
  assert.equal(schedule("0 0 * 6 *"), "*-6-* 0:0:00 Europe/Berlin");
  assert.equal(schedule("@weekly"), "Sun *-*-* 00:00:00 Europe/Berlin");
  assert.equal(schedule("0 0 * * 0,7"), "Sun *-*-* 0:0:00 Europe/Berlin");
  for (const line of ["0 0 1 * 1", "60 * * * *", "* * * *", "x * * * *", "*/0 * * * *", "5-1 * * * *", "@reboot"]) {
    assert.throws(() => schedule(line), { code: "gear-unsupported", message: /is no line of cron/ }, line);
  }
});

test("a StatefulSet has its volumes on one host once", () => {
  const stateful = (replicas: number, spec: string) =>
    `apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {replicas: ${replicas}, serviceName: db, selector: {matchLabels: {a: b}}, volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}], template: {metadata: {labels: {a: b}}, spec: {${spec}containers: [{name: db, image: db, volumeMounts: [{name: data, mountPath: /data}]}]}}}\n`;
  assert.deepEqual(
    read(stateful(1, "")).volumes.map(({ name }) => name),
    ["data"],
  );
  assert.throws(() => read(stateful(2, "")), { code: "gear-unsupported", message: /instances on one host/ });
  const apart = `affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {a: b}}, topologyKey: kubernetes.io/hostname}]}}, `;
  assert.ok(only(read(stateful(2, apart))).placement.spread);
});

const refused: readonly (readonly [what: string, text: string, code: string, message: RegExp])[] = [
  [
    "a Secret",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {b: c}\n",
    "unsupported",
    /^shop\.yaml:2:7: Secret\/a: objects of kind Secret are not done here/,
  ],
  ["another kind", "apiVersion: v1\nkind: Deploymnt\n", "unsupported", /:2:7: .*objects of kind Deploymnt are not/],
  [
    "another version",
    "apiVersion: v2\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n",
    "bad-file",
    /:1:13: Pod\/a\.apiVersion: must be v1/,
  ],
  [
    "a key that is not done",
    podText("    tty: true\n"),
    "unsupported",
    /^shop\.yaml:8:5: Pod\/web\.spec\.containers\[0\]: tty is not done here/,
  ],
  [
    "a liveness probe",
    podText("    livenessProbe: {exec: {command: [a]}}\n"),
    "unsupported",
    /:8:5: .*livenessProbe is not done here/,
  ],
  ["a check by HTTP", podText("    readinessProbe: {httpGet: {port: 80}}\n"), "bad-file", /httpGet is not done here/],
  [
    "two containers",
    podText("  - {name: b, image: b}\n"),
    "unsupported",
    /:6:3: Pod\/web\.spec\.containers: must have one container/,
  ],
  ["privileges", podText("    securityContext: {privileged: true}\n"), "unsupported", /privileged is not done here/],
  [
    "a probe of its own for the start",
    podText("    readinessProbe: {exec: {command: [a]}}\n    startupProbe: {exec: {command: [b]}}\n"),
    "unsupported",
    /:9:5: .*must have the command of the readinessProbe/,
  ],
  [
    "a root that is none",
    podText("    securityContext: {runAsNonRoot: true, runAsUser: 0}\n"),
    "bad-file",
    /runs as root, and must not/,
  ],
  [
    "somebody else than root",
    podText("    securityContext: {runAsNonRoot: true}\n"),
    "unsupported",
    /runAsNonRoot needs a user here/,
  ],
  ["a group alone", podText("    securityContext: {runAsGroup: 1}\n"), "unsupported", /a group needs a user/],
  [
    "a mount of nothing",
    podText("    volumeMounts: [{name: a, mountPath: /a}]\n"),
    "bad-file",
    /:8:20: .*volumeMounts\[0\]: no volume of the Pod is called a/,
  ],
  [
    "a volume of two kinds",
    podText(
      "    volumeMounts: [{name: a, mountPath: /a}]\n  volumes: [{name: a, emptyDir: {}, hostPath: {path: /a}}]\n",
    ),
    "bad-file",
    /must be of one kind, not of 2/,
  ],
  [
    "a volume of another kind",
    podText("  volumes: [{name: a, nfs: {}}]\n"),
    "unsupported",
    /volumes\[0\]: nfs is not done here/,
  ],
  [
    "a part of a volume",
    podText("    volumeMounts: [{name: a, mountPath: /a, subPath: b}]\n  volumes: [{name: a, emptyDir: {}}]\n"),
    "unsupported",
    /subPath: is for ConfigMaps and Secrets alone/,
  ],
  [
    "a ConfigMap that is not there",
    podText("    envFrom: [{configMapRef: {name: a}}]\n"),
    "bad-file",
    /no ConfigMap of the file is called a/,
  ],
  [
    "a secret in a word",
    podText(
      "    env:\n    - {name: A, valueFrom: {secretKeyRef: {name: a, key: b}}}\n    - {name: B, value: <$(A)>}\n",
    ),
    "unsupported",
    /a secret, A, cannot be put into something else/,
  ],
  [
    "a path that leads out",
    podText("    volumeMounts: [{name: a, mountPath: /a/../b}]\n"),
    "bad-file",
    /mountPath: must be an absolute path/,
  ],
  [
    "a Service of nobody",
    `${podText("")}---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {a: b}, ports: [{port: 80}]}\n`,
    "bad-file",
    /selects no Pod of the file/,
  ],
  [
    "a Service that changes ports",
    `${deployment("web", "{containers: [{name: a, image: a}]}")}---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}\n`,
    "unsupported",
    /leads port 80 to 8080/,
  ],
  [
    "a port that has no name",
    `${deployment("web", "{containers: [{name: a, image: a}]}")}---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}\n`,
    "bad-file",
    /no port of web is called http/,
  ],
  ["an object twice", `${podText("")}---\n${podText("")}`, "bad-file", /is there twice/],
  [
    "two containers of a name",
    `${podText("")}---\n${podText("").replace("name: web}", "name: shop-web}")}`,
    "bad-file",
    /two containers would be called web/,
  ],
  [
    "two namespaces",
    `${podText("").replace("name: web}", "name: web, namespace: a}")}---\n${podText("").replace("name: web}", "name: b}")}`,
    "unsupported",
    /must be of one namespace/,
  ],
  ["a name with dots", podText("").replace("name: web}", "name: a.b}"), "bad-file", /a\.b is no name here/],
  [
    "a rolling update",
    deployment("web", "{containers: [{name: a, image: a}]}", "\n  strategy: {type: RollingUpdate}"),
    "unsupported",
    /strategy\.type: RollingUpdate is not done here/,
  ],
];

test("variables and files that would grow without end are refused", () => {
  const doubled = Array.from({ length: 60 }, (_, index) => `{name: V${index + 1}, value: "$(V${index})$(V${index})"}`);
  const laughs = `    env: [{name: V0, value: aaaaaaaa}, ${doubled.join(", ")}]\n`;
  assert.throws(() => pod(laughs), {
    code: "gear-bad-file",
    message: /env\[15\]\.value: becomes longer than 131072 bytes/,
  });
  const keys = Array.from({ length: 100 }, (_, index) => `k${index}: v`);
  const mounts = Array.from({ length: 100 }, (_, index) => `{name: c, mountPath: /m${index}}`);
  const many = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {${keys.join(", ")}}\n---\n${podText(`    volumeMounts: [${mounts.join(", ")}]\n  volumes: [{name: c, configMap: {name: c}}]\n`)}`;
  assert.throws(() => read(many), /volumeMounts: shows more than 1000 files/);
});

for (const [what, text, code, message] of refused) {
  test(`${what} is refused with its place`, () => {
    assert.throws(() => read(text), { code: `gear-${code}`, message });
  });
}
