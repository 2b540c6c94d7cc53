// SPDX-License-Identifier: Apache-2.0
/** A container of a Pod, as the file has it. */
import { flag, list, optional, required, text, type Value, whole, written } from "../shape/index.ts";
import { capabilityNames } from "../capabilities.ts";
import { imagePattern, pathPattern, variablePattern } from "../value/index.ts";
import { object, objectName, only, quantity, secondsOf } from "./object.ts";

const port = whole(1, 65_535);
const words = list(written(), "a list of strings");
const path = text("an absolute path", pathPattern);
const key = text("a key", "[A-Za-z0-9._-]{1,253}");

const keyReference = object("key reference", { name: required(objectName, "Object"), key: required(key, "Key in it") });

const valueFrom = object(
  "value source",
  {
    secretKeyRef: optional(keyReference, "Key of a Secret"),
    configMapKeyRef: optional(keyReference, "Key of a ConfigMap"),
  },
  { fieldRef: "write the value" },
);

const variable = object("variable", {
  name: required(text("the name of a variable", variablePattern), "Its name"),
  value: optional(written(), "Its value"),
  valueFrom: optional(valueFrom, "Where its value is"),
});

const variables = object(
  "variables",
  {
    prefix: optional(text("the beginning of a variable's name", `(?:${variablePattern})?`), "Before each key", ""),
    configMapRef: required(object("reference", { name: required(objectName, "Object") }), "ConfigMap"),
  },
  { secretRef: "name each variable, with secretKeyRef" },
);

const containerPort = object("port", {
  name: optional(text("a name"), "What a Service calls it"),
  containerPort: required(port, "Port of the container"),
  hostPort: optional(port, "Port of the host"),
  hostIP: optional(text("an address", "[0-9a-fA-F:.]{2,45}"), "Address of the host"),
  protocol: optional(text("TCP, UDP or SCTP", "TCP|UDP|SCTP"), "Protocol", "TCP"),
});

const checkByCommand = "the check must be a command: exec";
const probe = object(
  "probe",
  {
    exec: required(object("exec", { command: required(words, "Program with its arguments") }), "Command"),
    initialDelaySeconds: optional(secondsOf, "Time before the first check", 0),
    periodSeconds: optional(secondsOf, "Time between checks", 10_000),
    timeoutSeconds: optional(secondsOf, "Time that a check may take", 1000),
    failureThreshold: optional(whole(1, 1_000_000), "Failures after which it counts", 3),
    successThreshold: optional(whole(1, 1), "1", 1),
  },
  { httpGet: checkByCommand, tcpSocket: checkByCommand, grpc: checkByCommand },
);

const amounts = object("resources", { memory: optional(quantity, "Bytes"), cpu: optional(quantity, "Processors") });

const seccomp = object("seccomp profile", {
  type: required(text("RuntimeDefault, Unconfined or Localhost", "RuntimeDefault|Unconfined|Localhost"), "Kind"),
  localhostProfile: optional(path, "Absolute path of the profile"),
});

const id = whole(0, 4_294_967_294);

export const podSecurityFields = {
  runAsUser: optional(id, "User"),
  runAsGroup: optional(id, "Group"),
  runAsNonRoot: optional(flag, "Whether the user must be another one than root"),
  seccompProfile: optional(seccomp, "System calls"),
  seLinuxOptions: optional(
    object("SELinux", { type: required(text("a type", "[a-z][a-z0-9_]{0,62}"), "Type") }),
    "SELinux",
  ),
};

const securityContext = object(
  "security context",
  {
    ...podSecurityFields,
    allowPrivilegeEscalation: optional(flag, "Whether setuid programs work", true),
    readOnlyRootFilesystem: optional(flag, "Whether the image's files stay as they are", false),
    capabilities: optional(
      object("capabilities", {
        add: optional(capabilityNames, "More", []),
        drop: optional(capabilityNames, "Fewer", []),
      }),
      "Capabilities",
    ),
  },
  { privileged: "name the capabilities and devices that it needs, in a gear file" },
);

const volumeMount = object("mount", {
  name: required(objectName, "Volume of the Pod"),
  mountPath: required(path, "Where it is in the container"),
  readOnly: optional(flag, "Whether nothing can be written", false),
  subPath: optional(key, "File of a ConfigMap or Secret"),
});

export const container = object(
  "container",
  {
    name: required(objectName, "Its name"),
    image: required(text("the reference of an image", imagePattern), "Image"),
    imagePullPolicy: only("IfNotPresent"),
    command: optional(words, "Program, in place of the image's"),
    args: optional(words, "Arguments, in place of the image's"),
    workingDir: optional(path, "Directory that it starts in"),
    env: optional(list(variable, "a list of variables"), "Variables", []),
    envFrom: optional(list(variables, "a list of sources"), "Variables of a ConfigMap", []),
    ports: optional(list(containerPort, "a list of ports"), "Ports", []),
    resources: optional(
      object("resources", {
        limits: optional(amounts, "What it may take"),
        requests: optional(amounts, "What a scheduler keeps for it"),
      }),
      "Resources",
    ),
    readinessProbe: optional(probe, "Health check"),
    startupProbe: optional(probe, "Health check while it starts"),
    securityContext: optional(securityContext, "Security"),
    volumeMounts: optional(list(volumeMount, "a list of mounts"), "Mounts", []),
  },
  {
    livenessProbe: "what is unhealthy is not restarted here: make it the readinessProbe",
    lifecycle: "let the image do it",
  },
);

export type PodContainer = Value<typeof container>;
