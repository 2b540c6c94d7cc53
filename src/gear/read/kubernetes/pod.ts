// SPDX-License-Identifier: Apache-2.0
/** A Pod's specification, as the file has it. */
import { choice, flag, list, mapped, optional, required, text, type Value, whole } from "../shape/index.ts";
import { hostnamePattern, pathPattern } from "../value/index.ts";
import { container, podSecurityFields } from "./container.ts";
import { metadata, object, objectName, onlyFlag, quantity, secondsOf } from "./object.ts";

const key = text("a key", "[A-Za-z0-9._-]{1,253}");
const mode = whole(0, 0o777);

const item = object("item", {
  key: required(key, "Key of the object"),
  path: required(key, "Name of the file"),
  mode: optional(mode, "Permissions"),
});

const items = list(item, "a list of items");
const elsewhere = "a volume is an emptyDir, hostPath, persistentVolumeClaim, configMap or secret";

const volume = object(
  "volume",
  {
    name: required(objectName, "Its name in the Pod"),
    emptyDir: optional(
      object("emptyDir", {
        medium: optional(choice(["", "Memory"]), "Memory, where it is anyhow"),
        sizeLimit: optional(quantity, "Size"),
      }),
      "Directory that begins empty",
    ),
    hostPath: optional(
      object("hostPath", {
        path: required(text("an absolute path", pathPattern), "Directory or file"),
        type: optional(choice(["", "Directory", "DirectoryOrCreate", "File"]), "What it is", ""),
      }),
      "Directory of the host",
    ),
    persistentVolumeClaim: optional(
      object("claim", {
        claimName: required(objectName, "Claim"),
        readOnly: optional(flag, "Whether nothing is written", false),
      }),
      "Volume",
    ),
    configMap: optional(
      object("configMap", {
        name: required(objectName, "ConfigMap"),
        items: optional(items, "Keys; every one without it"),
        defaultMode: optional(mode, "Permissions", 0o644),
      }),
      "Files of a ConfigMap",
    ),
    secret: optional(
      object("secret", {
        secretName: required(objectName, "Secret"),
        items: required(items, "Keys, which only the cluster knows otherwise"),
        defaultMode: optional(mode, "Permissions"),
      }),
      "Files of a Secret",
    ),
  },
  { nfs: elsewhere, csi: elsewhere, projected: elsewhere, ephemeral: elsewhere, downwardAPI: elsewhere },
);

const hostLabel = "kubernetes.io/hostname";
const onHostname = text(hostLabel, hostLabel.replaceAll(".", "\\."));

const affinity = object("affinity", {
  nodeAffinity: optional(
    object("node affinity", {
      requiredDuringSchedulingIgnoredDuringExecution: required(
        object("node selector", {
          nodeSelectorTerms: required(
            mapped(
              list(
                object("term", {
                  matchExpressions: required(
                    mapped(
                      list(
                        object("expression", {
                          key: required(onHostname, hostLabel),
                          operator: required(choice(["In"]), "In"),
                          values: required(list(text(), "a list of hosts"), "Hosts"),
                        }),
                        "a list of expressions",
                      ),
                      ([first, ...more], place, node) =>
                        first && more.length === 0
                          ? first.values
                          : place.unsupported(node.at, "must be one expression"),
                    ),
                    "Hosts",
                  ),
                }),
                "a list of terms",
              ),
              (terms) => terms.flatMap(({ matchExpressions }) => matchExpressions),
            ),
            "Terms",
          ),
        }),
        "Hosts",
      ),
    }),
    "Hosts that it may run on",
  ),
  podAntiAffinity: optional(
    object("anti-affinity", {
      requiredDuringSchedulingIgnoredDuringExecution: required(
        list(
          object("term", {
            labelSelector: required(
              object("selector", { matchLabels: required(metadata.fields.labels.shape, "Labels") }),
              "Pods",
            ),
            topologyKey: required(onHostname, hostLabel),
          }),
          "a list of terms",
        ),
        "Its own Pods",
      ),
    }),
    "Whether its instances share no host",
  ),
});

const severalContainers = "containers of a Pod share one address, which gear's do not: give each a Pod of its own";

export const podSpec = object(
  "Pod",
  {
    containers: required(
      mapped(list(container, "a list of containers"), ([first, second], place, node) =>
        first && second === undefined
          ? first
          : place.unsupported(node.at, "must have one container", severalContainers),
      ),
      "The container",
    ),
    volumes: optional(list(volume, "a list of volumes"), "Volumes", []),
    restartPolicy: optional(choice(["Always", "OnFailure", "Never"]), "Whether it is started again"),
    hostname: optional(text("the name of a host", hostnamePattern), "Name that it sees as its host's"),
    hostNetwork: optional(flag, "Whether it has the host's network", false),
    hostUsers: optional(flag, "Whether it has the host's users"),
    terminationGracePeriodSeconds: optional(secondsOf, "Time after which it is killed"),
    securityContext: optional(object("security context", podSecurityFields), "Security"),
    nodeSelector: optional(object("node selector", { [hostLabel]: required(text(), "Host") }), "Host"),
    affinity: optional(affinity, "Where it runs"),
    automountServiceAccountToken: onlyFlag(false),
    enableServiceLinks: onlyFlag(false),
  },
  { initContainers: "make it a Job, and start after it by a gear file" },
);

export const podTemplate = object("template", {
  metadata: optional(metadata, "Labels"),
  spec: required(podSpec, "The Pod"),
});

export type PodSpec = Value<typeof podSpec>;
export type PodTemplate = Value<typeof podTemplate>;
export type PodVolume = PodSpec["volumes"][number];
