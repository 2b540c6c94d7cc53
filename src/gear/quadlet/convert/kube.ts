// SPDX-License-Identifier: Apache-2.0
import type { SystemdUnit } from "../../../formats/index.ts";
import type { Conversion } from "../conversion.ts";
import { PodmanCommand } from "../podman-command.ts";
import type { QuadletFile } from "../quadlet-file.ts";
import { beginService, isOneshot, requireKillMode, setUnlessSaid } from "../service.ts";
import { addNetworks } from "../sources.ts";
import { addUserMappings } from "../user-mappings.ts";
import { setWorkingDirectory } from "../working-directory.ts";
import { addLogging } from "./container.ts";

/** podman's ConvertKube. */
export function convertKube(file: QuadletFile, conversion: Conversion): SystemdUnit {
  const service = beginService(file, conversion);
  const manifests = file.words("Yaml").map((path) => conversion.place(file, "Yaml", path));
  if (manifests.length === 0) throw file.error("no Yaml key specified");
  requireKillMode(file, service);
  service.add("Service", "Environment", "PODMAN_SYSTEMD_UNIT=%n");
  if (!isOneshot(file)) {
    service.set("Service", "Type", "notify");
    service.set("Service", "NotifyAccess", "all");
  }
  setUnlessSaid(service, "SyslogIdentifier", "%N");

  const play = new PodmanCommand(file, conversion, "kube", "play", "--replace", "--service-container=true");
  const propagation = file.filled("ExitCodePropagation");
  if (propagation !== undefined) play.add(`--service-exit-code-propagation=${propagation}`);
  addLogging(file, play);
  addUserMappings(file, play, false);
  addNetworks({ file, service, conversion }, play);
  // podman auto-update leaves alone what a generation has pinned.
  const updates = conversion.pins.size === 0 ? file.words("AutoUpdate") : [];
  for (const update of updates) play.add(autoUpdate(update));
  for (const path of file.words("ConfigMap")) play.add("--configmap", conversion.place(file, "ConfigMap", path));
  play.addLists({ PublishPort: "--publish" });
  play.addPodmanArgs();
  play.addAll(manifests);
  service.add("Service", "ExecStart", play.line());

  // Also after a start that failed, which leaves containers behind.
  const down = new PodmanCommand(file, conversion, "kube", "down");
  down.addBooleans({ KubeDownForce: "--force" });
  down.addAll(manifests);
  service.add("Service", "ExecStopPost", down.line());
  setWorkingDirectory(file, service);
  return service;
}

/** `POLICY` of all containers, or `CONTAINER/POLICY` of one. */
function autoUpdate(update: string): string {
  const [, container, policy = update] = /^([^/]*)\/(.*)$/s.exec(update) ?? [];
  return `--annotation=io.containers.autoupdate${container === undefined ? "" : `/${container}`}=${policy}`;
}
